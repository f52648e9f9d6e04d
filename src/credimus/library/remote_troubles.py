"""What the library tells of a node elsewhere that is, or was, in trouble."""

from credimus.api.shapes.partitions import Partitions
from credimus.api.shapes.recovery import RecoveryAnswer
from credimus.library.asking import Asker


class RemoteTroubles:
    """The part of a node elsewhere that is about splits and recoveries."""

    _asker: Asker

    def partitions(self) -> Partitions:
        """Who is in reach of the node, and its diary of splits, newest first.

        Example:
            >>> node.partitions().level
            'none'
        """
        return self._asker.get("/v1/partitions", Partitions)

    def recovery(self) -> RecoveryAnswer:
        """The node's last recovery, from a damaged store or after a long absence.

        Example:
            >>> node.recovery().recovery is None
            True
        """
        return self._asker.get("/v1/recovery", RecoveryAnswer)

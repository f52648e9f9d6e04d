"""What the library tells of a node elsewhere that is, or was, in trouble."""

from typing import Unpack

import msgspec

from credimus.api.shapes.partitions import Partitions
from credimus.api.shapes.recovery import RecoveryAnswer
from credimus.api.shapes.reunion import RecoveryAsked
from credimus.library.asking import Asker
from credimus.library.fields import Reuniting, read


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
        """The node's last recovery and its last reunion.

        Example:
            >>> node.recovery().recovery is None
            True
        """
        return self._asker.get("/v1/recovery", RecoveryAnswer)

    def recover(self, action: str = "plan", **options: Unpack[Reuniting]) -> RecoveryAnswer:
        """Plan, begin or take back a reunion; see `Node.recover`.

        Example:
            >>> node.recover(strategy="multi_value").plan.steps
            []
        """
        asked = read(RecoveryAsked, {"action": action, **options})
        return self._asker.post("/v1/recovery", RecoveryAnswer, msgspec.to_builtins(asked), 0.0)

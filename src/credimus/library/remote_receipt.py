"""The receipt of a write that a node elsewhere made."""

from credimus.api.shapes import answers as shapes
from credimus.api.shapes.partitions import StandingName
from credimus.kernel.errors import NotFound
from credimus.library.asking import Asker


class RemoteReceipt:
    """How far a write had come when the node was last asked.

    Example:
        >>> receipt = node.assert_belief("the tide is high")
        >>> receipt.decided(timeout=5)
        'accepted'
        >>> receipt
        RemoteReceipt(local, replicated 1, accepted)
    """

    __slots__ = ("_asker", "_data")

    def __init__(self, asker: Asker, data: shapes.Receipt) -> None:
        self._asker = asker
        self._data = data

    def __repr__(self) -> str:
        verdict = self.verdict or "not proposed"
        return f"RemoteReceipt(local, replicated {self.replicas}, {verdict})"

    @property
    def belief(self) -> str:
        """The id of the belief that was written about."""
        assert self._data.belief is not None  # noqa: S101 - every write here is about one
        return self._data.belief

    @property
    def round(self) -> str | None:
        """The round that the write opened or voted in, if any."""
        return self._data.round

    @property
    def sequence(self) -> int:
        """The node's block that holds the write."""
        return self._data.sequence

    @property
    def replicas(self) -> int:
        """How many members held the write, the node included."""
        return self._data.replicas

    @property
    def verdict(self) -> shapes.VerdictName | None:
        """The belief's verdict then; None when it was never proposed."""
        return self._data.verdict

    @property
    def standing(self) -> StandingName | None:
        """What the write could count on while the fleet was split; None when not remembered."""
        return self._data.standing

    @property
    def reason(self) -> str:
        """Why the standing was not normal, in words."""
        return self._data.reason

    def view(self) -> shapes.Receipt:
        """As data, to be kept: `RemoteNode.receipt` makes a receipt of it again.

        Example:
            >>> receipt = node.assert_belief("the moon is full")
            >>> node.receipt(receipt.view()).belief == receipt.belief
            True
        """
        return self._data

    def replicated(self, count: int, timeout: float = 5.0) -> int:
        """Wait until at least `count` members hold the write; returns how many do.

        Raises:
            Waited: `not-replicated`, after `timeout` seconds; the write stays and goes on.

        Example:
            >>> node.assert_belief("the quay is dry").replicated(1)
            1
        """
        self._wait(f"replicated:{count}", timeout)
        return self.replicas

    def decided(self, timeout: float = 10.0) -> shapes.VerdictName:
        """Wait for the belief's verdict, at most `timeout` seconds.

        Raises:
            Waited: `undecided`; the round may have expired, or waits for electors.

        Example:
            >>> node.assert_belief("the quay is dry").decided(timeout=5)
            'accepted'
        """
        self._wait("decided", timeout)
        if self.verdict is None:
            raise NotFound("no-round", f"belief {self.belief} was never proposed.")
        return self.verdict

    def _wait(self, wait_for: str, timeout: float) -> None:
        path = f"/v1/receipts/{self.sequence}"
        asked = {
            "belief": self.belief, "round": self.round, "wait_for": wait_for, "timeout": timeout
        }  # fmt: skip
        self._data = self._asker.get(path, shapes.Receipt, asked, timeout)

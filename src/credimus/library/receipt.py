"""The receipt of a write that a node in this process made."""

from credimus.api.shapes import answers as shapes
from credimus.api.shapes.partitions import StandingName
from credimus.api.views.beliefs import receipt_view, word
from credimus.kernel.errors import NotFound
from credimus.runtime import receipt as runtime
from credimus.runtime.daemon import Daemon


class Receipt:
    """How far a write has come, here and now. It promises what it names, and nothing else:

    `local` survives this process, `replicated` on k members survives the loss of k - 1 disks, and
    behind `decided` stands a certificate of signed votes.

    Example:
        >>> receipt = await node.assert_belief("the tide is high")
        >>> await receipt.decided(timeout=5)
        'accepted'
        >>> receipt
        Receipt(local, replicated 1 of 1, accepted)
    """

    __slots__ = ("_daemon", "_inner")

    def __init__(self, daemon: Daemon, inner: runtime.Receipt) -> None:
        self._daemon = daemon
        self._inner = inner

    def __repr__(self) -> str:
        verdict = self.verdict or "not proposed"
        return f"Receipt(local, replicated {self.replicas} of {self.members}, {verdict})"

    @property
    def belief(self) -> str:
        """The id of the belief that was written about."""
        return self._inner.belief.hex()

    @property
    def round(self) -> str | None:
        """The round that the write opened or voted in, if any."""
        return None if self._inner.round is None else self._inner.round.hex()

    @property
    def sequence(self) -> int:
        """The node's block that holds the write."""
        return self._inner.sequence

    @property
    def replicas(self) -> int:
        """How many members are known to hold the write, this node included."""
        return self._inner.replicas()

    @property
    def members(self) -> int:
        """How many members the fleet has."""
        return len(self._daemon.node.state.roster.current)

    @property
    def verdict(self) -> shapes.VerdictName | None:
        """The belief's verdict; None when it was never proposed."""
        return word(self._daemon.driver.verdict(self._inner.belief))

    @property
    def standing(self) -> StandingName | None:
        """What the write can count on while the fleet is split; None when it is not remembered."""
        return self.view().standing

    @property
    def reason(self) -> str:
        """Why the standing is not normal, in words."""
        return self._inner.written.reason

    def view(self) -> shapes.Receipt:
        """As data, to be kept: `Node.receipt` makes a receipt of it again.

        Example:
            >>> receipt = await node.assert_belief("the moon is full")
            >>> node.receipt(receipt.view()).belief == receipt.belief
            True
        """
        return receipt_view(self._inner, self._daemon.driver)

    async def replicated(self, count: int, timeout: float = 5.0) -> int:
        """Wait until at least `count` members hold the write; returns how many do.

        Raises:
            Unavailable: `not-replicated`, after `timeout` seconds; the write stays and goes on.

        Example:
            >>> receipt = await node.assert_belief("the quay is dry")
            >>> await receipt.replicated(1)
            1
        """
        return await self._inner.replicated(count, timeout)

    async def decided(self, timeout: float = 10.0) -> shapes.VerdictName:
        """Wait for the belief's verdict, at most `timeout` seconds.

        Raises:
            Unavailable: `undecided`; the round may have expired, or waits for electors.

        Example:
            >>> receipt = await node.assert_belief("the quay is dry")
            >>> await receipt.decided(timeout=5)
            'accepted'
        """
        verdict = word(await self._inner.decided(timeout))
        if verdict is None:
            raise NotFound("no-round", f"belief {self.belief} was never proposed.")
        return verdict

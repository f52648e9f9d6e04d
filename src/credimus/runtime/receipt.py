"""A receipt tells how far a write has come: local, replicated k of n, decided."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from credimus.kernel.errors import CredimusError, Unavailable
from credimus.kernel.ids import BeliefId, NodeId, RoundId
from credimus.node.commands import Written
from credimus.state.voting.verdict import Verdict


class Progress(Protocol):
    """What a receipt asks of the driver."""

    def holders(self, sequence: int) -> list[NodeId]:
        """Other members known to hold the node's own block of that sequence."""
        ...

    def verdict(self, belief: BeliefId) -> Verdict | None:
        """The belief's verdict here and now."""
        ...

    def watch(self, seen: Callable[[], None]) -> Callable[[], None]:
        """Call `seen` after every step; the answer ends it."""
        ...

    def when_decided(self, belief: BeliefId) -> "asyncio.Future[Verdict]":
        """Done when the belief has a certified verdict here."""
        ...

    def forget(self, belief: BeliefId, waiting: "asyncio.Future[Verdict]") -> None:
        """Nobody waits for this answer of `when_decided` any more."""
        ...


class Receipt:
    """The way of one write. Each promise is kept by what was named, never by hope.

    `local` survives this process; `replicated(k)` survives the loss of k - 1 disks; `decided` has a
    certificate behind it.
    """

    __slots__ = ("_failure", "_local", "_progress", "sequence", "written")

    def __init__(self, written: Written, progress: Progress) -> None:
        self.written = written
        self.sequence = 0
        """The author's block that holds the write; 0 until it is durable."""
        self._progress = progress
        self._local: list[asyncio.Future[None]] = []
        self._failure: CredimusError | None = None

    @property
    def belief(self) -> BeliefId:
        """The belief that was written about."""
        assert self.written.belief is not None  # noqa: S101 - commands on the roster have none
        return self.written.belief

    @property
    def round(self) -> RoundId | None:
        """The round that the write opened or voted in, if any."""
        return self.written.round

    @property
    def is_local(self) -> bool:
        """Whether the write is durable here."""
        return self.sequence > 0

    def replicas(self) -> int:
        """How many members are known to hold the write, this node included."""
        return 1 + len(self._progress.holders(self.sequence)) if self.sequence else 0

    async def local(self) -> "Receipt":
        """Wait until the write is durable on this node's disk.

        Raises:
            StorageError: it could not be made durable.
        """
        if self._failure is not None:
            raise self._failure
        if not self.sequence:
            mine = asyncio.get_running_loop().create_future()
            self._local.append(mine)
            await mine
        return self

    async def replicated(self, count: int, timeout: float = 5.0) -> int:
        """Wait until at least `count` members hold the write; returns how many do.

        Raises:
            Unavailable: `not-replicated`, after `timeout` seconds; the write stays and goes on.
        """
        await self.local()
        with self._watched() as stepped:
            try:
                async with asyncio.timeout(timeout):
                    while self.replicas() < count:
                        await stepped()
            except TimeoutError:
                raise Unavailable(
                    "not-replicated",
                    f"{self.replicas()} of {count} members hold the write after {timeout} s. It is "
                    "durable here and will spread when peers can be reached.",
                ) from None
        return self.replicas()

    async def decided(self, timeout: float = 10.0) -> Verdict:
        """Wait for the belief's verdict, at most `timeout` seconds.

        Raises:
            Unavailable: `undecided`; the round may have expired, or waits for electors.
        """
        await self.local()
        belief = self.belief
        waiting = self._progress.when_decided(belief)
        alarm = asyncio.get_running_loop().call_later(timeout, _give_up, waiting)
        try:
            return await waiting
        except TimeoutError:
            verdict = self._progress.verdict(belief)
            state = verdict.word if verdict is not None else "not proposed"
            raise Unavailable(
                "undecided",
                f"belief {belief.hex()} is {state} after {timeout} s: too few electors have "
                "answered alike. Their votes still count when they come; `credimus why "
                f"{belief.hex()[:12]}` tells whose are missing.",
            ) from None
        finally:
            alarm.cancel()
            self._progress.forget(belief, waiting)

    def settle(self, sequence: int, failure: CredimusError | None = None) -> None:
        """Called by the driver when the write is durable, or can not be made so."""
        self.sequence = sequence
        self._failure = failure
        for one in self._local:
            if not one.done():
                if failure is None:
                    one.set_result(None)
                else:
                    one.set_exception(failure)
        self._local.clear()

    @contextmanager
    def _watched(self) -> "Iterator[Callable[[], asyncio.Future[bool]]]":
        event = asyncio.Event()
        end = self._progress.watch(event.set)

        def stepped() -> "asyncio.Future[bool]":
            event.clear()
            return asyncio.ensure_future(event.wait())

        try:
            yield stepped
        finally:
            end()


def _give_up(waiting: "asyncio.Future[Verdict]") -> None:
    if not waiting.done():
        waiting.set_exception(TimeoutError())

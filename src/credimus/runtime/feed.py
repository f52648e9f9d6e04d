"""What happened, in order, for those who watch: numbered, so that a reader can go on later.

The number of an event counts the facts that this node's log has told, from its first block on. The
log is folded in the same order after a restart, so the numbers stay; only what a loss of power took
from the end of the log is told anew, under numbers given before. Where a checkpoint has let blocks
go, the numbers go on from those that it found, and what came after its cut is told once more.

Each node has its own order: a cursor is good at the node that gave it.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from credimus.kernel.errors import Unavailable, UsageError
from credimus.kernel.ids import NodeId, short
from credimus.node.events import NodeEvent
from credimus.state.events import (
    BeliefAsserted,
    BeliefChanged,
    CheckpointAttested,
    CheckpointReached,
    DoubleVote,
    MemberAdmitted,
    MemberLeft,
    ProposalIgnored,
    RoundContested,
    RoundDecided,
    RoundExpired,
    RoundOpened,
    RoundRefused,
    StateEvent,
)

EVENTS_KEPT = 8_192
"""Events that a slow reader can be behind. [guess: seconds at full speed, days at rest]"""
WATCHERS_MAX = 1_024
"""Readers waiting at once. [guess]"""
CURSOR_PATTERN = "^[0-9a-f]{12}-[0-9]{1,18}$"
"""What cursors look like, as a regular expression."""
_TOLD = frozenset({
    BeliefAsserted, BeliefChanged, CheckpointAttested, CheckpointReached, DoubleVote,
    MemberAdmitted, MemberLeft, ProposalIgnored,
    RoundContested, RoundDecided, RoundExpired, RoundOpened, RoundRefused,
})  # fmt: skip


class Batch(NamedTuple):
    """Some events that follow each other."""

    missed: int
    """How many between the reader and the first are not kept any more."""
    first: int
    """The number of the first; the others count on."""
    events: list[StateEvent]


class Feed:
    """The newest events of one node. Readers keep their own place, so none can hold up another."""

    def __init__(self, node: NodeId) -> None:
        self._name = short(node)
        self._kept: deque[StateEvent] = deque(maxlen=EVENTS_KEPT)
        self._waiting: list[asyncio.Future[None]] = []
        self._ended = False
        self.number = 0
        """Of the newest event."""

    def note(self, events: Sequence[NodeEvent]) -> None:
        """Take what happened, in the order of the log."""
        told = [event for event in events if type(event) in _TOLD]
        if told:
            self._kept.extend(told)  # type: ignore[arg-type]
            self.number += len(told)
            self._wake()

    def read(self, after: int, count: int) -> Batch:
        """At most `count` events after a number."""
        oldest = self.number - len(self._kept) + 1
        first = max(after + 1, oldest)
        events = islice(self._kept, first - oldest, first - oldest + count)
        return Batch(first - after - 1, first, list(events))

    async def wait(self, after: int, timeout: float | None = None) -> bool:
        """Return when there is an event after a number; False when `timeout` seconds are over.

        Raises:
            Unavailable: `stopping`; `overloaded`, when too many wait.
        """
        try:
            async with asyncio.timeout(timeout):
                while self.number <= after:
                    await self._next()
        except TimeoutError:
            return False
        return True

    def cursor(self, number: int) -> str:
        """What names the place after an event, for a reader to come back with."""
        return f"{self._name}-{number}"

    def number_of(self, cursor: str) -> int:
        """The number that a cursor names.

        Raises:
            UsageError: `bad-cursor`, also for one of another node or of what is to come.
        """
        name, _, number = cursor.rpartition("-")
        known = number.isascii() and number.isdecimal() and len(number) < 19
        if name != self._name or not known or int(number) > self.number:
            raise UsageError(
                "bad-cursor",
                f"{cursor[:40]!r} is no cursor of this node's events; begin without one.",
            )
        return int(number)

    def check_going(self) -> None:
        """Refuse to begin to read from a node that is stopping.

        Raises:
            Unavailable: `stopping`.
        """
        if self._ended:
            raise Unavailable("stopping", "the node is stopping; ask again later")

    def end(self) -> None:
        """Tell all who wait that nothing more comes."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)

    async def _next(self) -> None:
        self.check_going()
        if len(self._waiting) >= WATCHERS_MAX:
            self._waiting = [one for one in self._waiting if not one.done()]
            if len(self._waiting) >= WATCHERS_MAX:
                raise Unavailable("overloaded", "too many readers wait; try again later")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

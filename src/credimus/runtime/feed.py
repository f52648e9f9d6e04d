"""What happened, in order, for those who watch: numbered, so that a reader can go on later.

The number of an event counts the facts that this node's log has told, from its first block on. The
log is folded in the same order after a restart, so the numbers stay; only what a loss of power took
from the end of the log is told anew, under numbers given before. Where a checkpoint has let blocks
go, the numbers go on from those that it found, and what came after its cut is told once more.

What only this node sees, of its peers and of splits, stands between the facts and shifts no number:
it is named by the fact before it and a local number that grows with the wall clock, so that a
reader who comes back after a restart neither misses nor repeats it. It is not kept over a restart.

Each node has its own order: a cursor is good at the node that gave it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from credimus.kernel.errors import Unavailable, UsageError
from credimus.kernel.ids import NodeId, short
from credimus.node.events import NodeEvent
from credimus.protocol.membership.interface import (
    MembershipEvent,
    PeerAlive,
    PeerDead,
    PeerSuspected,
)
from credimus.protocol.partition.interface import (
    PartitionChanged,
    PartitionEvent,
    PartitionHealed,
)
from credimus.protocol.recovery.interface import RecoveryBegan, RecoveryEnded, ToldEvent
from credimus.protocol.reunion.interface import ReunionBegan, ReunionEnded, ToldReunion
from credimus.protocol.vigilance.interface import (
    ConductEvent,
    MemberParoled,
    MemberQuarantined,
    StateDoubted,
    ViolationSeen,
)
from credimus.state.events import (
    BeliefAsserted,
    BeliefChanged,
    BeliefsReconciled,
    CheckpointAttested,
    CheckpointReached,
    DoubleVote,
    EquivocationProven,
    KeyRotated,
    MemberAdmitted,
    MemberExpelled,
    MemberLeft,
    ProposalIgnored,
    ReconciliationWithdrawn,
    RoundContested,
    RoundDecided,
    RoundExpired,
    RoundOpened,
    RoundRefused,
    ToldFact,
)

EVENTS_KEPT = 8_192
"""Events that a slow reader can be behind. [guess: seconds at full speed, days at rest]"""
WATCHERS_MAX = 1_024
"""Readers waiting at once. [guess]"""
LOCAL_KEPT = 1_024
"""Events of this node's own that are kept. [guess: peers come and go in tens]"""
CURSOR_PATTERN = r"^[0-9a-f]{12}-[0-9]{1,18}(\.[0-9]{1,18})?$"
"""What cursors look like, as a regular expression."""
_TOLD = frozenset({
    CheckpointAttested, CheckpointReached,
    BeliefAsserted, BeliefChanged, DoubleVote, MemberAdmitted, MemberLeft, ProposalIgnored,
    RoundContested, RoundDecided, RoundExpired, RoundOpened, RoundRefused, BeliefsReconciled,
    ReconciliationWithdrawn, EquivocationProven, KeyRotated, MemberExpelled,
})  # fmt: skip
_LOCAL = frozenset({
    PeerAlive, PeerSuspected, PeerDead, PartitionChanged, PartitionHealed, RecoveryBegan,
    RecoveryEnded, ReunionBegan, ReunionEnded, ViolationSeen, MemberQuarantined, MemberParoled,
    StateDoubted,
})  # fmt: skip
FeedEvent: TypeAlias = (
    ToldFact | MembershipEvent | PartitionEvent | ConductEvent | ToldEvent | ToldReunion
)


class Mark(NamedTuple):
    """A place in the order: after a fact, and after what this node told since by itself."""

    number: int
    """Of the fact; 0 before the first."""
    local: int = 0
    """0 for the fact itself."""


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Batch(NamedTuple):
    """Some events that follow each other."""

    missed: int
    """How many facts between the reader and the first are not kept any more."""
    after: Mark
    """The place before the first."""
    events: list[tuple[Mark, FeedEvent]]


class Feed:
    """The newest events of one node. Readers keep their own place, so none can hold up another.

    Args:
        wall_ms: the wall clock, for local numbers.
    """

    def __init__(self, node: NodeId, wall_ms: Callable[[], int] = _wall_ms) -> None:
        self._name = short(node)
        self._names = frozenset({self._name})
        self._wall_ms = wall_ms
        self._kept: deque[ToldFact] = deque(maxlen=EVENTS_KEPT)
        self._local: deque[tuple[Mark, FeedEvent]] = deque(maxlen=LOCAL_KEPT)
        self._local_number = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._ended = False
        self.number = 0
        """Of the newest fact."""
        self.newest = Mark(0)
        """The place after all events."""

    def note(self, events: Sequence[NodeEvent]) -> None:
        """Take what happened, in the order of the log."""
        before = self.newest
        for event in events:
            kind = type(event)
            if kind in _TOLD:
                self._kept.append(event)  # type: ignore[arg-type]
                self.number += 1
                self.newest = Mark(self.number)
            elif kind in _LOCAL:
                self._local_number = max(self._local_number + 1, self._wall_ms())
                self.newest = Mark(self.number, self._local_number)
                self._local.append((self.newest, event))  # type: ignore[arg-type]
        if self.newest != before:
            self._wake()

    def read(self, after: Mark, count: int) -> Batch:
        """At most `count` events after a place."""
        oldest = self.number - len(self._kept) + 1
        missed = max(0, oldest - after.number - 1)
        if missed:
            after = Mark(oldest - 1)
        begin = after.number + 1
        events: Iterator[tuple[Mark, FeedEvent]] = (
            (Mark(number), event)
            for number, event in enumerate(islice(self._kept, begin - oldest, None), begin)
        )
        if self._local and self._local[-1][0] > after:
            local = [one for one in self._local if one[0] > after]
            events = merge(events, local, key=itemgetter(0))
        return Batch(missed, after, list(islice(events, count)))

    async def wait(self, after: Mark, timeout: float | None = None) -> bool:
        """Return when there is an event after a place; False when `timeout` seconds are over.

        Raises:
            Unavailable: `stopping`; `overloaded`, when too many wait.
        """
        try:
            async with asyncio.timeout(timeout):
                while self.newest <= after:
                    await self._next()
        except TimeoutError:
            return False
        return True

    def cursor(self, mark: Mark) -> str:
        """What names the place after an event, for a reader to come back with."""
        local = f".{mark.local}" if mark.local else ""
        return f"{self._name}-{mark.number}{local}"

    def know(self, ids: Iterable[NodeId]) -> None:
        """Take cursors that this node gave under any of these ids; its events go on counting when
        it takes a new key."""
        self._names = frozenset({self._name, *map(short, ids)})

    def mark_of(self, cursor: str) -> Mark:
        """The place that a cursor names.

        Raises:
            UsageError: `bad-cursor`, also for one of another node or of what is to come.
        """
        name, _, place = cursor.rpartition("-")
        number, point, local = place.partition(".")
        known = _is_number(number) and (not point or _is_number(local))
        if name not in self._names or not known or int(number) > self.number:
            raise UsageError(
                "bad-cursor",
                f"{cursor[:40]!r} is no cursor of this node's events; begin without one.",
            )
        return Mark(int(number), int(local or 0))

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


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19

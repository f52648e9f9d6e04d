"""What happened at this node, in order, for callers who follow along or come back.

A ring of the newest events, each with a number that goes up by one in this run of the node. A
reader asks for what comes after a number; whether that is still whole, the ring can tell.

Deliberately not here: how events are told (api/stream.py).
"""

import asyncio
import secrets
import time
from collections.abc import Sequence

import msgspec

from credimus.kernel import limits
from credimus.kernel.errors import Unavailable
from credimus.kernel.ids import BeliefId
from credimus.node.events import ForkSeen, IdentityForked, NodeEvent, PeerFaulted
from credimus.node.node import Node
from credimus.state.events import (
    BeliefAsserted,
    BeliefChanged,
    DoubleVote,
    MemberAdmitted,
    MemberLeft,
    ProposalIgnored,
    RoundContested,
    RoundDecided,
    RoundExpired,
    RoundOpened,
    RoundRefused,
)

KINDS: dict[type[NodeEvent], str] = {
    BeliefAsserted: "credimus.belief.asserted",
    BeliefChanged: "credimus.belief.changed",
    RoundOpened: "credimus.round.opened",
    RoundDecided: "credimus.round.decided",
    RoundExpired: "credimus.round.expired",
    RoundContested: "credimus.round.contested",
    RoundRefused: "credimus.round.refused",
    ProposalIgnored: "credimus.round.ignored",
    MemberAdmitted: "credimus.member.admitted",
    MemberLeft: "credimus.member.left",
    DoubleVote: "credimus.member.voted-twice",
    PeerFaulted: "credimus.peer.faulted",
    ForkSeen: "credimus.fork.seen",
    IdentityForked: "credimus.fork.own",
}
"""The events that are told, and what they are called."""
_ENDS = frozenset({RoundDecided, RoundExpired, RoundContested})


class Told(msgspec.Struct, frozen=True, gc=False):
    """An event that is told."""

    number: int
    wall_ms: int
    kind: str
    event: NodeEvent
    belief: BeliefId | None
    verdict: str | None
    """Of the round that it ended, when it happened."""


class Feed:
    """The newest events of one run of a node."""

    def __init__(self, node: Node, kept: int = limits.FEED_EVENTS_MAX) -> None:
        self.run = secrets.token_hex(4)
        """Names this run: numbers of another mean nothing."""
        self.last = 0
        """The number of the newest event; 0 before the first."""
        self.reader_count = 0
        self.cut_count = 0
        """Readers that were too slow."""
        self.closed = False
        self._node = node
        self._ring: list[Told | None] = [None] * kept
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def first(self) -> int:
        """The number of the oldest event kept; one more than `last` when there is none."""
        return max(1, self.last - len(self._ring) + 1)

    def note(self, events: Sequence[NodeEvent]) -> None:
        """Take what happened in a step."""
        wall_ms, before = time.time_ns() // 1_000_000, self.last
        ring, rounds = self._ring, self._node.state.rounds
        for event in events:
            kind = KINDS.get(type(event))
            if kind is None:
                continue
            found = getattr(event, "round", None)
            round_ = None if found is None else rounds.get(found)
            belief = getattr(event, "belief", None) or (None if round_ is None else round_.belief)
            verdict = round_.verdict.word if round_ is not None and type(event) in _ENDS else None
            self.last += 1
            told = Told(self.last, wall_ms, kind, event, belief, verdict)
            ring[self.last % len(ring)] = told
        if self.last != before:
            self._wake()

    def after(self, number: int, count: int) -> list[Told]:
        """At most `count` events after a number, oldest first; those let go are left out."""
        begin = max(number + 1, self.first)
        end = min(begin + count, self.last + 1)
        found = (self._ring[one % len(self._ring)] for one in range(begin, end))
        return [one for one in found if one is not None]

    def more(self) -> "asyncio.Future[None]":
        """Done when something happens, or the feed closes."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.closed:
            waiting.set_result(None)
        else:
            self._waiting.append(waiting)
        return waiting

    def enter(self) -> None:
        """Begin to read; `leave` when done.

        Raises:
            Unavailable: `too-many-streams`, `stopping`.
        """
        if self.closed:
            raise Unavailable("stopping", "the node is stopping; ask again later")
        if self.reader_count >= limits.STREAMS_MAX:
            raise Unavailable(
                "too-many-streams",
                f"{limits.STREAMS_MAX} callers follow the events already; end one, or try again "
                "later.",
            )
        self.reader_count += 1

    def leave(self) -> None:
        """End reading."""
        self.reader_count -= 1

    def close(self) -> None:
        """Let all readers end."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

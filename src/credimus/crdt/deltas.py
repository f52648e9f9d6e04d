"""Delta intervals: what each peer still lacks of our changes, with acknowledgements.

The sender joins the deltas from the first that a peer has not acknowledged; the receiver takes an
interval only when it holds everything before its start (the causal delta-merging condition), so
what it holds is always a state that the sender's whole states alone could have given. Loss is
healed by sending again, duplication by idempotence. Deliberately not here: when to send, and the
wire.
Source: Almeida, Shoker, Baquero, "Delta state replicated data types" (JPDC 2018), algorithm 2.
Departs: past `limit` deltas the oldest is let go, and a peer that needs it is sent the whole state.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from credimus.crdt.lattice import Lattice
from credimus.kernel.errors import UsageError

State = TypeVar("State", bound=Lattice)

DELTAS_MAX = 1_024
"""Deltas kept for slow peers. [guess]"""
PEERS_MAX = 8_192
"""Peers remembered, in each direction; the longest silent is forgotten and resent all. [guess]"""


@dataclass(slots=True, frozen=True)
class Interval(Generic[State]):
    """The join of our deltas from `start` to `end`, `end` excluded; from 0 it is a whole state."""

    start: int
    end: int
    delta: State


class DeltaBuffer(Generic[State]):
    """Our recent deltas by number, and what each peer has.

    Args:
        empty: makes the bottom of the lattice, to join deltas into.
        limit: how many deltas to keep.

    Invariant: at most `limit` deltas and `PEERS_MAX` peers; deltas that all known peers have
    acknowledged are let go.
    """

    __slots__ = ("_acked", "_deltas", "_empty", "_limit", "_next", "_taken", "dropped_count")

    def __init__(self, empty: Callable[[], State], limit: int = DELTAS_MAX) -> None:
        if limit < 1:
            raise UsageError("out-of-range", f"limit is {limit}; keep at least one delta.")
        self._empty = empty
        self._limit = limit
        self._deltas: deque[State] = deque()
        self._next = 1
        self._acked: dict[bytes, int] = {}
        self._taken: dict[bytes, int] = {}
        self.dropped_count = 0

    def __len__(self) -> int:
        """How many deltas are kept."""
        return len(self._deltas)

    @property
    def end(self) -> int:
        """The number that the next delta gets; numbers start at 1."""
        return self._next

    def record(self, delta: State) -> int:
        """Keep a delta: one of our own changes, or one taken in that changed us.

        Returns:
            Its number.
        """
        number = self._next
        self._next += 1
        self._deltas.append(delta)
        if len(self._deltas) > self._limit:
            self._deltas.popleft()
            self.dropped_count += 1
        return number

    def interval_for(self, peer: bytes, whole: State) -> Interval[State] | None:
        """What to send to a peer now, or None when it has acknowledged all.

        Args:
            peer: its name.
            whole: our present state, sent as it is when the deltas no longer reach back far enough.

        Cost: the size of the deltas it lacks.
        """
        start = self._acked.get(peer, 0)
        if start >= self._next:
            return None
        first = self._next - len(self._deltas)
        if start < first:
            return Interval(0, self._next, whole)
        joined = self._empty()
        for number in range(start - first, len(self._deltas)):
            joined.merge(self._deltas[number])
        return Interval(start, self._next, joined)

    def acknowledge(self, peer: bytes, end: int) -> None:
        """A peer has taken in everything before `end`; a late or absurd one changes nothing."""
        if not self._acked.get(peer, 0) < end <= self._next:
            return
        _note(self._acked, peer, end)
        settled = min(self._acked.values())
        while self._deltas and self._next - len(self._deltas) < settled:
            self._deltas.popleft()

    def forget(self, peer: bytes) -> None:
        """A peer left, or lost its state: its next interval is the whole state."""
        self._acked.pop(peer, None)
        self._taken.pop(peer, None)

    def accept(self, peer: bytes, interval: Interval[State], into: State) -> int | None:
        """Take in an interval from a peer.

        What it changed is recorded, so that it travels on to other peers: give it a delta of its
        own (read from bytes, or a copy), not the live state of another.

        Returns:
            The end to acknowledge, or None when something before the interval is missing, in which
            case nothing was changed and the peer will send from further back.
        """
        taken = self._taken.get(peer, 0)
        if interval.start > taken:
            return None
        if into.merge(interval.delta):
            self.record(interval.delta)
        _note(self._taken, peer, max(taken, interval.end))
        return self._taken[peer]


def _note(table: dict[bytes, int], peer: bytes, end: int) -> None:
    table.pop(peer, None)
    if len(table) >= PEERS_MAX:
        del table[next(iter(table))]
    table[peer] = end

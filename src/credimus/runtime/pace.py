"""How long a busy node lets work gather before it steps: adaptive batching.

Each step has a price that does not grow with what it carries: a signature, a disk write, a message
to everybody and, at every other node, its receipt and its check. With one belief in flight waiting
would only add latency, so there is none. With many a node waits until all its peers have spoken
since its last step (the inbox counts them) or a period has passed: so a busy fleet falls into step
by itself, and a belief takes two steps of it, one to be voted on and one to be counted. Little's
law keeps this honest: rounds that are open here / time to decide = throughput.
"""

import time
from collections.abc import Sequence

from credimus.kernel.ids import RoundId
from credimus.node.events import NodeEvent
from credimus.state.events import RoundDecided, RoundExpired, RoundOpened

PERIOD_MAX_NS = 11_000_000
"""Longest time from one step of a busy node to the next, unless all its peers have spoken before.
[measured: with 64 rounds in flight, five nodes on two cores, 5 and 8 ms gave some 10 % less in
turn, 14 ms no more]"""
PERIOD_PER_ROUND_NS = 1_000_000
"""Of that time, for each open round beyond the first few. [guess]"""
LISTEN_NS = 2_500_000
"""Gap after this node spoke and nobody here waits for a verdict: the answers of the others come
together in that time, and are taken in one step instead of one each. [measured: with one belief in
flight, most of a fleet's work is taking in votes that nobody waits for]"""
ROUNDS_FREE = 4
"""Open rounds for which nothing waits. [measured: keeps latency at its least when idle]"""


class Pace:
    """Counts the rounds in flight and gives the moment of the next step."""

    __slots__ = ("_next_ns", "_open")

    def __init__(self) -> None:
        self._open: dict[RoundId, None] = {}
        self._next_ns = 0

    def hear(self, events: Sequence[NodeEvent]) -> None:
        """Note rounds that opened and ended."""
        rounds = self._open
        for event in events:
            kind = type(event)
            if kind is RoundOpened:
                rounds[event.round] = None  # type: ignore[union-attr]
            elif kind is RoundDecided or kind is RoundExpired:
                rounds.pop(event.round, None)  # type: ignore[union-attr]

    @property
    def is_busy(self) -> bool:
        """Whether more rounds are in flight than a node serves without waiting."""
        return len(self._open) > ROUNDS_FREE

    def stepped(self, began_ns: int, *, spoke: bool, awaited: bool) -> None:
        """A step has just ended.

        Args:
            began_ns: when it began.
            spoke: whether it sealed a block.
            awaited: whether a caller here waits for a verdict.
        """
        busy = len(self._open) - ROUNDS_FREE
        if busy > 0:
            self._next_ns = began_ns + min(PERIOD_MAX_NS, busy * PERIOD_PER_ROUND_NS)
        elif spoke and not awaited:
            self._next_ns = time.monotonic_ns() + LISTEN_NS
        else:
            self._next_ns = 0

    def pause_s(self) -> float:
        """Seconds until the next step is due; 0 when it is."""
        left_ns = self._next_ns - time.monotonic_ns()
        return left_ns / 1e9 if left_ns > 0 else 0.0

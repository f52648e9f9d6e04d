"""Who probes whom, and when: in each period every member is probed once, each time by another.

Members stand in a ring, sorted by id. In a period all probe the member so many places ahead; the
distances of n-1 periods are 1 to n-1 in random order, the same for all, so everybody probes
everybody once. Each member has its own moment in the period, so probes do not come in bursts. Who
crashes therefore meets its next probe within one period, however large the fleet.

Periods are counted by the wall clock. Clocks that differ by more than a period, or rings that are
not the same yet, make the probes of a member come at random moments; still one in each period on
average, as in SWIM.

Source: Das, Gupta, Motivala, "SWIM" (DSN 2002), 4.3: round-robin over a random order.
Departs: the order is shared; there each member draws its own.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import NodeId


class Turn(NamedTuple):
    """A probe that is to be made."""

    wall_ms: int
    target: NodeId


def next_turn(ring: Sequence[NodeId], own: NodeId, period_ms: int, wall_ms: int) -> Turn | None:
    """Our first turn after a moment; None when we are alone.

    Args:
        ring: sorted; `own` is in it.
        period_ms: above 0.
    """
    others_count = len(ring) - 1
    if others_count < 1:
        return None
    place = ring.index(own)
    period = wall_ms // period_ms
    while True:
        cycle, step = divmod(period, others_count)
        target = ring[(place + _distances(others_count, cycle)[step]) % len(ring)]
        turn = Turn(period * period_ms + _moment(target, period_ms), target)
        if turn.wall_ms > wall_ms:
            return turn
        period += 1


def _moment(target: NodeId, period_ms: int) -> int:
    """When in each period a member is probed; ids are fingerprints, so moments are spread."""
    return int.from_bytes(target[:8], "big") % period_ms


@lru_cache(maxsize=64)
def _distances(others_count: int, cycle: int) -> tuple[int, ...]:
    distances = list(range(1, others_count + 1))
    Entropy(b"turns").stream(str(cycle)).shuffle(distances)
    return tuple(distances)

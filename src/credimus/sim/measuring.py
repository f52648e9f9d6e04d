"""How fast, and at what cost, single blocks spread in a simulated fleet.

Deliberately not here: votes. What is measured is an assertion that opens no round, so one block.
"""

from collections.abc import Sequence

import msgspec

from credimus.kernel.ids import BeliefId
from credimus.kernel.instant import MILLISECOND
from credimus.node.commands import AssertBelief
from credimus.protocol.dissemination.urgency import Urgency
from credimus.sim.fleet import Fleet
from credimus.state.identity import belief_id

SPREADING_TAGS = (1, 9, 10, 11, 12, 13)
"""Of messages that carry blocks, announce them, or ask for them: what a block costs beside beacons
and probes."""
_CATEGORY = "observation"
_LOOK_NS = MILLISECOND // 4
_AFTERWARDS_NS = 150 * MILLISECOND
"""After the last has it, announcements and prunes are still on their way, and are counted."""


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """One block's way."""

    took_ms: tuple[float, ...]
    """From the command until a node holds it, of each node that came to, sorted; the author's own
    first."""
    awaited: int
    """Nodes that ran when it was asserted."""
    messages: int
    bytes: int

    @property
    def reached_all_ms(self) -> float | None:
        """When the last had it; None when somebody never did."""
        return self.took_ms[-1] if len(self.took_ms) >= self.awaited else None


def spread(
    fleet: Fleet, place: int, urgency: Urgency, content: str, within_ms: int = 2_000
) -> Spread:
    """Assert something at a place and watch who comes to hold it, until all do or time is over."""
    wanted = belief_id(content, _CATEGORY)
    network = fleet.network
    messages, byte_count = network.count_of(SPREADING_TAGS)
    hosts = fleet.up
    command = AssertBelief(content=content, category=_CATEGORY, propose=False, urgency=urgency)
    fleet.order(place, command)
    begun_ns = fleet.agenda.now_ns
    took_ms: list[float] = []
    lacking = list(hosts)
    while lacking and fleet.agenda.now_ns < begun_ns + within_ms * MILLISECOND:
        fleet.run_for(_LOOK_NS)
        now_ms = (fleet.agenda.now_ns - begun_ns) / MILLISECOND
        still = [host for host in lacking if not _holds(fleet, host.place, wanted)]
        took_ms += [now_ms] * (len(lacking) - len(still))
        lacking = still
    fleet.run_for(_AFTERWARDS_NS)
    after, bytes_after = network.count_of(SPREADING_TAGS)
    return Spread(
        took_ms=tuple(took_ms),
        awaited=len(hosts),
        messages=after - messages,
        bytes=bytes_after - byte_count,
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """The least value that so many percent do not exceed (nearest rank); infinite of none."""
    ordered = sorted(values)
    return ordered[max(1, -(-percent * len(ordered) // 100)) - 1] if ordered else float("inf")


def _holds(fleet: Fleet, place: int, belief: BeliefId) -> bool:
    node = fleet.hosts[place].node
    return node is not None and node.state.beliefs.get(belief) is not None

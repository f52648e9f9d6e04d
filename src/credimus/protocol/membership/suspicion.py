"""How long a suspect has to refute: the more members suspect it independently, the shorter.

    timeout = max - (max - min) * log(C + 1) / log(K + 1)

with C further suspecting members out of K that are waited for; never below `min`.

Source: Dadgar, Phillips, Currey, "Lifeguard" (2018), section IV-B.
Departs: K is never more than the members that can still suspect, so that small fleets do not wait
for confirmations that can not come.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Instant
from credimus.protocol.membership.interface import MembershipConfig


@dataclass(slots=True)
class Suspicion:
    """Why and since when a member is suspected."""

    since: Instant
    by: dict[NodeId, None] = field(default_factory=dict)
    """Those who say so themselves, in order of hearing."""
    hastened: bool = False
    """Somebody holds the member for dead already: it has the shortest time."""

    def due(self, config: MembershipConfig, possible_count: int) -> Instant:
        """When the member is dead unless it refutes.

        Args:
            possible_count: members that could suspect it beside the first.
        """
        wanted = min(config.confirmation_count, possible_count)
        if self.hastened:
            return Instant(self.since + config.suspicion_ns_min)
        return Instant(self.since + timeout_ns(config, len(self.by) - 1, wanted))


def timeout_ns(config: MembershipConfig, confirmations: int, wanted: int) -> int:
    """The time that a suspect has, in ns.

    Args:
        confirmations: members that suspect it beside the first, 0 and up.
        wanted: those after which it is the shortest, 0 and up.
    """
    least, most = config.suspicion_ns_min, config.suspicion_ns_max
    if confirmations >= wanted:
        return least
    return most - (most - least) * _millilog(confirmations + 1) // _millilog(wanted + 1)


@lru_cache(maxsize=64)
def _millilog(number: int) -> int:
    """1,000 times the binary logarithm, rounded down, without floats."""
    return int((number**1_000).bit_length()) - 1

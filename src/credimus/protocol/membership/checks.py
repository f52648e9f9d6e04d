"""Whom a node probes out of turn: of whom it was told something, and how far somebody is.

In a large fleet only so many of the first at each turn, and of the second one: else each would
probe each when the fleet starts or splits.
"""

from collections.abc import Iterable

from credimus.kernel.ids import NodeId
from credimus.protocol.membership.interface import MembershipConfig


class Checks:
    """What one node has to find out for itself."""

    def __init__(self, config: MembershipConfig) -> None:
        self._config = config
        self._told: dict[NodeId, None] = {}
        self._left = 0
        """How many may go before our next turn, in a large fleet."""
        self._measures: dict[NodeId, None] = {}

    def add(self, peers: Iterable[NodeId]) -> None:
        """We were told of these, or have reason to ask."""
        self._told |= dict.fromkeys(peers)

    def measure(self, peer: NodeId, *, again: bool) -> None:
        """Its answer took so long that it is far, or somebody was busy: ask `again`, or no more."""
        if again:
            self._measures[peer] = None
        else:
            self._measures.pop(peer, None)

    def turn(self) -> None:
        """It is our turn."""
        self._left = self._config.checks_per_turn

    def take(self, member_count: int) -> NodeId | None:
        """Whom to probe now; None when nobody, or none before our next turn."""
        is_slow = member_count >= self._config.checks_at_once_from
        if not self._told or (is_slow and not self._left):
            return None
        self._left = max(0, self._left - 1)
        return _first_of(self._told)

    def take_measure(self) -> NodeId | None:
        """Whose distance to measure with this turn."""
        return _first_of(self._measures) if self._measures else None


def _first_of(some: dict[NodeId, None]) -> NodeId:
    first = next(iter(some))
    del some[first]
    return first

"""What dissemination looks at, as membership sees it."""

from credimus.kernel import limits
from credimus.kernel.ids import NodeId
from credimus.protocol.membership.machine import Membership
from credimus.protocol.membership.reachability import Reachability


class Surroundings:
    """The other nodes, looked at anew each time `unheard` is asked."""

    def __init__(self, own: NodeId, membership: Membership) -> None:
        self._own = own
        self._membership = membership
        self._matrix: Reachability | None = None

    def there(self) -> tuple[NodeId, ...]:
        """The other nodes that are heard of and not dead, sorted."""
        return self._membership.standing.there()

    def trip_us(self, peer: NodeId) -> int | None:
        """The median round trip to a peer, in us; None when it was not measured."""
        return self._membership.standing.trip_us(peer)

    def unheard(self) -> list[NodeId]:
        """Those who are there, but to whom our messages may not come straight; sorted.

        Cost: in fleets above `SMALL_FLEET_MAX` nothing, unless some probe went through others.
        """
        self._matrix = None
        through, there = self._membership.standing.goes_through, self.there()
        if len(there) > limits.SMALL_FLEET_MAX and not any(map(through, there)):
            return []
        matrix = self.matrix()
        return [one for one in there if through(one) or self._is_deaf(one, matrix)]

    def matrix(self) -> Reachability:
        """Who hears whom, as far as is known."""
        if self._matrix is None:
            self._matrix = self._membership.reachability()
        return self._matrix

    def _is_deaf(self, peer: NodeId, matrix: Reachability) -> bool:
        return matrix.is_known(peer) and not matrix.hears(peer, self._own)

"""What dissemination looks at, as membership sees it."""

from credimus.kernel.ids import NodeId
from credimus.protocol.membership.interface import PeerView, Status
from credimus.protocol.membership.machine import Membership
from credimus.protocol.membership.reachability import Reachability


class Surroundings:
    """The other nodes, looked at anew each time `unheard` is asked."""

    def __init__(self, own: NodeId, membership: Membership) -> None:
        self._own = own
        self._membership = membership
        self._matrix: Reachability | None = None

    def there(self) -> list[NodeId]:
        """The other nodes that are heard of and not dead, sorted."""
        return [view.peer for view in self._alive()]

    def trip_us(self, peer: NodeId) -> int | None:
        """The median round trip to a peer, in us; None when it was not measured."""
        view = self._membership.peer(peer)
        return None if view is None else view.trip_us_median

    def unheard(self) -> list[NodeId]:
        """Those who are there, but to whom our messages may not come straight; sorted.

        Cost: in fleets above `_LOOK_AT_ALL_MAX` nothing, unless some probe went through others.
        """
        self._matrix = None
        alive = self._alive()
        if len(alive) > _LOOK_AT_ALL_MAX and not any(view.through for view in alive):
            return []
        matrix = self.matrix()
        return [view.peer for view in alive if view.through or self._is_deaf(view.peer, matrix)]

    def matrix(self) -> Reachability:
        """Who hears whom, as far as is known."""
        if self._matrix is None:
            self._matrix = self._membership.reachability()
        return self._matrix

    def _is_deaf(self, peer: NodeId, matrix: Reachability) -> bool:
        return matrix.is_known(peer) and not matrix.hears(peer, self._own)

    def _alive(self) -> list[PeerView]:
        return [
            view
            for view in self._membership.snapshot()
            if view.status in (Status.ALIVE, Status.SUSPECT)
        ]


_LOOK_AT_ALL_MAX = 12
"""Nodes up to which the whole matrix is looked at in each second. [guess: its cost grows with the
square]"""

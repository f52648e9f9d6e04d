"""Who can be reached, as membership knows it, in the words of the partition machine."""

from credimus.kernel.ids import NodeId
from credimus.lace.lace import Lace
from credimus.protocol.membership.interface import Status
from credimus.protocol.membership.machine import Membership
from credimus.state.membership.members import Members
from credimus.state.membership.roster import Roster


class Lookout:
    """Looks again only where something has changed; the answer to an unchanged fleet is the same
    object."""

    def __init__(self, membership: Membership, roster: Roster, lace: Lace) -> None:
        self._membership = membership
        self._roster = roster
        self._lace = lace
        self._seen: FleetView | None = None
        self._change_count = -1

    def look(self) -> "FleetView":
        """Who can be reached at this moment."""
        membership, members = self._membership, self._roster.current
        view, change_count = self._seen, membership.change_count
        if view is None or view.roster is not members or change_count != self._change_count:
            view = self._seen = FleetView(membership, members, self._lace)
            self._change_count = change_count
        return view


class FleetView:
    """One look."""

    def __init__(self, membership: Membership, roster: Members, lace: Lace) -> None:
        self.roster = roster
        self.members: tuple[NodeId, ...] = tuple(roster.by_id)
        self._peers = membership.standing.statuses()
        self._rows = membership.reachability()
        self._lace = lace

    def is_own(self, member: NodeId) -> bool:
        """Whether it is this node, or hosted by it."""
        return member not in self._peers

    def is_there(self, member: NodeId) -> bool:
        """Whether it is heard of and not held for dead."""
        return self._peers.get(member, Status.ALIVE) in (Status.ALIVE, Status.SUSPECT)

    def was_heard(self, member: NodeId) -> bool:
        """Whether anything was ever heard of it in this life of ours."""
        return self._peers.get(member, Status.ALIVE) is not None

    def has_written(self, member: NodeId) -> bool:
        """Whether a block of it is held."""
        return self._lace.head(member) is not None

    def hears(self, member: NodeId) -> frozenset[NodeId] | None:
        """Whom a member says that it hears; None while it has not said."""
        return self._rows.row(member)


def hears_us(membership: Membership, own: NodeId, peer: NodeId) -> bool:
    """Whether our messages come straight to a peer, as it says itself."""
    matrix = membership.reachability()
    return matrix.hears(peer, own) and not matrix.hears_through(peer, own)

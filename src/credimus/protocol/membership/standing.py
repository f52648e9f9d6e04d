"""What is held of each peer: the greatest claim heard, ordered by (incarnation, status).

    alive 7 < suspect 7 < dead 7 < alive 8 < ...

Only a peer itself makes a higher incarnation, so only it takes a suspicion back. Nobody dies on
hearsay: to hear that a peer is dead makes it suspected, with the shortest time to refute.

Deliberately not here: who is probed, what is sent.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from credimus.kernel import limits
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Instant, Now
from credimus.protocol.membership.interface import Claim, MembershipConfig, PeerView, Status
from credimus.protocol.membership.suspicion import Suspicion
from credimus.protocol.membership.trips import Trips


class Peer:
    """One member, as this node sees it."""

    __slots__ = ("heard_at", "id", "incarnation", "status", "suspicion", "through", "trips")

    def __init__(self, identifier: NodeId) -> None:
        self.id = identifier
        self.status: Status | None = None
        """None until something is heard of it."""
        self.incarnation = 0
        self.suspicion: Suspicion | None = None
        self.heard_at: Instant | None = None
        """When a message came straight from it."""
        self.through = False
        self.trips = Trips()

    @property
    def is_there(self) -> bool:
        """Heard of, and not dead: it has a place in the ring of turns."""
        return self.status is not None and self.status is not Status.DEAD

    @property
    def view(self) -> PeerView:
        """What is held of it now."""
        return PeerView(
            peer=self.id,
            status=self.status,
            incarnation=self.incarnation,
            through=self.through,
            trip_us_median=self.trips.percentile(50),
            trip_us_p90=self.trips.percentile(90),
        )


class Change(NamedTuple):
    """What a claim did."""

    peer: Peer
    before: Status | None
    spread: Claim
    """What to pass on."""


class Standing:
    """All peers.

    Args:
        own: this node, and the members that it hosts: they are no peers of it.
    """

    def __init__(self, config: MembershipConfig, own: Sequence[NodeId]) -> None:
        self._config = config
        self._own = frozenset(own)
        self._peers: dict[NodeId, Peer] = {}
        self._suspected: dict[NodeId, Peer] = {}
        self._alive_count = 0
        self._unknown_count = 0
        self._there: tuple[NodeId, ...] | None = None
        self.change_count = 0
        """How often it has changed who the peers are, or what is held of one."""
        self._deadline: Instant | None = None
        self._is_stale = False
        """Whether something has changed since the deadline was worked out: while half of a large
        fleet is suspected, it is asked for far more often than it changes."""

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._peers.values())

    def __len__(self) -> int:
        return len(self._peers)

    def get(self, identifier: NodeId) -> Peer | None:
        """A member that is not of this node; None for anybody else."""
        return self._peers.get(identifier)

    def is_there(self, identifier: NodeId) -> bool:
        """Whether a member is heard of and not dead, or of this node."""
        peer = self._peers.get(identifier)
        return identifier in self._own if peer is None else peer.is_there

    def hears(self, identifier: NodeId, since: Instant) -> bool:
        """Whether something came straight from a member since then, or it is of this node."""
        peer = self._peers.get(identifier)
        if peer is None:
            return identifier in self._own
        return peer.heard_at is not None and peer.heard_at >= since

    def goes_through(self, identifier: NodeId) -> bool:
        """Whether a member answered the last probe through others only."""
        peer = self._peers.get(identifier)
        return peer is not None and peer.through

    def statuses(self) -> dict[NodeId, Status | None]:
        """What is held of all, in order of id; None where nothing was heard."""
        return {peer.id: peer.status for peer in self}

    def there(self) -> tuple[NodeId, ...]:
        """Those heard of and not dead, in order of id; the same object until that changes."""
        if self._there is None:
            self._there = tuple(peer.id for peer in self if peer.is_there)
        return self._there

    def trip_us(self, identifier: NodeId) -> int | None:
        """The median round trip to a member, in us; None when it was not measured."""
        peer = self._peers.get(identifier)
        return None if peer is None else peer.trips.percentile(50)

    def missing(self) -> list[Peer]:
        """Those suspected or dead, in order of id."""
        if self._alive_count + self._unknown_count == len(self._peers):
            return []
        return [peer for peer in self if peer.status not in (None, Status.ALIVE)]

    def follow(self, members: Sequence[NodeId]) -> None:
        """The roster changed: take up who is new, forget who is gone. `members` is sorted."""
        self._note_change()
        before = self._peers
        self._peers = {one: before.get(one) or Peer(one) for one in members if one not in self._own}
        self._suspected = {one: peer for one, peer in self._suspected.items() if one in self._peers}
        self._alive_count = sum(peer.status is Status.ALIVE for peer in self)
        self._unknown_count = sum(peer.status is None for peer in self)

    def take(self, claim: Claim, now: Now) -> Change | None:
        """Hear a claim about a peer; None when it is nothing new or can not be."""
        peer = self._peers.get(NodeId(claim.member))
        if peer is None or claim.incarnation > now.wall_ms + limits.SKEW_MS_MAX:
            return None
        before = peer.status
        if claim.status is Status.ALIVE:
            if before is not None and claim.incarnation <= peer.incarnation:
                return None
            self._set(peer, Status.ALIVE, claim.incarnation, None)
            return Change(peer, before, claim)
        by = NodeId(claim.by)
        if by not in self._peers and by not in self._own:
            return None
        if before is not None and claim.incarnation < peer.incarnation:
            return None
        if before in (None, Status.ALIVE) or claim.incarnation > peer.incarnation:
            suspicion = Suspicion(now.instant, {by: None}, claim.status is Status.DEAD)
            self._set(peer, Status.SUSPECT, claim.incarnation, suspicion)
        elif not self._confirm(peer, by, claim.status):
            return None
        return Change(peer, before, msgspec.structs.replace(claim, status=Status.SUSPECT))

    def expire(self, now: Now) -> list[Peer]:
        """The suspects whose time is over, dead from now on."""
        due = self.deadline()
        if due is None or now.instant < due:
            return []
        dead = [peer for peer in self._suspected.values() if self._due(peer) <= now.instant]
        for peer in dead:
            self._set(peer, Status.DEAD, peer.incarnation, None)
        return dead

    def deadline(self) -> Instant | None:
        """When the next suspect dies unless it refutes."""
        if self._is_stale:
            self._is_stale = False
            dues = (self._due(peer) for peer in self._suspected.values())
            self._deadline = min(dues, default=None)
        return self._deadline

    def forgive(self, late_ns: int) -> None:
        """Time in which we did nothing ourselves is held against nobody."""
        self._is_stale = True
        for peer in self._suspected.values():
            if peer.suspicion is not None:
                peer.suspicion.since = Instant(peer.suspicion.since + late_ns)

    def _confirm(self, peer: Peer, by: NodeId, status: Status) -> bool:
        """One more member suspects; False when that changes nothing."""
        suspicion = peer.suspicion
        if suspicion is None:  # dead already
            return False
        is_news = by not in suspicion.by and len(suspicion.by) <= self._config.confirmation_count
        if is_news:
            self._is_stale = True
            suspicion.by[by] = None
        if status is Status.DEAD and not suspicion.hastened:
            suspicion.hastened = is_news = self._is_stale = True
        return is_news

    def _due(self, peer: Peer) -> Instant:
        assert peer.suspicion is not None  # noqa: S101 - it is among the suspected
        return peer.suspicion.due(self._config, self._alive_count)

    def _set(
        self, peer: Peer, status: Status, incarnation: int, suspicion: Suspicion | None
    ) -> None:
        self._note_change()
        self._alive_count += (status is Status.ALIVE) - (peer.status is Status.ALIVE)
        self._unknown_count -= peer.status is None
        peer.status, peer.incarnation, peer.suspicion = status, incarnation, suspicion
        if suspicion is not None:
            self._suspected[peer.id] = peer
        else:
            self._suspected.pop(peer.id, None)

    def _note_change(self) -> None:
        self.change_count += 1
        self._is_stale = True
        self._there = None

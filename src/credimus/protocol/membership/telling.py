"""What this node tells: its messages, and the claims and rows that travel along with each.

Source: Das, Gupta, Motivala, "SWIM" (DSN 2002), 4.1 (piggy-backing), 4.2 (refuting); Dadgar,
Phillips, Currey, "Lifeguard" (2018), IV-C (the buddy system: a suspect hears of it first).
Departs: an incarnation is not a counter but the wall clock's milliseconds, raised where needed. So
a restarted node is above its former life without having kept anything, and nobody can raise one
beyond the clock skew that all allow.
"""

from credimus.kernel import limits
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Now
from credimus.protocol.membership.interface import (
    Ack,
    Claim,
    Notice,
    Ping,
    PingFor,
    Relayed,
    Status,
)
from credimus.protocol.membership.rows import RowStore
from credimus.protocol.membership.rumours import Rumours
from credimus.protocol.membership.standing import Peer, Standing


class Telling:
    """The claims of one node, and its messages with some of them in each."""

    def __init__(self, own: NodeId, standing: Standing, rows: RowStore) -> None:
        self._own = own
        self._standing = standing
        self._rows = rows
        self._reminded = 0
        self._rumours: Rumours[tuple[NodeId, NodeId], Claim] = Rumours()  # by member, and by whom
        self._said: dict[NodeId, dict[NodeId, None]] = {}  # by member: by whom, since it was alive
        self.incarnation = 0
        """Our own; 0 before we were a member."""

    def follow(self, times: int, now: Now) -> None:
        """We are a member; news are passed on so many times."""
        self._rumours.times = self._rows.fresh.times = times
        if not self.incarnation:
            self.incarnation = now.wall_ms

    def refute(self, claim: Claim, now: Now) -> bool:
        """Hear a claim about ourselves; True when it had to be refuted."""
        if claim.incarnation > now.wall_ms + limits.SKEW_MS_MAX:
            return False  # nobody else takes it either
        if claim.status is Status.ALIVE or claim.incarnation < self.incarnation:
            self.incarnation = max(self.incarnation, claim.incarnation)
            return False
        self.incarnation = max(now.wall_ms, claim.incarnation + 1)
        self.spread(Claim(self._own, self.incarnation, Status.ALIVE, self._own))
        return True

    def spread(self, claim: Claim) -> None:
        """Pass a claim on, in place of those that it supersedes; suspicions of one member stand
        beside each other."""
        member = NodeId(claim.member)
        said = self._said.setdefault(member, {})
        if claim.status is Status.SUSPECT:
            by = NodeId(claim.by)
            self._rumours.remove((member, member))
        else:
            by = member
            for one in said:
                self._rumours.remove((member, one))
            said.clear()
        said[by] = None
        self._rumours.put((member, by), claim)

    # --- messages

    def ping(self, nonce: int, target: Peer) -> Ping:
        """Tells its target first of all that it is not held for alive, if so."""
        return Ping(self.incarnation, self._claims(_doubted(target)), nonce, self._rows.next())

    def ack(self, nonce: int, asker: Peer | None) -> Ack:
        """Answers a ping; tells likewise."""
        return Ack(self.incarnation, self._claims(_doubted(asker)), nonce, self._rows.next())

    def ping_for(self, nonce: int, target: Peer) -> PingFor:
        """Asks to ping a target."""
        return PingFor(self.incarnation, self._claims(target), nonce, target.id)

    def relayed(self, nonce: int, target: Peer | None, *, heard: bool) -> Relayed:
        """Answers a `PingFor`, with what is held of the target now."""
        return Relayed(self.incarnation, self._claims(target), nonce, heard)

    def notice(self) -> Notice:
        """To all."""
        return Notice(self.incarnation, self._claims())

    # --- private

    def _claims(self, about: Peer | None = None) -> tuple[Claim, ...]:
        """What goes with a message: the word on `about`, then news, then who is not there."""
        chosen: dict[Claim, None] = {}
        if about is not None and about.status is not None:
            chosen[self._word_on(about)] = None
        chosen |= dict.fromkeys(self._rumours.take(limits.CLAIMS_MAX - len(chosen)))
        missing = self._standing.missing()
        for _ in range(min(limits.CLAIMS_MAX - len(chosen), _REMINDERS, len(missing))):
            self._reminded += 1
            chosen[self._word_on(missing[self._reminded % len(missing)])] = None
        return tuple(chosen)

    def _word_on(self, peer: Peer) -> Claim:
        """What we hold of a peer that was heard of."""
        assert peer.status is not None  # noqa: S101 - the caller looked
        by = peer.id if peer.status is Status.ALIVE else self._own
        if peer.suspicion is not None:
            by = next(iter(peer.suspicion.by))
        return Claim(peer.id, peer.incarnation, peer.status, by)


def _doubted(peer: Peer | None) -> Peer | None:
    return None if peer is None or peer.status is Status.ALIVE else peer


_REMINDERS = 2
"""Claims of one message that repeat who is suspected or dead, so that newcomers hear it. [guess]"""

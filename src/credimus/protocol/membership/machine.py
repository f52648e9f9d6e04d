"""Finds out which members can be reached, and tells: probes, suspicion, refutation, rows.

    who is probed when     turns.py          who answers         probing.py, trips.py
    what is held of whom   standing.py       for how long        suspicion.py
    how long we wait       patience.py       and are slow        health.py
    what is passed on      telling.py, rumours.py, rows.py       what follows   reachability.py
    whom we ask beside     checks.py         when all are told       notices.py

Only the answer to a ping of ours, with its nonce, counts as a sign of life. Nothing here changes
the roster or enters the lace.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias, assert_never

from credimus.kernel.effects import Effects, Send
from credimus.kernel.entropy import Stream
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MICROSECOND, MILLISECOND, Instant, Now, after, earliest, is_due
from credimus.protocol.membership.calling import Calls
from credimus.protocol.membership.checks import Checks
from credimus.protocol.membership.health import Health
from credimus.protocol.membership.interface import (
    Ack,
    Claim,
    Counts,
    MembershipConfig,
    MembershipEvent,
    MembershipInput,
    MembershipMessage,
    MessageCame,
    PeerAlive,
    PeerDead,
    PeerSuspected,
    PeerView,
    Ping,
    PingFor,
    Relayed,
    RosterChanged,
    Status,
)
from credimus.protocol.membership.notices import Notices
from credimus.protocol.membership.patience import Patience
from credimus.protocol.membership.probing import Errand, Errands, Pinged, Probe, Probes
from credimus.protocol.membership.reachability import Reachability
from credimus.protocol.membership.rota import Rota
from credimus.protocol.membership.rows import RowStore
from credimus.protocol.membership.standing import Change, Peer, Standing
from credimus.protocol.membership.telling import Telling

MembershipEffects: TypeAlias = Effects[Any, MembershipMessage, MembershipEvent]


class Membership:
    """One node's view of who is there.

    Args:
        own: this node's id, then those of the members that it hosts.
    """

    def __init__(self, config: MembershipConfig, own: Sequence[NodeId], stream: Stream) -> None:
        self._config = config
        self._own = own[0]
        self._stream = stream
        self.standing = Standing(config, own)
        self._rows = RowStore(own[0])
        self._telling = Telling(own[0], self.standing, self._rows)
        self._probes = Probes()
        self._errands = Errands()
        self._health = Health(config.health_max)
        self._patience = Patience(config)
        self._checks = Checks(config)
        self._rota = Rota(own[0], config.period_ns)
        self._turn_count = 0
        self._calls = Calls(config, self.standing, self._telling, stream)
        self._row_due = Instant(0)
        self._notices = Notices(config)
        self._forgiven_until = Instant(0)
        self._deadline: Instant | None = None
        self._is_stale = True
        """Whether something has happened since the deadline was worked out."""
        self.counts = Counts()

    # --- asking

    @property
    def incarnation(self) -> int:
        """Our own."""
        return self._telling.incarnation

    @property
    def health_score(self) -> int:
        """How slow we take ourselves to be, 0 for not at all."""
        return self._health.score

    def peer(self, identifier: NodeId) -> PeerView | None:
        """What is held of a member that is not of this node; None for anybody else."""
        peer = self.standing.get(identifier)
        return None if peer is None else peer.view

    def snapshot(self) -> list[PeerView]:
        """What is held of all other members, in order of id."""
        return [peer.view for peer in self.standing]

    def reachability(self) -> Reachability:
        """Who hears whom, as far as is known here."""
        return self._rows.matrix(self.standing.is_there)

    @property
    def change_count(self) -> int:
        """Grows whenever what is held of a member, or said of whom it hears, changes."""
        return self.standing.change_count + self._rows.change_count

    # --- the machine

    def handle(self, event: MembershipInput, now: Now) -> MembershipEffects:
        """Take one input."""
        effects: MembershipEffects = Effects()
        self._forgive_lateness(now)
        self._is_stale = True
        match event:
            case RosterChanged(members):
                self._follow(members, now, effects)
            case MessageCame(peer, message):
                self._hear(peer, message, now, effects)
            case _:
                assert_never(event)
        self._check(now, effects)
        return effects

    def deadline(self) -> Instant | None:
        """The next turn, call, or end of somebody's patience."""
        if self._is_stale:
            self._is_stale = False
            probes, errands = self._probes.deadline(), self._errands.deadline()
            due = earliest(self._rota.deadline(), self._calls.due, probes, errands)
            self._deadline = earliest(due, self._notices.deadline(), self.standing.deadline())
        return self._deadline

    def tick(self, now: Now) -> MembershipEffects:
        """Probe whose turn it is; go on with probes; let suspects die."""
        effects: MembershipEffects = Effects()
        self._forgive_lateness(now)
        self._is_stale = True
        for probe in self._probes.due(now.instant):
            self._go_on(probe, now, effects)
        for errand in self._errands.expire(now.instant):
            self._report(errand, effects, heard=False)
        for peer in self.standing.expire(now):
            self._bury(peer, now, effects)
        target = self._rota.take(now)
        if target is not None:
            self._take_turn(target, now, effects)
        if is_due(self._calls.due, now):
            self._call(now, effects)
        self._check(now, effects)
        if is_due(self._notices.deadline(), now):
            self._notify(now, effects)
        return effects

    # --- the roster, and who is in the ring

    def _follow(self, members: tuple[NodeId, ...], now: Now, effects: MembershipEffects) -> None:
        is_member, first = self._own in members, not self._telling.incarnation
        self.standing.follow(members if is_member else ())
        self._rows.follow(members)
        if is_member:
            times = self._config.retransmit_factor * len(members).bit_length()
            self._telling.follow(times, now)
        self._plan(now)
        if len(self.standing):
            self._calls.due = now.instant
            if first:
                self._call(now, effects)

    @property
    def _is_planned(self) -> bool:
        """Whether there is a next turn, in a ring so large that one more or less may wait for the
        turn after it."""
        is_large = len(self.standing) >= self._config.checks_at_once_from
        return is_large and self._rota.deadline() is not None

    def _plan(self, now: Now) -> None:
        self._rota.plan(self.standing.there(), now)

    def _take_turn(self, target: NodeId, now: Now, effects: MembershipEffects) -> None:
        self._turn_count += 1
        if self._turn_count % self._health.multiplier == 0:
            self._probe(target, now, effects)
        self._checks.turn()
        if not self._health.score and (distant := self._checks.take_measure()) is not None:
            self._probe(distant, now, effects)
        if self._row_due <= now.instant:
            self._row_due = after(now.instant, self._config.row_period_ns)
            window_ns = (2 * self._rota.member_count + 1) * self._config.period_ns
            since = Instant(now.instant - max(_HEARING_NS_MIN, window_ns))
            standing = self.standing
            self._rows.tell(lambda one: standing.hears(one, since), standing.goes_through, now)
        self._plan(now)

    def _call(self, now: Now, effects: MembershipEffects) -> None:
        if (absent := self._calls.call(now, effects.send)) is not None:
            self._ping(absent, now, effects)

    # --- probes

    def _probe(self, target: NodeId, now: Now, effects: MembershipEffects) -> None:
        peer = self.standing.get(target)
        if peer is None or target in self._probes:
            return
        self.counts.probes += 1
        due = after(now.instant, self._wait(peer, self._config.direct_ns))
        self._probes.begin(target, now.instant, due)
        self._ping(peer, now, effects)

    def _ping(self, target: Peer, now: Now, effects: MembershipEffects) -> None:
        nonce = self._nonce()
        self._probes.note_ping(nonce, Pinged(target.id, now.instant, target.status is Status.ALIVE))
        effects.send.append(Send(target.id, self._telling.ping(nonce, target)))

    def _nonce(self) -> int:
        """63 bits that nobody can guess who does not see them."""
        return self._stream.word() >> 1

    def _go_on(self, probe: Probe, now: Now, effects: MembershipEffects) -> None:
        """A stage is over: ask others, or conclude."""
        peer = self.standing.get(probe.target)
        if peer is None:
            self._probes.end(probe.target)
        elif probe.relays is None:
            others = [
                one.id
                for one in self.standing
                if one.status is Status.ALIVE and one.id != probe.target
            ]
            relays = self._stream.sample(others, self._config.relay_count)
            nonce = self._nonce()
            due = after(now.instant, self._wait(peer, self._config.indirect_ns))
            self._probes.ask(probe, relays, nonce, due)
            asked = self._telling.ping_for(nonce, peer)
            effects.send += [Send(relay, asked) for relay in relays]
            self._ping(peer, now, effects)
        else:
            self._fail(probe, peer, now, effects)

    def _fail(self, probe: Probe, peer: Peer, now: Now, effects: MembershipEffects) -> None:
        """Neither we nor those asked heard anything."""
        self._probes.end(probe.target)
        self.counts.unanswered += 1
        missing = probe.missing
        self._health.unanswered(probe, now)
        self._checks.add(missing)  # a split is found at once, not turn by turn
        peer.heard_at, peer.through = None, False
        if peer.is_there:
            self._take(Claim(peer.id, peer.incarnation, Status.SUSPECT, self._own), now, effects)

    def _check(self, now: Now, effects: MembershipEffects) -> None:
        """Find out for ourselves what we were told of somebody, a bounded number at once."""
        count = len(self.standing)
        while not self._probes.is_full and (target := self._checks.take(count)) is not None:
            self._probe(target, now, effects)

    def _wait(self, peer: Peer, least_ns: int) -> int:
        """How long an answer is waited for: longer when we have been slow ourselves."""
        return self._patience.wait_ns(peer.trips, least_ns) * self._health.multiplier

    def _forgive_lateness(self, now: Now) -> None:
        """When our own step comes late, that is held against us and against nobody else."""
        due = self.deadline()
        if due is None:
            return
        late_ns = now.instant - max(due, self._forgiven_until)
        if late_ns > self._config.late_ns:
            self._forgiven_until = now.instant
            self.counts.late += 1
            self._health.worse()
            self._probes.forgive(late_ns)
            self.standing.forgive(late_ns)

    # --- what peers say

    def _hear(
        self, sender: NodeId, message: MembershipMessage, now: Now, effects: MembershipEffects
    ) -> None:
        peer = self.standing.get(sender)
        if peer is not None:
            self._learn(peer, message, now, effects)
        match message:
            case Ping():
                effects.send.append(Send(sender, self._telling.ack(message.nonce, peer)))
            case Ack() if peer is not None:
                self._answered(peer, message.nonce, now, effects)
            case PingFor() if peer is not None:
                self._run_errand(sender, message, now, effects)
            case Relayed() if peer is not None:
                target = self._probes.relayed(sender, message.nonce, message.heard)
                if target is not None:
                    self._succeed(target, through=True)
            case _:
                pass

    def _learn(
        self, sender: Peer, message: MembershipMessage, now: Now, effects: MembershipEffects
    ) -> None:
        """Take what travels along with a message of a member."""
        sender.heard_at = now.instant
        alive = Claim(sender.id, message.incarnation, Status.ALIVE, sender.id)
        for claim in (alive, *message.claims):
            if claim.by != self._own or claim.member == self._own:  # else our own word, or forged
                self._take(claim, now, effects)
        if isinstance(message, Ping | Ack):
            for row in message.rows:
                self._rows.take(row, now)

    def _answered(self, peer: Peer, nonce: int, now: Now, effects: MembershipEffects) -> None:
        errand = self._errands.answered(peer.id, nonce)
        if errand is not None:
            self._report(errand, effects, heard=True)
            return
        if (ping := self._probes.answered(peer.id, nonce)) is None:
            return
        if ping.was_alive:
            is_doubtful = self._patience.note(peer.trips, (now.instant - ping.at) // MICROSECOND)
            self._checks.measure(peer.id, again=is_doubtful)
        self._succeed(peer.id, through=False)

    def _succeed(self, target: NodeId, *, through: bool) -> None:
        peer = self.standing.get(target)
        if peer is not None:
            peer.through = through
        if self._probes.end(target) is not None:
            self._health.better()

    def _run_errand(
        self, origin: NodeId, asked: PingFor, now: Now, effects: MembershipEffects
    ) -> None:
        target = self.standing.get(NodeId(asked.target))
        if target is None:
            return
        nonce = self._nonce()
        due = after(now.instant, self._config.indirect_ns * 3 // 5)  # the answer must be in time
        if self._errands.take_up(nonce, Errand(origin, asked.nonce, target.id, due)):
            effects.send.append(Send(target.id, self._telling.ping(nonce, target)))

    def _report(self, errand: Errand, effects: MembershipEffects, *, heard: bool) -> None:
        target = self.standing.get(errand.target)
        answer = self._telling.relayed(errand.nonce, target, heard=heard)
        effects.send.append(Send(errand.origin, answer))

    def _take(self, claim: Claim, now: Now, effects: MembershipEffects) -> None:
        if claim.member == self._own:
            if self._telling.refute(claim, now):
                self.counts.refutations += 1
                self._health.worse()
                self._notify(now, effects)
            return
        change = self.standing.take(claim, now)
        if change is not None:
            self._changed(change, now, effects)

    def _changed(self, change: Change, now: Now, effects: MembershipEffects) -> None:
        """A peer is held for something else than before."""
        peer, before = change.peer, change.before
        self._telling.spread(change.spread)
        if before in (None, Status.DEAD) and not self._is_planned:
            self._plan(now)
        if peer.status is before:
            return
        if peer.status is Status.ALIVE:
            effects.emit.append(PeerAlive(peer.id, peer.incarnation))
            if before is not Status.SUSPECT:
                self._checks.add((peer.id,))
            return
        by = NodeId(change.spread.by)
        self.counts.suspicions += 1
        effects.emit.append(PeerSuspected(peer.id, by))
        if by == self._own:
            self._notify(now, effects)
        else:
            self._checks.add((peer.id,))

    def _bury(self, peer: Peer, now: Now, effects: MembershipEffects) -> None:
        self.counts.deaths += 1
        self._telling.spread(Claim(peer.id, peer.incarnation, Status.DEAD, self._own))
        effects.emit.append(PeerDead(peer.id))
        self._probes.end(peer.id)
        self._calls.begin(now)
        if not self._is_planned:
            self._plan(now)

    def _notify(self, now: Now, effects: MembershipEffects) -> None:
        """Tell all, now or in a moment."""
        if self._notices.leaves(len(self.standing), now):
            effects.send.append(Send(None, self._telling.notice()))


_HEARING_NS_MIN = 4_000 * MILLISECOND
"""A peer whose last message is older than this, and than two rounds of turns, is not heard."""

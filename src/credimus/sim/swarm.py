"""Many membership machines and nothing else: a fleet's liveness alone, from one seed.

Some hundred times as fast as whole nodes: enough for hours of a lossy network, and for a hundred
members.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from credimus.kernel.effects import Wake
from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import ID_BYTES, NodeId
from credimus.kernel.instant import Now
from credimus.node.supply import payload_of, read_message
from credimus.protocol.membership.interface import (
    MembershipConfig,
    MembershipEvent,
    MembershipMessage,
    MessageCame,
    PeerDead,
    PeerSuspected,
    RosterChanged,
    Status,
)
from credimus.protocol.membership.machine import Membership, MembershipEffects
from credimus.sim.clock import Agenda, moment
from credimus.sim.network import CALM, Network, Weather


class SwarmConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The make of a swarm."""

    members: int
    weather: Weather = CALM
    skew_ms_max: int = 0
    """How far a wall clock may be ahead or behind, in ms."""
    machine: MembershipConfig = MembershipConfig()


class Seen(msgspec.Struct, frozen=True):
    """An event that one member told."""

    at_ns: int
    place: int
    event: MembershipEvent


class Swarm:
    """All members of one fleet, linked with each other."""

    def __init__(self, config: SwarmConfig, seed: int) -> None:
        self.config = config
        self.agenda = Agenda()
        entropy = Entropy(f"swarm {seed}".encode())
        self._entropy = entropy
        self.network = Network(self.agenda, entropy.stream("network"), self._deliver)
        self.network.weather = config.weather
        names = (
            NodeId(blake2b(b"%d %d" % (seed, n), digest_size=ID_BYTES).digest())
            for n in range(config.members)
        )
        self.members: tuple[NodeId, ...] = tuple(sorted(names))
        self.place = {one: place for place, one in enumerate(self.members)}
        skews = entropy.stream("skews")
        most = config.skew_ms_max
        self._skews = [skews.between(-most, most) for _ in self.members]
        self.machines: list[Membership | None] = [None for _ in self.members]
        self._lives = [0 for _ in self.members]
        self._wakes: list[int | None] = [None for _ in self.members]
        self._slow_until = [0 for _ in self.members]
        self._waiting: list[list[tuple[int, bytes]]] = [[] for _ in self.members]
        self.seen: list[Seen] = []
        self.sizes: Counter[str] = Counter()
        """Bytes sent, by kind of message."""
        self.largest = 0
        """Bytes of the largest message sent."""
        for place in range(config.members):
            self.start(place)

    # --- what happens to members

    def start(self, place: int) -> None:
        """Begin a life; nothing is left of the one before."""
        self._lives[place] += 1
        stream = self._entropy.stream(f"member {place} {self._lives[place]}")
        machine = Membership(self.config.machine, [self.members[place]], stream)
        self.machines[place] = machine
        self._carry_out(place, machine.handle(RosterChanged(self.members), self._now(place)))

    def crash(self, place: int) -> None:
        """End a life."""
        self.machines[place] = None
        self._wakes[place] = None
        self._waiting[place].clear()

    def pause(self, place: int, duration_ns: int) -> None:
        """A member takes no step for a while; what is sent to it waits."""
        until = self.agenda.now_ns + duration_ns
        self._slow_until[place] = until
        self.agenda.at(until, self._resume, place)

    def bring(self, sender: int, receiver: int, message: MembershipMessage) -> None:
        """Let a member hear a message at once, whether or not the sender would say it."""
        self._deliver(sender, receiver, payload_of(message, _no_wires))

    def run_for(self, duration_ns: int) -> None:
        """Let virtual time pass."""
        self.agenda.run_for(duration_ns)

    # --- asking

    def machine(self, place: int) -> Membership:
        """A machine that runs."""
        machine = self.machines[place]
        assert machine is not None  # noqa: S101 - the caller knows
        return machine

    def statuses_of(self, place: int) -> list[Status | None]:
        """What the running others hold of a member."""
        views = (
            machine.peer(self.members[place])
            for other, machine in enumerate(self.machines)
            if machine is not None and other != place
        )
        return [view.status for view in views if view is not None]

    def first_suspected_ns(self, place: int, since_ns: int) -> int | None:
        """How long after a moment the first other suspected a member."""
        return min(self._told(PeerSuspected, place, since_ns), default=None)

    def all_dead_ns(self, place: int, since_ns: int) -> int | None:
        """How long after a moment the last running other held a member for dead."""
        if any(one is not Status.DEAD for one in self.statuses_of(place)):
            return None
        return max(self._told(PeerDead, place, since_ns), default=None)

    # --- private

    def _told(self, kind: type[MembershipEvent], place: int, since_ns: int) -> Sequence[int]:
        return [
            one.at_ns - since_ns
            for one in self.seen
            if isinstance(one.event, kind)
            and one.event.peer == self.members[place]
            and one.at_ns >= since_ns
        ]

    def _now(self, place: int) -> Now:
        return moment(self.agenda.now_ns, self._skews[place])

    def _deliver(self, sender: int, receiver: int, payload: bytes, _: Wake = Wake.NOW) -> None:
        machine = self.machines[receiver]
        if machine is None:
            return
        if self._slow_until[receiver] > self.agenda.now_ns:
            self._waiting[receiver].append((sender, payload))
            return
        came = MessageCame(self.members[sender], read_message(payload))  # type: ignore[arg-type]
        self._carry_out(receiver, machine.handle(came, self._now(receiver)))

    def _resume(self, place: int) -> None:
        """Take what has waited, then look at the time, as a driver does."""
        waiting, self._waiting[place] = self._waiting[place], []
        for sender, payload in waiting:
            self._deliver(sender, place, payload)
        self._tick(place, self._wakes[place])

    def _tick(self, place: int, wake_ns: int | None) -> None:
        machine = self.machines[place]
        if machine is None or wake_ns is None or self._wakes[place] != wake_ns:
            return
        if self._slow_until[place] > self.agenda.now_ns:
            return  # `_resume` comes
        self._wakes[place] = None
        self._carry_out(place, machine.tick(self._now(place)))

    def _carry_out(self, place: int, effects: MembershipEffects) -> None:
        for send in effects.send:
            payload = payload_of(send.message, _no_wires)
            to = range(len(self.members)) if send.to is None else (self.place[send.to],)
            receivers = [one for one in to if one != place]
            self.sizes[type(send.message).__name__] += len(payload) * len(receivers)
            self.largest = max(self.largest, len(payload))
            for receiver in receivers:
                self.network.send(place, receiver, payload)
        self.seen += [Seen(self.agenda.now_ns, place, event) for event in effects.emit]
        machine = self.machines[place]
        due = None if machine is None else machine.deadline()
        if due is not None and (self._wakes[place] is None or self._wakes[place] > due):  # type: ignore[operator]
            wake = max(int(due), self.agenda.now_ns)
            self._wakes[place] = wake
            self.agenda.at(wake, self._tick, place, wake)


def _no_wires(_: Sequence[bytes]) -> list[bytes]:
    return []

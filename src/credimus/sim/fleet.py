"""A fleet of real nodes on simulated computers: one event loop, no clock but its own.

A host takes what has come, steps its node once, writes (which takes time), then sends, then emits;
what it only passes on it sends before it writes. A crash can strike between any two of these.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b

import msgspec

from credimus.kernel.codec import encode
from credimus.kernel.effects import SOON_NS, Send, Wake
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import StorageError, Unavailable, UsageError
from credimus.kernel.ids import fleet_id
from credimus.kernel.instant import MICROSECOND, MILLISECOND, SECOND, Now, is_due
from credimus.node.commands import AdmitMember, AnyCommand
from credimus.node.config import Config
from credimus.node.durability import waits_for_disk
from credimus.node.node import Node, NodeEffects
from credimus.node.supply import Outgoing, payload_of
from credimus.protocol.sync.interface import Blocks, Supply
from credimus.sim.chronicle import Chronicle
from credimus.sim.clock import Agenda
from credimus.sim.fleet_config import FleetConfig
from credimus.sim.host import (
    EvaluatorOf,
    Host,
    Lane,
    MemberKey,
    Order,
    default_members,
    safe_elsewhere,
)
from credimus.sim.network import Network
from credimus.sim.proving import proving
from credimus.sim.watcher import Done, Watcher
from credimus.state.operations import Found

NONCE = b"simulated-fleet!"


class Fleet:
    """All hosts, their network, and the order of events.

    Args:
        members: who is hosted where, founding places first; made from the seed when None.
        evaluator_of: how the node at a place votes in its n-th life; `LocalKnowledge` when None.
    """

    def __init__(
        self,
        config: FleetConfig,
        entropy: Entropy,
        evaluator_of: EvaluatorOf | None = None,
        members: Sequence[Sequence[MemberKey]] | None = None,
    ) -> None:
        self.config = config
        self.agenda = Agenda()
        self.network = Network(self.agenda, entropy.stream("network"), self._deliver)
        self.watchers: list[Watcher] = []
        self.chronicle = Chronicle(self.agenda)
        self.refused: dict[str, int] = {}
        self._evaluator_of = evaluator_of
        self._disks = entropy.stream("disks")
        self._callers = entropy.stream("callers")
        keys = members or default_members(
            config.nodes + config.joiners, config.members_per_node, entropy
        )
        self.hosts = [
            Host(place, entropy.child(f"host-{place}"), own) for place, own in enumerate(keys)
        ]
        articles = tuple(map(encode, config.articles))
        policy = config.left_out_max, config.units_per_s_max
        self.id = fleet_id(self.hosts[0].signers[0].public, NONCE, *policy, articles)
        self.founder = self.hosts[0].id
        """The first node, by the key with which it founded."""
        self._place = {host.id: host.place for host in self.hosts}
        skews = entropy.stream("skews")
        for host in self.hosts:
            host.wall.usual_skew_ms = skews.between(-config.skew_ms_max, config.skew_ms_max)
            host.wall.set_right()
        self._trace = blake2b(digest_size=16)

    # --- asking

    @property
    def up(self) -> list[Host]:
        """The hosts whose node runs, in order."""
        return [host for host in self.hosts if host.node is not None]

    @property
    def places(self) -> range:
        """All places."""
        return range(len(self.hosts))

    def trace_fingerprint(self) -> str:
        """Of every event so far, in hex."""
        return self._trace.hexdigest()

    def agree(self, hosts: Sequence[Host] | None = None) -> bool:
        """Whether these nodes, or all that run, hold the same blocks and the same state."""
        nodes = [host.running for host in (self.up if hosts is None else hosts)]
        first, count = nodes[0].lace.frontier(), nodes[0].lace.beyond_count
        return (
            all(
                node.lace.beyond_count == count and node.lace.frontier() == first
                for node in nodes[1:]
            )
            and len({node.state.fingerprint() for node in nodes}) == 1
        )

    # --- beginning

    def found(self) -> None:
        """Start the first node, admit the other founders' members, and wait until all know."""
        first = self.hosts[0]
        self.start(first)
        public = first.signers[0].public
        policy = self.config.left_out_max, self.config.units_per_s_max
        first.running.found(Found("simulated", NONCE, public, first.members[0].name, "", *policy))
        for article in self.config.articles:
            first.running.authors[0].say(article)
        self.wake(first)
        for host in self.hosts[1 : self.config.nodes]:
            self.start(host)
        self.agenda.run_for(20 * MILLISECOND)
        founding = self.hosts[: self.config.nodes]
        for host in founding:
            self._admit_members(host, 0)
        members = sum(len(host.members) for host in founding)
        while len(first.running.state.roster.current) < members or not self.agree():
            self.agenda.run_for(20 * MILLISECOND)

    def admit(self, place: int, by: int = 0) -> None:
        """Start a computer, if it is down, and have a member admit it."""
        host = self.hosts[place]
        self.start(host)
        self._admit_members(host, by)

    # --- what happens to hosts

    def start(self, host: Host) -> None:
        """Begin a life from what the disk holds; nothing when it is up, or its disk is damaged."""
        if host.node is not None:
            return
        evaluator = self._evaluator_of(host.place, host.life) if self._evaluator_of else None
        now = host.now(self.agenda.now_ns)
        try:
            host.start(self.id, self.config_of(host), evaluator, now)
        except StorageError:
            self._note("refuse", host)
            return
        host.is_waited_for = self._callers.happens(self.config.waited_ppm)
        self._place = {one.id: one.place for one in self.hosts}
        self._note("start", host)
        for watcher in self.watchers:
            watcher.started(host)
        self.wake(host)

    def crash(self, host: Host) -> None:
        """End a life at once: the process alone, or the machine with it."""
        if host.node is not None:
            self._note("crash", host)
            host.stop()
            host.disk.lost_count = 0
            if self._disks.happens(500_000):
                host.disk.lose_power(self._disks.below(host.disk.unsynced_count + 1))

    def replace(self, host: Host) -> None:
        """Give a damaged computer an empty disk and new keys; somebody has yet to admit it."""
        self.crash(host)
        lost = frozenset(host.disk.synced_ids() - safe_elsewhere(host, self.hosts))
        del self._place[host.id]
        host.replace_disk()
        self._place[host.id] = host.place
        self._note("replace", host)
        for watcher in self.watchers:
            watcher.replaced(host, lost)
        self.start(host)

    def pause(self, host: Host, duration_ns: int) -> None:
        """Let a node do nothing for a while; its inbox fills."""
        host.paused_until_ns = max(host.paused_until_ns, self.agenda.now_ns + duration_ns)

    def order(self, place: int, order: Order | AnyCommand) -> None:
        """Hand a command to a node; it is executed in its next step. Lost when it is down."""
        host = self.hosts[place]
        if host.is_stuck:
            self._refuse("disk-full")
        elif host.node is not None:
            host.orders.append(order if callable(order) else _always(order))
            self.wake(host)

    def wake(self, host: Host) -> None:
        """Let a host step as soon as it can."""
        self._wake_at(host, self.agenda.now_ns + _STEP_NS)

    def run_for(self, duration_ns: int) -> None:
        """Let virtual time pass."""
        self.agenda.run_for(duration_ns)

    def config_of(self, host: Host) -> Config:
        """The settings of the node at a place."""
        node, strategies = self.config.node, self.config.strategies
        if not strategies:
            return node
        strategy = strategies[host.place % len(strategies)]
        partition = msgspec.structs.replace(node.partition, strategy=strategy)
        return msgspec.structs.replace(node, partition=partition)

    # --- private

    def _admit_members(self, host: Host, by: int) -> None:
        for name, signer in host.members:
            if signer.node_id != self.founder:  # with a new disk it has to be admitted, too
                self.order(by, AdmitMember(public_key=signer.public, name=name))

    def _deliver(self, sender: int, receiver: int, payload: bytes, wake: Wake) -> None:
        host = self.hosts[receiver]
        if host.hear(self.hosts[sender].id, payload, wake):
            self._note("hear", host, payload)
            if wake is Wake.NOW:
                self.wake(host)
            elif wake is Wake.SOON:
                self._wake_at(host, self.agenda.now_ns + SOON_NS)

    def _wake_at(self, host: Host, time_ns: int) -> None:
        time_ns = max(time_ns, host.paused_until_ns)
        if host.busy or (host.wake_ns is not None and host.wake_ns <= time_ns):
            return
        host.wake_ns = time_ns
        self.agenda.at(time_ns, self._step, host, host.life, time_ns)

    def _step(self, host: Host, life: int, time_ns: int) -> None:
        node = host.node
        if node is None or host.life != life or host.wake_ns != time_ns:
            return
        host.wake_ns = None
        if host.paused_until_ns > self.agenda.now_ns:
            self._wake_at(host, host.paused_until_ns)
            return
        now = host.now(self.agenda.now_ns)
        try:
            busy_ns, effects = self._stepped(host, node, now)
        except StorageError:  # an altered row that a step had to read; the real driver stops too
            self.crash(host)
            return
        self._note("step", host, *(block.id for block in effects.persist))
        done, host.done = host.done, []
        if (effects.persist or effects.remember) and waits_for_disk(effects):
            busy_ns += self._disks.between(self.config.write_ns_min, self.config.write_ns_max)
        if not busy_ns:
            self._carry_out(host, life, effects, done)
            return
        host.busy = True
        self.agenda.after(busy_ns, self._carry_out, host, life, effects, done)

    def _stepped(self, host: Host, node: Node, now: Now) -> tuple[int, NodeEffects]:
        """How long a step, or the half that is next, takes beside the disk, and what it came to."""
        if host.is_amid_step:
            host.is_amid_step = False
            self._execute_all(host, node)
            return 0, node.collect(now)
        busy_ns = host.slow_ns
        if host.calm and node.has_leisure(now):
            host.dropped_count += host.inbox.put(host.calm.take())
        for sender, payload in host.inbox.take():
            ignored_count = node.ignored_count
            node.receive(sender, payload, now)
            if node.ignored_count == ignored_count:
                busy_ns += self.config.take_ns * (1 + len(payload) // 256)
        if not host.is_waited_for:
            self._execute_all(host, node)
        if is_due(node.deadline(), now):
            node.tick(now)
        if host.is_waited_for:
            host.is_amid_step = True
            return busy_ns, node.heard(now)
        return busy_ns, node.collect(now)

    def _execute_all(self, host: Host, node: Node) -> None:
        orders, host.orders = host.orders, []
        for order in orders:
            self._execute(host, node, order)

    def _execute(self, host: Host, node: Node, order: Order) -> None:
        command = order(node)
        if command is None:
            return
        try:
            written = node.execute(command, host.now(self.agenda.now_ns))
        except (UsageError, Unavailable, StorageError) as refusal:
            self._refuse(refusal.code)
        else:
            host.done.append((command, written))

    def _carry_out(self, host: Host, life: int, effects: NodeEffects, done: Done) -> None:
        node = host.node
        if node is None or host.life != life:
            return
        lane = host.crash_at if effects.persist or effects.remember else None
        waits = waits_for_disk(effects)
        if not waits and not self._send_all(host, effects, lane):
            return
        try:
            self._write(host, effects, lane, synced=waits)
        except StorageError:  # held back until there is room; callers are told that it failed
            self._hold_back(host)
            self.agenda.after(_RETRY_NS, self._carry_out, host, life, effects, [])
            return
        is_told = lane not in (Lane.BEFORE_PERSIST, Lane.AFTER_PERSIST)
        if is_told and not self._send_all(host, effects, lane):
            return
        host.busy = host.is_stuck = False
        compaction = node.compacting.waiting
        if compaction is not None and lane in (None, Lane.BEFORE_EMIT):  # sent first, as really
            host.disk.drop(compaction.gone)
            node.compacting.done()
        if lane is not None:
            self.crash(host)
            return
        for watcher in self.watchers:
            watcher.emitted(host, effects, done)
        if host.has_successor:  # as a process whose node took a new key
            host.stop()
            self.start(host)
        else:
            self._go_on(host, node, effects)

    def _go_on(self, host: Host, node: Node, effects: NodeEffects) -> None:
        host.orders += proving(host, effects)
        due = node.deadline()
        if due is not None:
            self._wake_at(host, max(int(due), self.agenda.now_ns + _STEP_NS))
        if host.inbox or host.orders or host.is_amid_step:
            self.wake(host)

    def _hold_back(self, host: Host) -> None:
        if not host.is_stuck:
            self._note("stuck", host)
        host.is_stuck = host.busy = True
        for _ in host.orders:
            self._refuse("disk-full")
        host.orders.clear()

    def _send_all(self, host: Host, effects: NodeEffects, lane: Lane | None) -> bool:
        """Send what is not sent yet; False when a damaged disk stopped the node over it."""
        most = self._disks.below(len(self.hosts)) if lane is Lane.AMID_SENDS else None
        last: object = None
        plain = b""
        sends, effects.sent = () if effects.sent else effects.send, True
        for send in sends:
            try:
                if send.message is not last:  # what goes to several is encoded once
                    last, plain = send.message, payload_of(send.message, host.disk.wires_of)
            except StorageError:  # an altered row was to be sent; the real driver stops too
                self.crash(host)
                return False
            self._send(host, send, host.running.shield.wrapped(plain, send.to), most)
        return True

    def _write(self, host: Host, effects: NodeEffects, lane: Lane | None, *, synced: bool) -> None:
        compaction = host.running.compacting.waiting
        if lane is Lane.BEFORE_PERSIST:
            if compaction and not host.disk.is_full and self._disks.happens(500_000):
                host.disk.keep(compaction.base)
            return
        host.write(effects, compaction and compaction.base, synced=synced)
        for watcher in self.watchers if effects.persist else ():
            watcher.persisted(host, effects.persist)

    def _send(self, host: Host, send: Send[Outgoing], payload: bytes, most: int | None) -> None:
        place = None if send.to is None else self._place.get(send.to)
        to: Iterable[int] = self.places if send.to is None else () if place is None else (place,)
        if host.withheld and isinstance(send.message, Blocks | Supply):
            to = [one for one in to if one not in host.withheld]
        for receiver in [one for one in to if one != host.place][:most]:
            self.network.send(host.place, receiver, payload, send.wake)

    def _refuse(self, code: str) -> None:
        self.refused[code] = self.refused.get(code, 0) + 1

    def _note(self, what: str, host: Host, *parts: bytes) -> None:
        if what not in _COMMON:
            self.chronicle.note(what, host.place)
        trace = self._trace
        trace.update(b"%b %d %d" % (what.encode(), host.place, self.agenda.now_ns))
        for part in parts:
            trace.update(part)


_STEP_NS, _RETRY_NS = 50 * MICROSECOND, SECOND
_COMMON = frozenset({"hear", "step"})


def _always(command: AnyCommand) -> Callable[[Node], AnyCommand]:
    return lambda _: command

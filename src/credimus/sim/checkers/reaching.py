"""What must hold of how blocks spread, as sentences; each is proven by a saboteur."""

from collections import Counter

from credimus.kernel.ids import BlockId, NodeId, short
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.lace.block import Block, Header, block_id, open_wire
from credimus.node.node import NodeEffects
from credimus.protocol.dissemination.interface import (
    DisseminationConfig,
    Enveloped,
    Graft,
    Push,
    Relay,
)
from credimus.sim.checkers.checker import Checker, Watch
from credimus.sim.checkers.judge import Judge
from credimus.sim.host import Host
from credimus.sim.network import Weather
from credimus.sim.watcher import Done

REACHED_NS = 3 * SECOND
"""After so long a block is with all that run and are linked, whatever was lost. [guess: three
beacons]"""
REACHED_QUICKLY_NS = 700 * MILLISECOND
"""The same where nothing is lost and nobody failed: before the first beacon shows it. [guess: low
urgency waits for 0.2 s, and may be asked for 0.2 s later]"""
SETTLED_NS = 5 * SECOND
"""After so long a node that nothing hindered has found its neighbours. [measured: 2 s at most]"""


class a_block_reaches_all_that_can_be_reached(Judge):  # noqa: N801 - a sentence
    """What a node has sealed is soon with all that run and are linked; sooner than a pull would
    bring it when nothing is lost."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._sealed: dict[BlockId, tuple[Host, int, Header]] = {}

    def noted(self, host: Host, block: Block) -> None:
        """Remember when its author made a block durable."""
        if block.author == host.id:
            self._sealed[block.id] = host, self.watch.fleet.agenda.now_ns, block.header

    def sample(self) -> None:
        """Look for every block that is old enough, once."""
        super().sample()
        fleet = self.watch.fleet
        quick = _is_kind(fleet.network.weather) and all(
            self.ran(host, REACHED_NS) for host in fleet.hosts if host.life
        )
        within_ns = REACHED_QUICKLY_NS if quick else REACHED_NS
        for identifier, (author, at_ns, header) in list(self._sealed.items()):
            age_ns = fleet.agenda.now_ns - at_ns
            if age_ns < within_ns:
                break
            del self._sealed[identifier]
            if not self.was_whole(age_ns + REACHED_NS) or not self.ran(author, age_ns):
                continue
            for host in fleet.up:
                node = host.running
                if (
                    self.ran(host, age_ns + SETTLED_NS)
                    and host.id in node.state.roster.current  # who has left is told by chance
                    and identifier not in node.lace
                    and not node.lace.is_below(header.author, header.sequence)
                ):
                    self.fail(
                        f"node {host.place} lacks block {short(identifier)} of node "
                        f"{author.place}, {age_ns // MILLISECOND} ms old"
                    )


class no_message_travels_in_a_loop(Checker):  # noqa: N801 - a sentence
    """A relayed message never comes where it was; nobody pushes a block twice to one neighbour,
    unless that asks for it again, or the network brings what it asked twice. Who lies, or in whose
    name others do, may ask as often as it is served."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._pushed: Counter[tuple[NodeId, int, NodeId, bytes]] = Counter()
        self._asked: Counter[tuple[NodeId, NodeId, bytes]] = Counter()

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Look at all that a step sent."""
        copies = 2 if self.watch.fleet.network.weather.duplicate_ppm else 1
        for send in effects.send:
            to, message = send.to, send.message
            if to is None:
                continue
            match message:
                case Relay(path=path) | Enveloped(path=path):
                    if to in path or len(set(path)) < len(path) or path[-1] != host.id:
                        self.fail(f"node {host.place} relays to {short(to)} on a path with it")
                case Graft(ids, deliver):
                    for one in ids if deliver else ():
                        self._asked[host.id, to, one] += copies
                case Push(items):
                    for item in items:
                        self._look(host, to, block_id(open_wire(item.wire).header), item.hops)
                case _:
                    pass

    def _look(self, host: Host, to: NodeId, identifier: BlockId, hops: int) -> None:
        key = host.id, host.life, to, identifier[:8]
        self._pushed[key] += 1
        again = self._pushed[key] - 1
        if again > self._asked[to, host.id, identifier[:8]] and (
            again > _SERVED_MAX or not self._may_ask_unseen(to)
        ):
            self.fail(f"node {host.place} pushes block {short(identifier)} to {short(to)} again")
        if hops > len(self.watch.fleet.hosts):
            self.fail(f"block {short(identifier)} has passed {hops} links")

    def _may_ask_unseen(self, member: NodeId) -> bool:
        watch = self.watch
        return not watch.names_are_sound or any(
            host.lies and member in host.ids for host in watch.fleet.hosts
        )


class no_node_has_too_many_neighbours(Checker):  # noqa: N801 - a sentence
    """At no moment that is looked at does a node have more neighbours than its settings allow."""

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Count after each step."""
        count = len(host.running.spreading.machine.overlay)
        if count > self.watch.fleet.config.node.dissemination.degree_max:
            self.fail(f"node {host.place} has {count} neighbours")


class a_node_keeps_enough_neighbours(Judge):  # noqa: N801 - a sentence
    """In a fleet that is large enough, and calm, every node has the least number of neighbours."""

    def sample(self) -> None:
        """Look at everybody."""
        super().sample()
        fleet = self.watch.fleet
        least = fleet.config.node.dissemination.degree_min
        if not self.was_whole(SETTLED_NS) or not all(
            self.ran(host, SETTLED_NS) for host in fleet.hosts if host.life
        ):
            return
        for host in fleet.up:
            machine = host.running.spreading.machine
            if machine.is_active and len(machine.overlay) < least:
                self.fail(f"node {host.place} has {len(machine.overlay)} neighbours")


_SERVED_MAX = DisseminationConfig().grafts_max
"""How often a neighbour is given a block that it asks for."""


def _is_kind(weather: Weather) -> bool:
    """Whether messages all arrive, and soon."""
    return not (weather.loss_ppm or weather.slow_ppm or weather.long_tail) and (
        weather.delay_us_max <= _SOON_US
    )


_SOON_US = 10_000

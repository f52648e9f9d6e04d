"""What must hold of who is held for alive, as sentences; each is proven by a saboteur."""

from collections.abc import Sequence

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND
from credimus.kernel.limits import SMALL_FLEET_MAX
from credimus.node.node import Node, NodeEffects
from credimus.protocol.membership.interface import PeerDead, Status
from credimus.protocol.partition.interface import Level, PartitionConfig
from credimus.protocol.partition.levels import level_of
from credimus.sim.checkers.checker import Checker, Watch
from credimus.sim.checkers.judge import Judge
from credimus.sim.checkers.reaching import (
    a_block_reaches_all_that_can_be_reached,
    a_node_keeps_enough_neighbours,
)
from credimus.sim.faults import Crash, Partition, Pause
from credimus.sim.host import Host
from credimus.sim.network import Link
from credimus.sim.scenario import Scenario
from credimus.sim.watcher import Done

NOTICED_NS = 5 * SECOND
"""After so long a crash is known to all. [measured: 3 s at most, clocks off by up to 250 ms]"""
CALM_NS = 3 * SECOND
"""After so long no trouble of before is an excuse. [guess: the shortest way from doubt to death]"""


STEADY_NS = 8 * SECOND
"""After so long without a change of links or lives the level says how it is. [measured: 3.5 s; a
sample may be half a second late]"""
STEADY_LARGE_NS = 10 * SECOND
"""The same in a fleet of more than twelve members. [measured: 9 s, for a few cut off from many]"""


class the_dead_are_noticed(Judge):  # noqa: N801 - a sentence
    """Who is down is dead to all whom nothing hindered from noticing."""

    def sample(self) -> None:
        """Ask everybody about those who are down."""
        super().sample()
        fleet = self.watch.fleet
        if not self.was_whole(NOTICED_NS):
            return
        for host in fleet.hosts:
            since_ns = self._down_since.get(host.id)
            if since_ns is None or fleet.agenda.now_ns - since_ns < NOTICED_NS:
                continue
            for other in fleet.up:
                view = other.running.membership.peer(host.id)
                if view is None or view.status in (None, Status.DEAD):
                    continue
                if self.ran(other, NOTICED_NS):
                    self.fail(f"node {other.place}: node {host.place} is down, not {view.word}")


class the_living_are_not_declared_dead(Judge):  # noqa: N801 - a sentence
    """Nobody dies who runs and is linked with those who say so, however many messages are lost."""

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Look at everybody who was declared dead."""
        dead = [event.peer for event in effects.emit if isinstance(event, PeerDead)]
        for other in self.watch.fleet.hosts if dead else ():
            if (
                other.id in dead
                and self.was_whole(CALM_NS)
                and self.ran(other, CALM_NS)
                and self.ran(host, CALM_NS)
            ):
                self.fail(f"node {host.place} declares node {other.place} dead, which runs")


class a_partition_is_noticed_and_told_healed(Judge):  # noqa: N801 - a sentence
    """Where links, lives and rosters have not changed for long, every node's level says how it
    is."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._before: tuple[frozenset[Link], frozenset[tuple[NodeId, bytes]]]
        self._before = frozenset(), frozenset()
        self._same_since = 0

    def sample(self) -> None:
        """Compare every level with the network itself."""
        super().sample()
        fleet = self.watch.fleet
        cut, up = fleet.network.cut_links, fleet.up
        lives = ((host.id, host.running.state.roster.current.key) for host in up)
        seen = cut, frozenset(lives)
        if seen != self._before:
            self._before, self._same_since = seen, fleet.agenda.now_ns
        is_large = any(len(one.running.state.roster.current) > SMALL_FLEET_MAX for one in up)
        steady_ns = STEADY_LARGE_NS if is_large else STEADY_NS
        if fleet.agenda.now_ns - self._same_since < steady_ns:
            return
        if all(self.ran(host, steady_ns) for host in up):
            for host in up:
                self._compare(host, _group(host, up, cut))

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """At rest nobody speaks of a split any more, but for members whose host has left."""
        for host in self.watch.honest:
            roster = host.running.state.roster.current
            if all(other.id in roster for other in self.watch.fleet.hosts if other.node):
                level = host.running.partition.level
                if level is not Level.NONE:
                    self.fail(f"node {host.place}: {host.running.partition.reason}, at rest")

    def _compare(self, host: Host, group: Sequence[Host]) -> None:
        node = host.running
        roster = node.state.roster.current
        if node.id not in roster:
            return
        near = {signer.node_id for one in group if one.id in roster for signer in one.signers}
        members = [one for one in roster.by_id if one in near or _was_there(node, one)]
        reachable = sum(one in near for one in members)
        level = level_of(reachable, len(members), PartitionConfig())
        if node.partition.level is not level:
            self.fail(
                f"node {host.place}: {reachable} of {len(members)} members can be reached, and it "
                f"says {node.partition.level.word}: {node.partition.reason}"
            )


LIVENESS: tuple[type[Checker], ...] = (
    the_dead_are_noticed,
    the_living_are_not_declared_dead,
    a_partition_is_noticed_and_told_healed,
    a_block_reaches_all_that_can_be_reached,
    a_node_keeps_enough_neighbours,
)


def may_be_judged(scenario: Scenario) -> bool:
    """Whether these sentences say something of a scenario.

    Who lies may spread rumours of deaths, and a node whose single links are bad, whose steps are
    slow, or whose clock runs astray may rightly be taken for dead: `is_whole` sees only cuts.
    """
    plain = all(isinstance(fault, Crash | Partition | Pause) for fault in scenario.faults)
    return plain and not scenario.liars


def _was_there(node: Node, member: NodeId) -> bool:
    """Whether a member has ever been heard of, or has written."""
    peer = node.membership.peer(member)
    return node.lace.head(member) is not None or (peer is not None and peer.status is not None)


def _group(host: Host, up: Sequence[Host], cut: frozenset[Link]) -> list[Host]:
    """The hosts whose messages come to one and its to them, through others if need be."""
    ways = [
        {one: [other for other in up if _link(one, other, forth) not in cut] for one in up}
        for forth in (True, False)
    ]
    found = []
    for edges in ways:
        seen, ahead = {host.place}, [host]
        while ahead:
            for other in edges[ahead.pop()]:
                if other.place not in seen:
                    seen.add(other.place)
                    ahead.append(other)
        found.append(seen)
    return [one for one in up if one.place in found[0] & found[1]]


def _link(one: Host, other: Host, forth: bool) -> Link:
    return (one.place, other.place) if forth else (other.place, one.place)

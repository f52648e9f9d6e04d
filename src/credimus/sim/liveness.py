"""What must hold of who is held for alive, as sentences; each is proven by a saboteur."""

from credimus.kernel.instant import SECOND
from credimus.node.node import NodeEffects
from credimus.protocol.membership.interface import PeerDead, Status
from credimus.sim.checker import Checker
from credimus.sim.faults import Crash, Partition, Pause
from credimus.sim.fleet import Done
from credimus.sim.host import Host
from credimus.sim.judge import Judge
from credimus.sim.reaching import (
    a_block_reaches_all_that_can_be_reached,
    a_node_keeps_enough_neighbours,
)
from credimus.sim.scenario import Scenario

NOTICED_NS = 5 * SECOND
"""After so long a crash is known to all. [measured: 3 s at most, clocks off by up to 250 ms]"""
CALM_NS = 3 * SECOND
"""After so long no trouble of before is an excuse. [guess: the shortest way from doubt to death]"""


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


LIVENESS: tuple[type[Checker], ...] = (
    the_dead_are_noticed,
    the_living_are_not_declared_dead,
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

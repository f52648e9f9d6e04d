"""What must hold of who is held for alive, as sentences; each is proven by a saboteur."""

from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND
from credimus.node.node import NodeEffects
from credimus.protocol.membership.interface import PeerDead, Status
from credimus.sim.checkers import Checker, Watch
from credimus.sim.fleet import Done
from credimus.sim.host import Host

NOTICED_NS = 5 * SECOND
"""After so long a crash is known to all. [measured: 3 s at most, clocks off by up to 250 ms]"""
CALM_NS = 3 * SECOND
"""After so long no trouble of before is an excuse. [guess: the shortest way from doubt to death]"""


class _Judge(Checker):
    """Knows since when each host runs without a break, is down, and the network is whole."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._whole_since = 0
        self._running_since: dict[NodeId, int] = {}
        self._down_since: dict[NodeId, int] = {}

    def started(self, host: Host) -> None:
        """A life begins."""
        now_ns = self.watch.fleet.agenda.now_ns
        self._running_since[host.id] = now_ns
        self._down_since.pop(host.id, None)

    def sample(self) -> None:
        """Look who is down or paused, and whether links are cut."""
        fleet = self.watch.fleet
        now_ns = fleet.agenda.now_ns
        if not fleet.network.is_whole:
            self._whole_since = now_ns
        for host in fleet.hosts:
            if host.node is None:
                self._down_since.setdefault(host.id, now_ns)
            elif host.paused_until_ns > self._running_since.get(host.id, 0):
                self._running_since[host.id] = host.paused_until_ns

    def ran(self, host: Host, for_ns: int) -> bool:
        """Whether a host has run so long without a break."""
        since_ns = max(self._running_since.get(host.id, 0), host.paused_until_ns)
        return host.node is not None and self.watch.fleet.agenda.now_ns - since_ns >= for_ns

    def was_whole(self, for_ns: int) -> bool:
        """Whether all links have been whole so long."""
        network, now_ns = self.watch.fleet.network, self.watch.fleet.agenda.now_ns
        return network.is_whole and now_ns - self._whole_since >= for_ns


class the_dead_are_noticed(_Judge):  # noqa: N801 - a sentence
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


class the_living_are_not_declared_dead(_Judge):  # noqa: N801 - a sentence
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


LIVENESS: tuple[type[Checker], ...] = (the_dead_are_noticed, the_living_are_not_declared_dead)

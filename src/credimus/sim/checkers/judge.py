"""What sentences about liveness have in common: nobody is blamed for what trouble hindered."""

from credimus.kernel.ids import NodeId
from credimus.sim.checkers.checker import Checker, Watch
from credimus.sim.host import Host


class Judge(Checker):
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

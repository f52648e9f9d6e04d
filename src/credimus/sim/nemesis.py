"""Brings about the faults of a scenario, each from its own stream, and ends them all on request."""

from credimus.kernel.entropy import Entropy
from credimus.sim.faults.fault import Scene
from credimus.sim.fleet import Fleet
from credimus.sim.network import CALM
from credimus.sim.operator import repair
from credimus.sim.scenario import Scenario


class Nemesis:
    """The troubles of one run."""

    def __init__(self, fleet: Fleet, entropy: Entropy, scenario: Scenario) -> None:
        self._fleet = fleet
        self._entropy = entropy
        self._scenario = scenario
        for host in fleet.hosts[1 : 1 + scenario.liars]:
            host.lies = True
        self._scenes: list[Scene] = []

    @property
    def strike_count(self) -> int:
        """How often some fault struck."""
        return sum(scene.strike_count for scene in self._scenes)

    def rage(self) -> None:
        """Begin."""
        self._fleet.network.weather = self._scenario.weather
        seen: dict[str, int] = {}
        for fault in self._scenario.faults:
            number = seen[fault.kind] = seen.get(fault.kind, 0) + 1
            stream = self._entropy.stream(f"{fault.kind} {number}")
            scene = Scene(self._fleet, stream)
            self._scenes.append(scene)
            fault.begin(scene)

    def rest(self) -> None:
        """End all trouble: the network is whole, clocks are right, disks sound, every node runs."""
        fleet = self._fleet
        for scene in self._scenes:
            scene.rest()
        fleet.network.weather = CALM
        fleet.network.heal()
        fleet.chronicle.note("healed")
        for host in fleet.hosts:
            host.crash_at = None
            host.paused_until_ns = host.slow_ns = 0
            host.withheld, host.tape = frozenset(), None
            host.wall.set_right()
            host.disk.is_full = False
            if host.disk.is_damaged:
                fleet.crash(host)
                repair(fleet, host)
            elif host.node is None and host.life:
                fleet.start(host)
            elif host.node is not None:
                fleet.wake(host)

"""A member that floods harms nobody but itself: the others hardly notice."""

from statistics import median

import pytest

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import BeliefId, NodeId
from credimus.kernel.instant import MICROSECOND, MILLISECOND
from credimus.node.commands import AssertBelief
from credimus.node.events import PeerFaulted
from credimus.node.node import NodeEffects
from credimus.protocol.guard.interface import PeerIgnored
from credimus.protocol.vigilance.interface import MemberQuarantined
from credimus.sim.faults import Hail, Torrent
from credimus.sim.faults.fault import Fault, Scene
from credimus.sim.fleet import Fleet
from credimus.sim.fleet_config import FleetConfig
from credimus.sim.host import Host
from credimus.sim.measuring import percentile
from credimus.sim.profiles import scenario_of
from credimus.sim.run import simulate
from credimus.sim.watcher import Done
from credimus.state.events import RoundDecided

LIAR = 1
STATEMENTS = 60
PAUSE_MS = 50


class Stopwatch:
    """How long each statement took, from its order to its verdict at the node that made it."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.began: dict[tuple[NodeId, str], int] = {}
        self._asked: dict[tuple[NodeId, BeliefId], int] = {}
        self.took_ms: list[float] = []
        self.codes: set[str] = set()
        self.ignored: set[NodeId] = set()

    def persisted(self, *_: object) -> None: ...

    def started(self, *_: object) -> None: ...

    def replaced(self, *_: object) -> None: ...

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:
        now_ns = self._fleet.agenda.now_ns
        for command, written in done:
            if isinstance(command, AssertBelief) and written.belief is not None:
                began = self.began[host.id, command.content]
                self._asked[host.id, written.belief] = began
        for event in effects.emit:
            if isinstance(event, RoundDecided) and (host.id, event.belief) in self._asked:
                began = self._asked.pop((host.id, event.belief))
                self.took_ms.append((now_ns - began) / MILLISECOND)
            elif isinstance(event, PeerFaulted) and not host.lies:
                self.codes.add(event.code)
            elif isinstance(event, PeerIgnored) and not host.lies:
                self.ignored.add(event.peer)
            elif isinstance(event, MemberQuarantined) and not host.lies:
                self.ignored.add(event.member)


def played(*faults: Fault, statements: int = STATEMENTS) -> tuple[Fleet, Stopwatch]:
    """A fleet of five in which the honest four state something every so often."""
    config = FleetConfig(nodes=5, units_per_s_max=100, take_ns=20 * MICROSECOND)
    fleet = Fleet(config, Entropy(b"floods"))
    fleet.found()
    fleet.hosts[LIAR].lies = True
    watch = Stopwatch(fleet)
    fleet.watchers.append(watch)
    for number, fault in enumerate(faults):
        fault.begin(Scene(fleet, Entropy(b"faults").stream(f"{number}")))
    honest = [host for host in fleet.hosts if not host.lies]
    for number in range(statements):
        host = honest[number % len(honest)]
        content = f"gauge {number} is low"
        watch.began[host.id, content] = fleet.agenda.now_ns
        fleet.order(host.place, AssertBelief(content=content, category="observation"))
        fleet.run_for(PAUSE_MS * MILLISECOND)
    fleet.run_for(500 * MILLISECOND)
    return fleet, watch


FLOODS = (Torrent(every_ms=500, times=100), Hail(every_ms=300))


@pytest.fixture(scope="module")
def calm() -> Stopwatch:
    """The same fleet, with nobody who floods."""
    return played()[1]


@pytest.mark.parametrize("faults", [FLOODS, (Hail(every_ms=50),)], ids=["both", "hail"])
def test_a_flood_of_a_hundred_times_the_limit_at_most_doubles_honest_latency(
    calm: Stopwatch, faults: tuple[Fault, ...]
) -> None:
    """The median, and the ninth decile; of messages too, which nothing forbids."""
    _, flooded = played(*faults)
    assert len(calm.took_ms) == len(flooded.took_ms) == STATEMENTS, "all were decided"
    assert median(flooded.took_ms) <= 2 * median(calm.took_ms)
    assert percentile(flooded.took_ms, 90) <= 2 * percentile(calm.took_ms, 90)
    assert ("over-limit" in flooded.codes) == (faults is FLOODS)
    assert not calm.codes


def test_a_flooder_is_ignored_for_a_while_and_nobody_else() -> None:
    fleet, watch = played(Torrent(every_ms=200), Hail(every_ms=200), statements=20)
    assert watch.ignored <= {fleet.hosts[LIAR].id}
    assert watch.ignored, "somebody had enough of it"


@pytest.mark.parametrize("seed", [1, 2])
def test_a_flooded_fleet_keeps_every_promise_and_comes_together(seed: int) -> None:
    report = simulate(scenario_of("flood", seed, duration_ms=2_000, statements=20))
    assert report.violations == ()
    assert 0 <= report.healed_s < 10

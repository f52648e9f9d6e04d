"""One simulated run: a safety phase under faults, then a liveness phase after the last of them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias

import msgspec

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import CredimusError
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.lace.block import Block
from credimus.node.config import Config
from credimus.node.node import NodeEffects
from credimus.protocol.voting.interface import Evaluator, VotingConfig
from credimus.sim.checkers import ALL, Checker, Violation, Watch, healed_fleet_converges
from credimus.sim.fleet import Done, Fleet, FleetConfig
from credimus.sim.host import Host
from credimus.sim.liveness import LIVENESS
from credimus.sim.nemesis import LIAR, Nemesis
from credimus.sim.profiles import profile_named
from credimus.sim.saboteurs import a_node_that_votes_twice
from credimus.sim.workload import Moody, Workload
from credimus.state.verdict import Verdict

Sabotage: TypeAlias = Callable[[Fleet], AbstractContextManager[None]]

_VOTING = VotingConfig(timeout_ms=1_500, aggregation_ms=500)
_BUGS = (CredimusError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError,
         ValueError)  # fmt: skip
_SAMPLE_NS = 500 * MILLISECOND
_LOOK_NS = 50 * MILLISECOND


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What a run consists of."""

    seed: int
    profile: str = "storm"
    nodes: int = 5
    """Founding computers. Range 3 and up."""
    statements: int = 60
    """Groups of commands given to the fleet during the safety phase."""
    safety_s: int = 8
    """Virtual seconds under faults."""
    liveness_s: int = 90
    """Virtual seconds in which a healed fleet must come to rest."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to."""

    seed: int
    profile: str
    nodes: int
    violations: tuple[Violation, ...]
    fingerprint: str
    """Of the first node's final state, hex; of all nodes when there are no violations."""
    trace_fingerprint: str
    """Of every event of the run, hex."""
    healed_s: float
    """Virtual seconds from the last fault to equal states; -1 when they never were."""
    virtual_s: float
    """Virtual seconds in all."""
    messages: int
    bytes: int
    crashes: int
    beliefs: int
    decided: int
    repeat: str
    """The line that repeats this run."""

    @property
    def line(self) -> str:
        """One line that says it all."""
        kept = "ok" if not self.violations else f"{len(self.violations)} VIOLATIONS"
        return (
            f"seed {self.seed} {self.profile}: {kept}, {self.decided} of {self.beliefs} beliefs "
            f"decided, healed in {self.healed_s:.1f} s, {self.crashes} crashes, "
            f"{self.messages} messages, trace {self.trace_fingerprint[:12]}"
        )


def simulate(scenario: Scenario, sabotage: Sabotage | None = None) -> Report:
    """Run a fleet under faults, heal it, and say what did not hold.

    The same scenario gives the same report, event for event.
    """
    run = _Run(scenario)
    lying = a_node_that_votes_twice(run.fleet) if run.lying else nullcontext()
    with lying, sabotage(run.fleet) if sabotage else nullcontext():
        try:
            run.play()
        except _BUGS as problem:
            run.broke(problem)
    return run.report()


class _Run:
    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        entropy = Entropy(f"simulation {scenario.seed} {scenario.profile}".encode())
        self._entropy = entropy
        draws = entropy.stream("scenario")
        self._moody = draws.happens(750_000)
        self._joining = draws.happens(400_000)
        self._leaving = draws.happens(250_000)
        config = FleetConfig(
            nodes=scenario.nodes,
            joiners=int(self._joining),
            members_per_node=2 if draws.happens(250_000) else 1,
            node=Config(voting=_VOTING),
        )
        self.fleet = Fleet(config, entropy.child("fleet"), self._evaluator_of)
        self._watch = Watch(self.fleet)
        self._checkers = [kind(self._watch) for kind in (*ALL, *LIVENESS)]
        self.fleet.watchers.append(_Board(self._checkers))
        profile = profile_named(scenario.profile)
        self.lying = profile.lying
        if profile.lying or profile.stack_period_ns:
            self._watch.liars = (self.fleet.hosts[LIAR].id,)
        self._nemesis = Nemesis(self.fleet, entropy.stream("nemesis"), profile)
        self._healed_s = -1.0

    def play(self) -> None:
        """The whole run."""
        fleet, scenario = self.fleet, self._scenario
        duration_ns = scenario.safety_s * SECOND
        fleet.found()
        Workload(fleet, self._entropy.stream("workload"), self._leaving).spread(
            scenario.statements, duration_ns
        )
        if self._joining:
            fleet.agenda.after(duration_ns // 3, fleet.admit, scenario.nodes)
        self._nemesis.rage()
        until_ns = fleet.agenda.now_ns + duration_ns
        while fleet.agenda.now_ns < until_ns:
            fleet.run_for(_SAMPLE_NS)
            for checker in self._checkers:
                checker.sample()
        self._nemesis.rest()
        self._live()
        for checker in self._checkers:
            checker.finish(self._entropy.stream("orders"))

    def broke(self, problem: Exception) -> None:
        """Note an exception that no step may raise."""
        at_ns = self.fleet.agenda.now_ns
        self._watch.violations.append(Violation("a_step_never_raises", at_ns, repr(problem)))

    def report(self) -> Report:
        """What it came to."""
        fleet, scenario = self.fleet, self._scenario
        nodes = [host.running for host in fleet.up]
        state = nodes[0].state if nodes else None
        rounds = list(state.rounds) if state else []
        return Report(
            seed=scenario.seed,
            profile=scenario.profile,
            nodes=scenario.nodes,
            violations=tuple(self._watch.violations),
            fingerprint=state.fingerprint().hex() if state else "",
            trace_fingerprint=fleet.trace_fingerprint(),
            healed_s=self._healed_s,
            virtual_s=fleet.agenda.now_ns / SECOND,
            messages=fleet.network.message_count,
            bytes=fleet.network.byte_count,
            crashes=sum(host.life - 1 for host in fleet.hosts if host.life),
            beliefs=len(state.beliefs) if state else 0,
            decided=len({found.belief for found in rounds if found.verdict.decided}),
            repeat=(
                f"python -m credimus.sim.sweep --first {scenario.seed} --seeds 1 "
                f"--profiles {scenario.profile} --nodes {scenario.nodes} "
                f"--statements {scenario.statements}"
            ),
        )

    def _evaluator_of(self, place: int, life: int) -> Evaluator | None:
        if not self._moody:
            return None
        return Moody(self._entropy.stream(f"mood {place} {life}"))

    def _live(self) -> None:
        """Let the healed fleet come to rest: equal states, and every round at an end."""
        fleet = self.fleet
        healed_ns = fleet.agenda.now_ns
        until_ns = healed_ns + self._scenario.liveness_s * SECOND
        while fleet.agenda.now_ns < until_ns:
            fleet.run_for(_LOOK_NS)
            if self._healed_s >= 0 and _open_rounds(fleet):
                continue
            if not _same_blocks(fleet) or not fleet.agree():
                continue
            if self._healed_s < 0:
                self._healed_s = (fleet.agenda.now_ns - healed_ns) / SECOND
            if not _open_rounds(fleet):
                return
        liveness = next(one for one in self._checkers if isinstance(one, healed_fleet_converges))
        sizes = [len(host.running.lace) for host in fleet.up]
        liveness.fail(
            f"{self._scenario.liveness_s} s after the last fault: {sizes} blocks, "
            f"{_open_rounds(fleet)} open rounds"
        )


class _Board:
    """Passes what the fleet does on to all checkers."""

    def __init__(self, checkers: Sequence[Checker]) -> None:
        self._checkers = checkers

    def persisted(self, host: Host, blocks: Sequence[Block]) -> None:
        for block in blocks:
            for checker in self._checkers:
                checker.noted(host, block)

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:
        for checker in self._checkers:
            checker.emitted(host, effects, done)

    def started(self, host: Host) -> None:
        for checker in self._checkers:
            checker.started(host)


def _same_blocks(fleet: Fleet) -> bool:
    return len({len(host.running.lace) for host in fleet.up}) == 1


def _open_rounds(fleet: Fleet) -> int:
    return sum(found.verdict is Verdict.OPEN for found in fleet.up[0].running.state.rounds)

"""One simulated run: a safety phase under faults, then a liveness phase after the last of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias

import msgspec

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import CredimusError
from credimus.kernel.instant import MICROSECOND, MILLISECOND, SECOND
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.checkpointing.interface import CheckpointConfig
from credimus.protocol.delivery.interface import DeliveryConfig
from credimus.protocol.partition.interface import Level
from credimus.protocol.recovery.interface import RecoveryConfig
from credimus.protocol.vigilance.interface import VigilanceConfig
from credimus.protocol.voting.interface import Evaluator, VotingConfig
from credimus.protocol.vouching.interface import VouchingConfig
from credimus.sim.checkers.agreement import healed_fleet_converges
from credimus.sim.checkers.checker import Board, Violation, Watch
from credimus.sim.checkers.delivering import DELIVERING
from credimus.sim.checkers.liveness import LIVENESS, may_be_judged
from credimus.sim.checkers.membering import unexposed
from credimus.sim.checkers.recovering import is_recovering
from credimus.sim.checkers.reunions import is_reuniting
from credimus.sim.checkers.table import ALL
from credimus.sim.checkers.vigilant import unnoticed
from credimus.sim.chronicle import Progress, Slice
from credimus.sim.faults import ClockDrift, ClockJump, Impersonate
from credimus.sim.fleet import Fleet
from credimus.sim.fleet_config import FleetConfig
from credimus.sim.host import Host
from credimus.sim.nemesis import Nemesis
from credimus.sim.once import signatures_checked_once
from credimus.sim.operator import is_outside, join
from credimus.sim.posting import Posting, undelivered
from credimus.sim.profiles import repeat_line
from credimus.sim.scenario import Scenario
from credimus.sim.workload import Moody, Workload
from credimus.state.fleet import FleetState
from credimus.state.member_operations import AdmissionRule, Charter, Limit
from credimus.state.operations import Strategy
from credimus.state.voting.verdict import Verdict

Sabotage: TypeAlias = Callable[[Fleet], AbstractContextManager[None]]
Told: TypeAlias = Callable[[int, int], None]
"""Hears how many virtual ms of a run are over, and of how many at most."""

_VOTING = VotingConfig(timeout_ms=1_500, aggregation_ms=500)
_DELIVERY = DeliveryConfig(patience_ns_max=SECOND)
_VIGILANCE = VigilanceConfig(claim_period_ns=2 * SECOND, quiet_ns=100 * MILLISECOND)
_BUGS = (CredimusError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError,
         ValueError)  # fmt: skip
_SAMPLE_NS = 500 * MILLISECOND
_SAMPLES_MAX = 200
_LOOK_NS = 50 * MILLISECOND
_SLICES = 16


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to."""

    seed: int
    profile: str
    """The scenario's name."""
    nodes: int
    violations: tuple[Violation, ...]
    fingerprint: str
    """Of the first honest node's final state, hex; of all of them when there are no violations."""
    trace_fingerprint: str
    """Of every event of the run, hex."""
    healed_s: float
    """Virtual seconds from the last fault to equal states; -1 when they never were."""
    virtual_s: float
    """Virtual seconds in all."""
    messages: int
    bytes: int
    lost: int
    """Messages that never arrived."""
    strikes: int
    """How often some fault struck."""
    crashes: int
    disks_replaced: int
    beliefs: int
    decided: int
    timeline: tuple[Slice, ...]
    repeat: str
    """The line that repeats this run."""

    @property
    def node_s(self) -> float:
        """Simulated node-seconds."""
        return self.virtual_s * self.nodes

    @property
    def line(self) -> str:
        """One line that says it all."""
        kept = "ok" if not self.violations else f"{len(self.violations)} VIOLATIONS"
        return (
            f"seed {self.seed} {self.profile}: {kept}, {self.decided} of {self.beliefs} beliefs "
            f"decided, healed in {self.healed_s:.1f} s, {self.strikes} faults, "
            f"{self.messages} messages, trace {self.trace_fingerprint[:12]}"
        )


def simulate(
    scenario: Scenario,
    sabotage: Sabotage | None = None,
    told: Told | None = None,
    sought: str | None = None,
) -> Report:
    """Run a fleet under faults, heal it, and say what did not hold.

    The same scenario gives the same report, event for event.

    Args:
        sought: a checker whose first violation ends the run: the report is of the run so far.
    """
    run = _Run(scenario, told, sought)
    with signatures_checked_once(), sabotage(run.fleet) if sabotage else nullcontext():
        try:
            run.play()
        except _BUGS as problem:
            run.broke(problem)
    return run.report()


class _Run:
    def __init__(self, scenario: Scenario, told: Told | None, sought: str | None) -> None:
        self._scenario = scenario
        self._told = told
        self._sought = sought
        self._entropy = entropy = Entropy(f"simulation {scenario.seed}".encode())
        config = FleetConfig(
            nodes=scenario.nodes,
            joiners=scenario.joiners,
            members_per_node=scenario.members_per_node,
            node=Config(
                voting=_VOTING,
                delivery=_DELIVERY,
                vigilance=_VIGILANCE,
                skew_ms_max=scenario.skew_accepted_ms,
                checkpoints=_checkpoints(scenario),
                vouching=_vouching(scenario),
                recovery=RecoveryConfig(counts_hosted=scenario.members_per_node > 1),
            ),
            skew_ms_max=scenario.skew_ms_max,
            charter=Charter(AdmissionRule.FOUNDER) if scenario.led else None,
            left_out_max=scenario.left_out_ppm,
            strategies=tuple(Strategy) if scenario.left_out_ppm else (),
            units_per_s_max=scenario.units_per_s_max,
            limit=Limit(scenario.category_limits) if scenario.category_limits else None,
            waited_ppm=scenario.waited_ppm,
            take_ns=scenario.take_us * MICROSECOND,
        )
        self.fleet = Fleet(config, entropy.child("fleet"), self._evaluator_of)
        self._nemesis = Nemesis(self.fleet, entropy.child("nemesis"), scenario)
        self._watch = Watch(self.fleet)
        self._watch.clocks_are_sound = not any(
            isinstance(fault, ClockJump | ClockDrift) for fault in scenario.faults
        )
        self._watch.names_are_sound = not any(
            isinstance(fault, Impersonate) for fault in scenario.faults
        )
        self._is_judged = may_be_judged(scenario)
        kinds = (*ALL, *DELIVERING, *(LIVENESS if self._is_judged else ()))
        self._checkers = [kind(self._watch) for kind in kinds]
        self.fleet.watchers.append(Board(self._checkers))
        self._healed_s = -1.0

    def play(self) -> None:
        """The whole run."""
        fleet, scenario = self.fleet, self._scenario
        duration_ns = scenario.duration_ms * MILLISECOND
        fleet.found()
        Workload(fleet, self._entropy.stream("workload")).spread(
            scenario.statements, scenario.leavers, duration_ns
        )
        Posting(fleet, self._entropy.stream("posting")).spread(scenario.messages, duration_ns)
        for host in fleet.hosts[scenario.nodes :]:
            fleet.agenda.after(duration_ns // 3, join, fleet, host)
        self._nemesis.rage()
        until_ns = fleet.agenda.now_ns + duration_ns
        while fleet.agenda.now_ns < until_ns:
            fleet.run_for(max(_SAMPLE_NS, duration_ns // _SAMPLES_MAX))
            for checker in self._checkers:
                checker.sample()
            self._measure()
            if self._is_found:
                return
        self._nemesis.rest()
        self._live()
        self._measure()
        if self._is_found:
            return
        for checker in self._checkers:
            checker.finish(self._entropy.stream("orders"))

    def broke(self, problem: Exception) -> None:
        """Note an exception that no step may raise."""
        at_ns = self.fleet.agenda.now_ns
        self._watch.violations.append(Violation("a_step_never_raises", at_ns, repr(problem)))

    def report(self) -> Report:
        """What it came to."""
        fleet, scenario = self.fleet, self._scenario
        honest = self._watch.honest
        state = honest[0].running.state if honest else None
        beliefs, decided = _come_to(honest[0].running.state) if honest else (0, 0)
        return Report(
            seed=scenario.seed,
            profile=scenario.name,
            nodes=scenario.nodes,
            violations=tuple(self._watch.violations),
            fingerprint=state.fingerprint().hex() if state else "",
            trace_fingerprint=fleet.trace_fingerprint(),
            healed_s=self._healed_s,
            virtual_s=fleet.agenda.now_ns / SECOND,
            messages=fleet.network.message_count,
            bytes=fleet.network.byte_count,
            lost=fleet.network.lost_count,
            strikes=self._nemesis.strike_count,
            crashes=sum(note.what == "crash" for note in fleet.chronicle.notes),
            disks_replaced=sum(host.replaced_count for host in fleet.hosts),
            beliefs=beliefs,
            decided=decided,
            timeline=fleet.chronicle.timeline(_SLICES),
            repeat=repeat_line(scenario),
        )

    @property
    def _is_found(self) -> bool:
        """Whether what is sought was violated."""
        return self._sought is not None and any(
            one.checker == self._sought for one in self._watch.violations
        )

    def _is_settling(self) -> bool:
        """Whether some node has still to notice that all is well, to be admitted under new keys, to
        reconcile, or to recover."""
        if any(is_outside(one) or is_recovering(one, self.fleet) for one in self._watch.honest):
            return True
        if any(is_reuniting(host) for host in self._watch.honest):
            return True
        splits = [host.running.partition for host in self._watch.honest]
        if any(one.is_settling for one in splits) or unnoticed(self.fleet):
            return True
        scenario = self._scenario
        orphaned = scenario.leavers and scenario.members_per_node > 1  # by a host that left
        return (
            self._is_judged and not orphaned and any(one.level is not Level.NONE for one in splits)
        )

    def _evaluator_of(self, place: int, life: int) -> Evaluator | None:
        if not self._scenario.moody:
            return None
        return Moody(self._entropy.stream(f"mood {place} {life}"))

    def _measure(self) -> None:
        """Write down what the fleet has come to, and tell who waits for the run."""
        fleet, honest = self.fleet, self._watch.honest
        beliefs, decided = max((_come_to(one.running.state) for one in honest), default=(0, 0))
        views = {host.running.lace.frontier() for host in fleet.up}
        progress = Progress(fleet.agenda.now_ns, len(fleet.up), beliefs, decided, len(views))
        fleet.chronicle.measure(progress)
        if self._told is not None:
            longest_ms = self._scenario.duration_ms + self._scenario.liveness_ms
            self._told(fleet.agenda.now_ns // MILLISECOND, longest_ms)

    def _live(self) -> None:
        """Let the healed fleet come to rest: equal states, and every round at an end."""
        fleet, watch = self.fleet, self._watch
        healed_ns = fleet.agenda.now_ns
        until_ns = healed_ns + self._scenario.liveness_ms * MILLISECOND
        while fleet.agenda.now_ns < until_ns:
            fleet.run_for(_LOOK_NS)
            if self._is_found:
                return
            honest = _speaking(watch.honest)
            if len({host.running.lace.beyond_count for host in honest}) > 1:
                continue
            if any(host.busy for host in honest):
                continue  # what is held but not durable yet could not be proved
            if self._healed_s >= 0 and (_unsettled(honest[0].running) or undelivered(honest)):
                continue
            if not fleet.agree(honest) or not all(
                _holds_no_less(one.running, honest[0].running)
                for one in watch.honest
                if one not in honest
            ):
                continue
            if self._healed_s < 0:
                self._healed_s = (fleet.agenda.now_ns - healed_ns) / SECOND
            open_rounds = _unsettled(honest[0].running)
            if not open_rounds and not undelivered(honest) and not self._is_settling():
                return
        at_rest = not _open_rounds(watch.honest[0].running.state) and not self._is_settling()
        if self._healed_s >= 0 and at_rest:
            return  # messages alone are under way: their own sentence judges that
        liveness = next(one for one in self._checkers if isinstance(one, healed_fleet_converges))
        sizes = [len(host.running.lace) for host in watch.honest]
        open_count = _open_rounds(watch.honest[0].running.state)
        waited_s = self._scenario.liveness_ms / 1_000
        liveness.fail(
            f"{waited_s:g} s after the last fault: {sizes} blocks, {open_count} open rounds"
        )


def _speaking(hosts: list[Host]) -> list[Host]:
    """Those that can name what they hold; who has left can not, nor a node whose own chain was
    forked by an old disk."""
    return [one for one in hosts if _may_write(one.running)] or hosts


def _may_write(node: Node) -> bool:
    members = node.state.roster.current
    return any(one.id in members and not one.forked for one in node.authors)


def _holds_no_less(node: Node, other: Node) -> bool:
    """Whether a node holds what another does, with the same state, or besides only blocks of
    equivocators and expelled members: nobody takes these while nobody builds on them
    (docs/protocol/blocks.md, exposed and expelled authors)."""
    if node.lace.frontier() == other.lace.frontier():
        return node.state.fingerprint() == other.state.fingerprint()
    more = [one for one in node.lace.in_causal_order() if one.id not in other.lace]
    sidelined = other.state.roster.current.sidelined
    return len(node.lace) - len(more) == len(other.lace) and all(
        one.author in sidelined for one in more
    )


def _checkpoints(scenario: Scenario) -> CheckpointConfig:
    between_ms = scenario.checkpoint_ms
    if not between_ms:
        return CheckpointConfig(enabled=False)
    return CheckpointConfig(
        interval_ms=between_ms,
        keep_ms=between_ms // 2,
        look_ns=SECOND,
        attempt_ns=2 * SECOND,
        slice_count=64,
    )


def _vouching(scenario: Scenario) -> VouchingConfig:
    turn_ns = scenario.vouch_ms * MILLISECOND
    return VouchingConfig(turn_ns=turn_ns, scattered_max=1) if turn_ns else VouchingConfig()


def _come_to(state: FleetState) -> tuple[int, int]:
    """Beliefs, and those of them that are decided."""
    decided = {found.belief for found in state.rounds if found.verdict.decided}
    return len(state.beliefs), len(decided)


def _unsettled(node: Node) -> bool:
    """Whether rounds are open, or an equivocation that was seen is not proven yet."""
    return bool(_open_rounds(node.state)) or unexposed(node) != set()


def _open_rounds(state: FleetState) -> int:
    return sum(found.verdict is Verdict.OPEN for found in state.rounds)

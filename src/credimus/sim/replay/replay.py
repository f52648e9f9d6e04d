"""Real answers through the real core: each worker a member, each item a belief, each vote signed.

The rounds run on several replicas in virtual time, over a network without faults; each replica
checks every signature and tallies for itself.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path

from credimus.kernel import limits
from credimus.kernel.errors import InternalError
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.lace.seal import SeedSigner
from credimus.node.config import Config
from credimus.sim.fleet import Fleet
from credimus.sim.fleet_config import FleetConfig
from credimus.sim.host import MemberKey
from credimus.sim.network import Weather
from credimus.sim.replay.plan import (
    LEFT_OUT_MAX,
    Outcome,
    ReplayOptions,
    ReplayPlan,
    ReplayReport,
    outcome_of,
)
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict

_PATIENCE_NS = 120 * SECOND


def replay(
    answers: Path,
    truth: Path | None = None,
    options: ReplayOptions | None = None,
    stopwatch: Callable[[], float] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ReplayReport:
    """Let the workers of a file decide about its items.

    Args:
        answers, truth: CSV files, see `answers.py`.
        stopwatch: gives seconds from any origin; the simulation has no clock of its own.
        progress: told how many items have all their votes, and of how many.

    Raises:
        UsageError: a file or option is wrong; see `ReplayPlan`.
    """
    began = stopwatch() if stopwatch else 0.0
    plan = ReplayPlan(answers, truth, options or ReplayOptions())
    outcome = Replay(plan).play(progress)
    return plan.report(outcome, stopwatch() - began if stopwatch else None)


class Replay:
    """A fleet whose members are the nodes and the workers of a plan."""

    def __init__(self, plan: ReplayPlan) -> None:
        self._plan = plan
        sheet = plan.sheet()
        nodes = plan.options.nodes
        config = FleetConfig(
            nodes=nodes,
            node=Config(voting=plan.voting),
            skew_ms_max=0,
            left_out_max=LEFT_OUT_MAX,
        )
        self.fleet = Fleet(config, plan.entropy, lambda _, __: sheet, self._spread())
        self.fleet.network.weather = Weather(delay_us_min=1_000, delay_us_max=1_000)

    def play(self, progress: Callable[[int, int], None] | None) -> Outcome:
        """Let all answer, and tell what it came to; the fleet stays as it is then."""
        fleet, plan = self.fleet, self._plan
        fleet.found()
        places = cycle(fleet.places)
        items = list(plan.contents)
        for first, last in plan.chunks():
            chunk = items[first:last]
            for item in chunk:
                fleet.order(next(places), plan.assertion(item))
            self._until(partial(self._voted, chunk))
            if progress:
                progress(last, len(items))
        self._until(self._ended)
        verdicts, credences = outcome_of(fleet.hosts[0].running.state, plan.beliefs, plan.voting)
        return Outcome(
            verdicts=verdicts,
            credences=credences,
            fingerprints=tuple(host.running.state.fingerprint().hex() for host in fleet.hosts),
            blocks=len(fleet.hosts[0].running.lace),
            messages=fleet.network.message_count,
            virtual_s=fleet.agenda.now_ns / SECOND,
        )

    def _spread(self) -> list[list[MemberKey]]:
        """Each node's own member, and the workers in turn."""
        plan = self._plan
        keys = plan.entropy.stream("nodes")
        return [
            [
                MemberKey(f"node {node}", SeedSigner(keys.octets(32))),
                *(MemberKey(_short_name(name), plan.keys[name]) for name in plan.workers_at(node)),
            ]
            for node in range(plan.options.nodes)
        ]

    def _until(self, condition: Callable[[], bool]) -> None:
        until_ns = self.fleet.agenda.now_ns + _PATIENCE_NS
        while not condition():
            if self.fleet.agenda.now_ns > until_ns:
                raise InternalError("replay-stuck", "the rounds of a replay do not come to an end")
            self.fleet.run_for(10 * MILLISECOND)

    def _voted(self, chunk: Sequence[str]) -> bool:
        """Whether every replica has seen every vote on these items; and where earlier items tell
        what votes are worth, the records of what was decided."""
        beliefs = [self._plan.beliefs[item] for item in chunk]
        return all(
            fully_voted(host.running.state.rounds.on(belief), self._plan.learns)
            for host in self.fleet.hosts
            for belief in beliefs
        )

    def _ended(self) -> bool:
        """Whether no round is open anywhere and all replicas hold the same."""
        return (
            not any(
                found.verdict is Verdict.OPEN
                for host in self.fleet.hosts
                for found in host.running.state.rounds
            )
            and self.fleet.agree()
        )


def fully_voted(rounds: Sequence[Round], recorded: bool) -> bool:
    """Whether all electors answered the first of some rounds.

    Args:
        recorded: whether its verdict, if it has one, must be recorded too.
    """
    if not rounds or rounds[0].voted.bit_count() < len(rounds[0].electorate):
        return False
    return not (recorded and rounds[0].verdict.decided and not rounds[0].conclusions)


def _short_name(name: str) -> str:
    """As much of a worker's name as a member's may have."""
    return name.encode()[: limits.NAME_BYTES_MAX].decode(errors="ignore")

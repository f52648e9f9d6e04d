"""Reunions as the API speaks of them: which one is meant, its plan, how far it is."""

from typing import Any, Literal

import msgspec

from credimus.api.shapes.reunion import (
    ConflictItem,
    CostView,
    PlanView,
    RecoveryAsked,
    ReunionView,
    StepItem,
    TallyView,
)
from credimus.kernel.errors import Conflict, NotFound, UsageError
from credimus.kernel.ids import BeliefId
from credimus.node.commands import BeginReunion, ReunionCommand, UndoReunion
from credimus.node.saying.reuniting import apart_of
from credimus.protocol.partition.interface import Episode
from credimus.protocol.reunion.interface import (
    AgainStep,
    Asked,
    Cost,
    Phase,
    Shown,
    Step,
    Tally,
)
from credimus.protocol.reunion.interface import Conflict as Opposed
from credimus.runtime.daemon import Daemon
from credimus.runtime.driver import now
from credimus.state.operations import Strategy

_PLAN_DIGITS = 64


def asked_of(daemon: Daemon, asked: RecoveryAsked) -> Asked:
    """What is to be brought together.

    Raises:
        NotFound: `unknown-partition`.
    """
    strategy = daemon.settings.core().partition.strategy
    if asked.strategy is not None:
        strategy = Strategy[asked.strategy.upper()]
    entry = _entry(daemon, asked)
    apart = None if entry is None else apart_of(entry, now().wall_ms)
    return Asked(strategy=strategy, apart=apart, undecided=asked.undecided)


def command_of(daemon: Daemon, asked: RecoveryAsked) -> ReunionCommand:
    """What begins or takes back a reunion.

    Raises:
        UsageError: `bad-field`.
        NotFound: `unknown-partition`.
        Conflict: `plan-changed`.
    """
    if asked.action == "abort":
        return UndoReunion()
    if asked.plan is None:
        raise UsageError(
            "bad-field", "plan: give the id of the plan that you have looked at; see action `plan`."
        )
    about = asked_of(daemon, asked)
    return BeginReunion(plan=_plan_named(daemon, asked.plan.lower(), about), asked=about)


def planned(daemon: Daemon, asked: RecoveryAsked) -> PlanView:
    """The plan that is asked for, for people.

    Raises:
        NotFound: `unknown-partition`.
    """
    plan = daemon.node.reunion.plan(asked_of(daemon, asked))
    entry = _entry(daemon, asked)
    return PlanView(
        id=plan.id.hex(),
        partition=None if entry is None else entry.began_ms,
        strategy=_word(plan.strategy),
        near=_tally(plan.near),
        far=_tally(plan.far),
        conflicts=[_conflict(daemon, one) for one in plan.conflicts],
        steps=[_step(one) for one in plan.steps],
        left_out=plan.left_out_count,
        costs=[_cost(strategy, cost) for strategy, cost in plan.costs],
        lasting=plan.lasting_count,
    )


def reunion_view(daemon: Daemon) -> ReunionView | None:
    """The last reunion of a node; None when there was none."""
    shown = daemon.node.reunion.shown(now())
    if shown is None:
        return None
    session = shown.session
    return ReunionView(
        plan=session.plan.hex(),
        strategy=_word(session.strategy),
        phase=session.phase.name.lower(),  # type: ignore[arg-type]
        health=_health(shown),
        began_ms=session.began_ms,
        ended_ms=session.ended_ms,
        steps=session.done_count,
        steps_total=len(session.steps),
        resolved=shown.resolved_count,
        pending=shown.pending_count,
        outvoted=shown.outvoted_count,
        synchronized=shown.synchronized[0],
        others=shown.synchronized[1],
        remaining_ms=shown.remaining_ms,
        why=session.why,
    )


# --- private


def _entry(daemon: Daemon, asked: RecoveryAsked) -> Episode | None:
    """The split that is meant; None for all that is held, and where there was none."""
    if asked.partition == "all":
        return None
    entries = daemon.diary.entries
    if asked.partition == "newest":
        return entries[-1] if entries else None
    for entry in entries:
        if entry.began_ms == asked.partition:
            return entry
    raise NotFound(
        "unknown-partition",
        f"the diary has no split that began at {asked.partition}; see `credimus partitions`.",
    )


def _plan_named(daemon: Daemon, given: str, asked: Asked) -> bytes:
    """The plan whose id begins so: the one that was begun, or that of now."""
    if len(given) == _PLAN_DIGITS:
        return bytes.fromhex(given)
    session = daemon.node.reunion.session
    present = daemon.node.reunion.plan(asked).id
    for plan in ([] if session is None else [session.plan]) + [present]:
        if plan.hex().startswith(given):
            return plan
    raise Conflict(
        "plan-changed",
        f"the plan is {present.hex()[:12]} by now, and no id begins with {given}. Look at it again "
        "with `credimus recovery plan`.",
    )


def _health(shown: Shown) -> Literal["moving", "waiting", "stalled", "ended", "undone"]:
    if shown.session.phase is Phase.ENDED:
        return "ended"
    if shown.session.phase is Phase.UNDONE:
        return "undone"
    if shown.is_waiting:
        return "waiting"
    return "stalled" if shown.is_stalled else "moving"


def _conflict(daemon: Daemon, one: Opposed) -> ConflictItem:
    return ConflictItem(
        beliefs=[belief.hex() for belief in one.beliefs],
        contents=[_content(daemon, belief) for belief in one.beliefs],
        sides=[side.name.lower() for side in one.sides],  # type: ignore[misc]
        finding=one.finding.name.lower(),  # type: ignore[arg-type]
        standing=one.standing.name.lower(),  # type: ignore[arg-type]
        said=None if one.strategy is None else _word(one.strategy),
        said_by=None if one.author is None else one.author.hex(),
        dependents=[belief.hex() for belief in one.dependents],
    )


def _content(daemon: Daemon, belief: BeliefId) -> str:
    found = daemon.node.state.beliefs.get(belief)
    return "" if found is None else daemon.node.reading.shown(found.content, belief)


def _step(step: Step) -> StepItem:
    if isinstance(step, AgainStep):
        return StepItem(
            kind="vote",
            beliefs=[step.belief.hex()],
            strategy=None,
            finding=None,
            takes_back=[],
            lasting=True,
        )
    return StepItem(
        kind="reconcile",
        beliefs=[one.hex() for one in step.beliefs],
        strategy=_word(step.strategy),
        finding=step.finding.name.lower(),  # type: ignore[arg-type]
        takes_back=[_word(strategy) for strategy, _ in step.withdraws],
        lasting=step.strategy is Strategy.CONSENSUS,
    )


def _cost(strategy: Strategy, cost: Cost) -> CostView:
    return CostView(strategy=_word(strategy), **msgspec.structs.asdict(cost))


def _tally(tally: Tally) -> TallyView:
    return TallyView(**msgspec.structs.asdict(tally))


def _word(strategy: Strategy) -> Any:
    return strategy.name.lower()

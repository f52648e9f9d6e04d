"""What an operator planned, or took back, his node does not decide otherwise by itself."""

import pytest
from reunion_fleets import apart, begin, session
from split_fleets import node, now_of

from credimus.kernel.instant import SECOND
from credimus.node.commands import BeginReunion, UndoReunion
from credimus.protocol.reunion.interface import Apart, Asked, Phase
from credimus.sim.fleet import Fleet
from credimus.state.operations import Strategy
from credimus.state.reconciliations import Pair


def before_it_reconciles_by_itself() -> tuple[Fleet, Pair]:
    """A fleet that is about to, and the pair that it is about; the first node's word prevails."""
    careful = Strategy.CONSENSUS, *[Strategy.LAST_WRITER] * 4
    fleet, _ = apart(by_itself=True, settle_ns=16 * SECOND, strategies=careful)
    (conflict,) = node(fleet, 0).reunion.plan(Asked(strategy=Strategy.LAST_WRITER)).conflicts
    return fleet, (conflict.beliefs, conflict.rounds)


def stands_by(fleet: Fleet, pair: Pair) -> list[Strategy]:
    """What the first node says of a pair when everybody has had his turn."""
    fleet.run_for(12 * SECOND)
    assert fleet.agree()
    said = node(fleet, 0).state.reconciliations
    return [strategy for strategy, _ in said.standing_by(pair, node(fleet, 0).id)]


def test_left_alone_a_node_reconciles_by_its_own_strategy() -> None:
    fleet, pair = before_it_reconciles_by_itself()
    assert stands_by(fleet, pair) == [Strategy.CONSENSUS]


@pytest.mark.parametrize("strategy", [Strategy.LAST_WRITER, Strategy.MULTI_VALUE])
def test_what_its_operator_said_a_node_does_not_overrule_by_itself(strategy: Strategy) -> None:
    fleet, pair = before_it_reconciles_by_itself()
    begin(fleet, Asked(strategy=strategy))
    fleet.run_for(SECOND)
    assert session(fleet).phase is Phase.ENDED
    assert stands_by(fleet, pair) == [strategy]


@pytest.mark.parametrize("strategy", [Strategy.LAST_WRITER, Strategy.MULTI_VALUE])
def test_what_its_operator_took_back_a_node_does_not_say_by_itself(strategy: Strategy) -> None:
    fleet, pair = before_it_reconciles_by_itself()
    begin(fleet, Asked(strategy=strategy))
    fleet.run_for(SECOND)
    fleet.order(0, UndoReunion())
    fleet.run_for(SECOND)
    assert session(fleet).phase is Phase.UNDONE
    assert stands_by(fleet, pair) == []


def test_what_was_taken_back_is_not_said_by_itself_after_another_plan() -> None:
    fleet, pair = before_it_reconciles_by_itself()
    begin(fleet, Asked(strategy=Strategy.LAST_WRITER))
    fleet.run_for(SECOND)
    fleet.order(0, UndoReunion())
    fleet.run_for(SECOND)
    long_ago = Apart(began_ms=0, ended_ms=1, far=())
    assert begin(fleet, Asked(strategy=Strategy.LAST_WRITER, apart=long_ago)).steps == ()
    fleet.run_for(SECOND)
    assert (session(fleet).phase, session(fleet).steps) == (Phase.ENDED, ())
    assert stands_by(fleet, pair) == []


def test_a_plan_taken_back_before_its_first_step_is_not_said_by_itself() -> None:
    fleet, pair = before_it_reconciles_by_itself()
    plan = node(fleet, 0).reunion.plan(Asked(strategy=Strategy.LAST_WRITER))
    now = now_of(fleet, 0)
    node(fleet, 0).execute(BeginReunion(plan=plan.id, asked=Asked(strategy=plan.strategy)), now)
    node(fleet, 0).execute(UndoReunion(), now)
    fleet.run_for(SECOND)
    assert session(fleet).phase is Phase.UNDONE
    assert not len(node(fleet, 0).state.reconciliations), "nothing had been said"
    assert stands_by(fleet, pair) == []

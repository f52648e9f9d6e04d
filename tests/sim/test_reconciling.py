"""Beliefs that both sides of a split accepted against each other, and what becomes of them."""

from collections.abc import Sequence

import pytest
from split_fleets import cut, fleet_of, node

from credimus.kernel.ids import BeliefId
from credimus.kernel.instant import SECOND
from credimus.node.commands import (
    AnyCommand,
    AssertBelief,
)
from credimus.node.node import Node
from credimus.protocol.partition.similarity import Similarity
from credimus.sim.fleet import Fleet
from credimus.sim.host import Order
from credimus.state.beliefs import Belief
from credimus.state.identity import belief_id
from credimus.state.operations import (
    Finding,
    Reconcile,
    Rules,
    Scheme,
    Strategy,
)
from credimus.state.outcomes import Effect, outcomes_of
from credimus.state.voting.verdict import Verdict
from credimus.why.explain import explain

MAJORITY = Rules(scheme=Scheme.MAJORITY)

ONE, OTHER = "the gate is open", "the gate is not open"
BELIEFS = tuple(belief_id(content, "general") for content in (ONE, OTHER))


def part_in_reach(content: str) -> Order:
    def order(of: Node) -> AnyCommand:
        electors = of.partition.sight.reachable
        return AssertBelief(content=content, rules=MAJORITY, electors=electors)

    return order


def accept_apart(
    *strategies: Strategy,
    contents: tuple[str, str] = (ONE, OTHER),
    engine: Similarity | None = None,
) -> Fleet:
    fleet, _ = fleet_of(5, apart=True, strategies=strategies)
    for host in fleet.hosts if engine else ():
        host.running.partition.use(engine)
    links = cut(fleet, 0, 1)
    fleet.run_for(5 * SECOND)
    fleet.order(3, part_in_reach(contents[0]))
    fleet.run_for(SECOND)
    fleet.order(0, part_in_reach(contents[1]))
    fleet.run_for(SECOND)
    fleet.network.mend(links)
    fleet.run_for(12 * SECOND)
    assert fleet.agree()
    return fleet


def effects(fleet: Fleet, beliefs: Sequence[BeliefId] = BELIEFS) -> list[Effect]:
    """What became of each, the same on every node."""
    found = [
        [outcomes_of(host.running.state, host.running.lace, one) for one in beliefs]
        for host in fleet.hosts
    ]
    assert all(one == found[0] for one in found)
    assert all(len(outcomes) == 1 for outcomes in found[0]), found[0]
    return [outcomes[0].effect for outcomes in found[0]]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (Strategy.LAST_WRITER, [Effect.SUPERSEDED, Effect.STANDS]),
        (Strategy.SEMANTIC, [Effect.ALTERNATIVE, Effect.ALTERNATIVE]),
        (Strategy.MULTI_VALUE, [Effect.ALTERNATIVE, Effect.ALTERNATIVE]),
    ],
)
def test_both_sides_are_reconciled_alike(strategy: Strategy, expected: list[Effect]) -> None:
    fleet = accept_apart(strategy)
    assert effects(fleet) == expected
    state = node(fleet, 0).state
    assert {state.rounds.verdict(one) for one in BELIEFS} == {Verdict.ACCEPTED}, "no verdict flips"
    said = sum(host.running.partition.counts.reconciled for host in fleet.hosts)
    assert said >= 1
    assert len(state.reconciliations) == 1, "several that say it say one"


class Spatial:
    """An engine that knows what words do not show."""

    def compare(self, one: Belief, other: Belief) -> Finding:
        return Finding.CONTRADICTORY if one.id != other.id else Finding.COMPATIBLE

    def pairs(self, beliefs: Sequence[Belief]) -> list[tuple[BeliefId, BeliefId, Finding]]:
        here = [one.id for one in beliefs if one.content.startswith("the drone")]
        return [(*here, Finding.CONTRADICTORY)] if len(here) == 2 else []


def test_another_engine_judges_how_statements_bear_on_each_other() -> None:
    contents = "the drone is at berth 4", "the drone is at the depot"
    plain = accept_apart(Strategy.MULTI_VALUE, contents=contents)
    assert not len(node(plain, 0).state.reconciliations), "words do not show it"
    clever = accept_apart(Strategy.MULTI_VALUE, contents=contents, engine=Spatial())
    assert len(node(clever, 0).state.reconciliations) == 1


def test_under_consensus_both_are_put_to_the_vote_again_by_all() -> None:
    fleet = accept_apart(Strategy.CONSENSUS)
    state = node(fleet, 0).state
    for belief in BELIEFS:
        first, second = state.rounds.on(belief)
        assert (first.attempt, second.attempt) == (1, 2)
        assert (len(second.electorate), second.verdict.decided) == (5, True)
        assert outcomes_of(state, node(fleet, 0).lace, belief) == [], "the later verdict holds"


def test_the_most_careful_strategy_of_any_member_holds() -> None:
    fleet = accept_apart(Strategy.LAST_WRITER, Strategy.MULTI_VALUE, Strategy.LAST_WRITER)
    assert effects(fleet) == [Effect.ALTERNATIVE, Effect.ALTERNATIVE]


def test_what_says_more_supersedes_what_says_less_under_the_semantic_strategy() -> None:
    less, more = "pump three leaks", "pump three leaks badly since noon"
    fleet = accept_apart(Strategy.SEMANTIC, contents=(less, more))
    beliefs = [belief_id(content, "general") for content in (less, more)]
    assert effects(fleet, beliefs) == [Effect.SUPERSEDED, Effect.STANDS]
    of = node(fleet, 0)
    known = of.state.beliefs.get(beliefs[0])
    assert known is not None
    told = explain(of.state, of.lace, known, fleet.hosts[0].disk.wires_of)
    assert [one.effect for one in told.reconciled] == ["superseded"]
    (outcome,) = outcomes_of(of.state, of.lace, beliefs[0])
    assert "says all that the other says" in outcome.why
    assert outcome.finding in (Finding.FIRST_SUBSUMES, Finding.SECOND_SUBSUMES)


def test_what_was_decided_in_the_open_can_not_be_reconciled_away() -> None:
    """The second was accepted in the knowledge of the first; a liar's word changes nothing."""
    fleet, _ = fleet_of(3)
    for content in (ONE, OTHER):
        fleet.order(0, AssertBelief(content=content))
        fleet.run_for(SECOND)
    of = node(fleet, 1)
    beliefs = tuple(sorted(BELIEFS))
    rounds = tuple(of.state.rounds.deciding(one)[0].id for one in beliefs)
    said = Reconcile(beliefs, rounds, Strategy.LAST_WRITER)  # type: ignore[arg-type]
    of.authors[0].say(said)
    of.seal_soon()
    fleet.wake(fleet.hosts[1])
    fleet.run_for(2 * SECOND)
    assert len(node(fleet, 0).state.reconciliations) == 1
    for belief in BELIEFS:
        assert outcomes_of(node(fleet, 0).state, node(fleet, 0).lace, belief) == []

"""Reunions: what parts of a split decided apart is brought together by plan, and taken back."""

import pytest
from fleets import SKIP, YES, a_while
from fleets import fleet_of as small_fleet
from reunion_fleets import GATES, apart, asked, begin, named, session
from split_fleets import cut, node, now_of

from credimus.kernel.errors import Conflict, NotFound
from credimus.kernel.ids import BlockId
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.lace.block import open_wire, read_block
from credimus.node.commands import (
    AssertBelief,
    BeginReunion,
    ProposeBelief,
    RelateBeliefs,
    UndoReunion,
)
from credimus.protocol.reunion.interface import Asked, Phase, Standing
from credimus.sim.fleet import Fleet
from credimus.sim.host import Host, Lane
from credimus.state.operations import (
    Reconcile,
    Relation,
    Rules,
    Scheme,
    Strategy,
    read_operations,
)
from credimus.state.outcomes import Effect, outcomes_of
from credimus.state.voting.verdict import Verdict


def wire_of(host: Host, block: BlockId) -> bytes:
    (wire,) = host.disk.wires_of([block])
    return wire


def effects(fleet: Fleet, content: str) -> set[tuple[Effect, ...]]:
    """What became of a belief, on every node."""
    return {
        tuple(one.effect for one in outcomes_of(of.state, of.lace, named(content)))
        for of in (host.running for host in fleet.up)
    }


def test_a_plan_says_what_each_side_decided_and_changes_nothing() -> None:
    fleet, heard = apart()
    blocks = len(node(fleet, 0).lace)
    plan = node(fleet, 0).reunion.plan(asked(fleet, heard, Strategy.LAST_WRITER))
    (conflict,) = plan.conflicts
    assert sorted(conflict.beliefs) == sorted(map(named, GATES[0]))
    assert (plan.near.accepted, plan.far.accepted) == (1, 1)
    assert {side.name for side in conflict.sides} == {"NEAR", "FAR"}
    assert conflict.standing is Standing.OPEN
    assert len(plan.steps) == 1
    costs = dict(plan.costs)
    assert costs[Strategy.CONSENSUS].bytes > costs[Strategy.LAST_WRITER].bytes > 0
    assert (costs[Strategy.CONSENSUS].rounds, costs[Strategy.LAST_WRITER].rounds) == (2, 0)
    assert plan.lasting_count == 0
    fleet.run_for(SECOND)
    assert len(node(fleet, 0).lace) == blocks
    assert node(fleet, 0).reunion.session is None


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_reunion_says_it_and_all_see_the_same(strategy: Strategy) -> None:
    fleet, heard = apart()
    begin(fleet, asked(fleet, heard, strategy))
    fleet.run_for(8 * SECOND)
    assert fleet.agree()
    assert session(fleet).phase is Phase.ENDED
    shown = node(fleet, 0).reunion.shown(now_of(fleet, 0))
    assert shown is not None
    assert (shown.resolved_count, shown.pending_count) == (1, 0)
    (found,) = effects(fleet, GATES[0][1])
    expected = {
        Strategy.LAST_WRITER: (Effect.STANDS,),
        Strategy.SEMANTIC: (Effect.ALTERNATIVE,),
        Strategy.MULTI_VALUE: (Effect.ALTERNATIVE,),
        Strategy.CONSENSUS: (),
    }
    if strategy is Strategy.LAST_WRITER:  # both were put to the vote in one step
        assert found in {(Effect.STANDS,), (Effect.SUPERSEDED,)}
    else:
        assert found == expected[strategy]
    after = node(fleet, 0).reunion.plan(asked(fleet, heard, strategy))
    assert after.steps == (), "nothing is left to do"


@pytest.mark.parametrize("strategy", [Strategy.MULTI_VALUE, Strategy.CONSENSUS])
def test_what_a_plan_costs_is_about_what_it_takes(strategy: Strategy) -> None:
    fleet, heard = apart(GATES[:3])
    host, before = fleet.hosts[0], set(fleet.hosts[0].disk.synced_ids())
    cost = dict(begin(fleet, asked(fleet, heard, strategy)).costs)[strategy]
    fleet.run_for(8 * SECOND)
    assert session(fleet).phase is Phase.ENDED
    new = [place.id for place in host.running.lace.in_causal_order() if place.id not in before]
    size = sum(len(wire_of(host, one)) for one in new)
    assert cost.bytes / 2 < size < cost.bytes * 2
    assert cost.blocks / 2 <= len(new) <= cost.blocks * 2


def test_what_a_reunion_said_is_taken_back() -> None:
    fleet, heard = apart(GATES)
    plan = begin(fleet, asked(fleet, heard, Strategy.LAST_WRITER))
    assert len(plan.steps) == 12
    fleet.run_for(3 * SECOND)
    assert session(fleet).phase is Phase.ENDED
    fleet.order(0, UndoReunion())
    fleet.run_for(3 * SECOND)
    assert (session(fleet).phase, session(fleet).done_count) == (Phase.UNDONE, 0)
    assert fleet.agree()
    for one, other in GATES:
        assert effects(fleet, one) == effects(fleet, other) == {()}
    again = begin(fleet, asked(fleet, heard, Strategy.LAST_WRITER))
    assert again.id == plan.id, "all is as it was"
    fleet.run_for(3 * SECOND)
    assert effects(fleet, GATES[0][0]) != {()}


def test_less_careful_than_this_node_was_before_takes_that_back_and_undoing_says_it_again() -> None:
    fleet, heard = apart()
    begin(fleet, asked(fleet, heard, Strategy.MULTI_VALUE))
    fleet.run_for(3 * SECOND)
    wanted = asked(fleet, heard, Strategy.LAST_WRITER)
    (step,) = begin(fleet, wanted).steps
    assert step.withdraws  # type: ignore[union-attr]
    fleet.run_for(3 * SECOND)
    assert effects(fleet, GATES[0][0]) <= {(Effect.STANDS,), (Effect.SUPERSEDED,)}
    other = node(fleet, 3).reunion.plan(asked(fleet, heard, Strategy.LAST_WRITER, 3))
    assert other.conflicts[0].standing is Standing.SETTLED
    fleet.order(0, UndoReunion())
    fleet.run_for(3 * SECOND)
    assert effects(fleet, GATES[0][0]) == {(Effect.ALTERNATIVE,)}


def test_what_another_member_stands_by_can_not_be_overruled() -> None:
    fleet, heard = apart()
    begin(fleet, asked(fleet, heard, Strategy.MULTI_VALUE, 3), 3)
    fleet.run_for(3 * SECOND)
    plan = node(fleet, 0).reunion.plan(asked(fleet, heard, Strategy.LAST_WRITER))
    assert (plan.conflicts[0].standing, plan.steps) == (Standing.OUTVOTED, ())
    assert plan.conflicts[0].author == node(fleet, 3).id


def test_a_round_that_ends_without_a_verdict_undoes_the_whole() -> None:
    fleet, heard = apart(rules=Rules(scheme=Scheme.BYZANTINE))
    for place in (3, 4):
        fleet.crash(fleet.hosts[place])
    fleet.run_for(8 * SECOND)
    begin(fleet, asked(fleet, heard, Strategy.CONSENSUS))
    fleet.run_for(SECOND // 2)
    assert session(fleet).phase is Phase.CHECKING
    fleet.run_for(20 * SECOND)
    assert session(fleet).phase is Phase.UNDONE
    assert session(fleet).why.endswith("ended without a verdict")
    pair = node(fleet, 0).state.reconciliations.of(named(GATES[0][0]))[0]
    assert node(fleet, 0).state.reconciliations.prevailing(pair) is None


def test_a_reunion_outlasts_the_rounds_that_it_opened() -> None:
    """A checkpoint lets rejected and expired beliefs go a day later; the session stays."""
    fleet, heard = apart()
    begin(fleet, asked(fleet, heard, Strategy.CONSENSUS))
    fleet.run_for(6 * SECOND)
    assert session(fleet).phase is Phase.ENDED
    first = node(fleet, 0)
    rounds = first.state.rounds
    gone = [one.id for content in GATES[0] for one in rounds.on(named(content))]
    rounds.let_go(gone, first.clock.last + 1)
    assert rounds.on(named(GATES[0][0])) == ()
    shown = first.reunion.shown(now_of(fleet, 0))
    assert shown is not None
    assert shown.pending_count == 0, "nothing is to come of what is gone"
    fleet.order(0, UndoReunion())
    fleet.run_for(2 * SECOND)
    assert session(fleet).phase is Phase.UNDONE


@pytest.mark.parametrize("lane", list(Lane))
def test_a_crash_between_two_batches_loses_and_repeats_nothing(lane: Lane) -> None:
    fleet, heard = apart(GATES)
    host = fleet.hosts[0]
    begin(fleet, asked(fleet, heard, Strategy.MULTI_VALUE))
    while not host.running.reunion.session or not session(fleet).done_count:
        fleet.run_for(MILLISECOND)
    assert (session(fleet).phase, session(fleet).done_count) == (Phase.SAYING, 10)
    host.crash_at = lane
    fleet.run_for(SECOND // 2)
    assert host.node is None
    fleet.start(host)
    fleet.run_for(6 * SECOND)
    assert (session(fleet).phase, session(fleet).done_count) == (Phase.ENDED, 12)
    assert fleet.agree()
    said = [
        one
        for place in host.running.lace.walk(0, host.id)
        for one in read_operations(read_block(open_wire(wire_of(host, place.id)), b"").body)
        if isinstance(one, Reconcile)
    ]
    assert len(said) == len(set(said)) == 12, "each is said once"


@pytest.mark.parametrize("lane", list(Lane))
def test_a_crash_in_the_middle_is_gone_on_from(lane: Lane) -> None:
    fleet, heard = apart(GATES)
    host = fleet.hosts[0]
    begin(fleet, asked(fleet, heard, Strategy.MULTI_VALUE))
    host.crash_at = lane
    fleet.run_for(SECOND)
    assert host.node is None
    fleet.start(host)
    fleet.run_for(6 * SECOND)
    if lane is Lane.BEFORE_PERSIST:
        assert node(fleet, 0).reunion.session is None, "it had not begun"
        begin(fleet, asked(fleet, heard, Strategy.MULTI_VALUE))
        fleet.run_for(3 * SECOND)
    assert (session(fleet).phase, session(fleet).done_count) == (Phase.ENDED, 12)
    host.crash_at = lane
    fleet.order(0, UndoReunion())
    fleet.run_for(SECOND)
    fleet.start(host)
    fleet.order(0, UndoReunion())
    fleet.run_for(6 * SECOND)
    assert session(fleet).phase is Phase.UNDONE
    assert fleet.agree()
    for one, _ in GATES:
        assert effects(fleet, one) == {()}


def test_what_others_lean_on_comes_first() -> None:
    fleet, heard = apart(GATES[:3])
    link = RelateBeliefs(
        source=named(GATES[0][0]), relation=Relation.DEPENDS_ON, target=named(GATES[2][0])
    )
    fleet.order(2, link)
    fleet.run_for(SECOND)
    plan = node(fleet, 0).reunion.plan(asked(fleet, heard, Strategy.MULTI_VALUE))
    about = [set(step.beliefs) for step in plan.steps]  # type: ignore[union-attr]
    places = [about.index(set(map(named, gate))) for gate in GATES[:3]]
    assert places == [2, 0, 1]
    leaned_on = next(one for one in plan.conflicts if named(GATES[2][0]) in one.beliefs)
    assert leaned_on.dependents == (named(GATES[0][0]),)


def test_the_same_again_is_as_once_and_another_waits() -> None:
    fleet, heard = apart(GATES)
    wanted = asked(fleet, heard, Strategy.MULTI_VALUE)
    plan = begin(fleet, wanted)
    fleet.run_for(SECOND // 100)
    reunion, now = node(fleet, 0).reunion, now_of(fleet, 0)
    assert session(fleet).phase is Phase.SAYING
    assert not node(fleet, 0).execute(BeginReunion(plan=plan.id, asked=wanted), now).message
    with pytest.raises(Conflict, match="another reunion goes on"):
        node(fleet, 0).execute(BeginReunion(plan=bytes(32), asked=wanted), now)
    with pytest.raises(Conflict, match="has changed"):
        node(fleet, 3).execute(BeginReunion(plan=bytes(32), asked=wanted), now_of(fleet, 3))
    with pytest.raises(NotFound, match="no reunion"):
        node(fleet, 3).execute(UndoReunion(), now_of(fleet, 3))
    assert reunion.session is not None
    fleet.run_for(3 * SECOND)
    assert session(fleet).phase is Phase.ENDED


def test_a_reunion_waits_while_the_fleet_is_split_again() -> None:
    fleet, heard = apart(GATES)
    wanted = asked(fleet, heard, Strategy.MULTI_VALUE)
    plan = node(fleet, 0).reunion.plan(wanted)
    links = cut(fleet, 0, 1)
    fleet.run_for(5 * SECOND)
    fleet.order(0, BeginReunion(plan=plan.id, asked=wanted))
    fleet.run_for(3 * SECOND)
    shown = node(fleet, 0).reunion.shown(now_of(fleet, 0))
    assert shown is not None
    assert (shown.is_waiting, shown.session.phase, shown.session.done_count) == (
        True,
        Phase.SAYING,
        0,
    )
    fleet.network.mend(links)
    fleet.run_for(8 * SECOND)
    assert session(fleet).phase is Phase.ENDED


def test_what_nobody_decided_is_put_to_the_vote_again() -> None:
    fleet = small_fleet(YES, (SKIP, SKIP, SKIP, YES), (SKIP, SKIP, SKIP, YES))
    fleet.order(0, AssertBelief(content="the bridge holds"))
    a_while(fleet)
    state, belief = node(fleet, 0).state, named("the bridge holds")
    while state.rounds.on(belief)[-1].attempt < 3:
        fleet.order(0, ProposeBelief(belief=belief))
        a_while(fleet)
    assert state.rounds.verdict(belief) is Verdict.EXPIRED
    assert node(fleet, 0).reunion.plan(Asked(strategy=Strategy.MULTI_VALUE)).steps == ()
    wanted = Asked(strategy=Strategy.MULTI_VALUE, undecided=True)
    plan = begin(fleet, wanted)
    assert plan.lasting_count == 1
    fleet.run_for(5 * SECOND)
    assert session(fleet).phase is Phase.ENDED
    assert state.rounds.verdict(belief) is Verdict.ACCEPTED
    fleet.order(0, UndoReunion())
    fleet.run_for(SECOND)
    assert session(fleet).phase is Phase.UNDONE
    assert state.rounds.verdict(belief) is Verdict.ACCEPTED, "what was decided stays"

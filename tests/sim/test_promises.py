"""What the rules of agreement promise, each acted out on a small fleet."""

from fleets import (
    NO,
    SKIP,
    YES,
    Answering,
    a_moment,
    a_while,
    fleet_of,
    fleet_with,
    rounds_at,
    verdicts,
)

from credimus.kernel.ids import NodeId
from credimus.node.commands import AssertBelief, LeaveFleet, ProposeBelief, RetractBelief
from credimus.protocol.voting.interface import Evaluator
from credimus.sim.fleet import Fleet
from credimus.sim.host import Lane
from credimus.sim.saboteurs.wrongs import a_node_that_votes_twice
from credimus.sim.stacking import stacking
from credimus.state.identity import belief_id
from credimus.state.operations import Rules, Scheme
from credimus.state.voting.verdict import Verdict

MAJORITY = Rules(scheme=Scheme.MAJORITY)
CONTENT = "the bridge at mile 4 is down"
BELIEF = belief_id(CONTENT, "claim")


def claim(rules: Rules | None = None) -> AssertBelief:
    return AssertBelief(content=CONTENT, category="claim", rules=rules)


def isolate(fleet: Fleet, *places: int) -> None:
    fleet.network.isolate(places, fleet.places)


def test_concurrent_proposals_meet_in_one_round() -> None:
    fleet = fleet_of(YES, YES, YES, YES, YES)
    for place in (0, 2, 4):
        fleet.order(place, claim())
    a_moment(fleet)
    for place in fleet.places:
        (found,) = rounds_at(fleet, place, BELIEF)
        assert len(found.proposers) == 3
        assert found.verdict is Verdict.ACCEPTED
    assert fleet.agree()


def test_a_round_without_consensus_expires_and_is_tried_again() -> None:
    fleet = fleet_of((YES, YES), (YES, YES), (NO, YES), (NO, YES), SKIP)
    fleet.order(0, claim())
    a_moment(fleet, 600)
    assert verdicts(fleet, BELIEF) == {Verdict.OPEN}
    a_moment(fleet, 3_000)
    first, second = rounds_at(fleet, 3, BELIEF)
    assert (first.verdict, second.verdict) == (Verdict.EXPIRED, Verdict.ACCEPTED)
    assert (first.attempt, second.attempt) == (1, 2)
    assert len(first.closings) == 1
    assert verdicts(fleet, BELIEF) == {Verdict.ACCEPTED}


def test_attempts_come_to_an_end() -> None:
    fleet = fleet_of(YES, YES, NO, NO, SKIP)
    fleet.order(0, claim())
    a_while(fleet)
    found = rounds_at(fleet, 1, BELIEF)
    assert [one.attempt for one in found] == [1, 2, 3]
    assert {one.verdict for one in found} == {Verdict.EXPIRED}
    assert fleet.agree()


def test_turnout_counts_the_votes_that_were_cast() -> None:
    fleet = fleet_of(YES, YES, YES, NO, None)
    fleet.order(0, claim(Rules(scheme=Scheme.TURNOUT, numerator=2, denominator=3)))
    a_moment(fleet, 600)
    assert verdicts(fleet, BELIEF) == {Verdict.OPEN}
    a_moment(fleet, 1_500)
    assert verdicts(fleet, BELIEF) == {Verdict.ACCEPTED}


def test_a_turnout_round_ends_although_its_proposer_left() -> None:
    fleet = fleet_of(YES, YES, YES, NO, None)
    fleet.order(0, claim(Rules(scheme=Scheme.TURNOUT, numerator=2, denominator=3)))
    a_moment(fleet)
    fleet.order(0, LeaveFleet())
    a_while(fleet)
    assert verdicts(fleet, BELIEF) == {Verdict.EXPIRED}
    assert fleet.agree()


def test_two_certificates_under_majority_are_contested_and_reopened_under_byzantine() -> None:
    fleet = fleet_of((YES, YES), YES, (YES, YES), (NO, YES), (NO, YES))
    with a_node_that_votes_twice(fleet):
        fleet.order(0, claim(MAJORITY))
        a_while(fleet)
    for place in fleet.places:
        first, second = rounds_at(fleet, place, BELIEF)
        assert first.verdict is Verdict.CONTESTED
        assert first.culprits() == [fleet.hosts[1].id]
        assert second.rules.scheme is Scheme.BYZANTINE
        assert second.verdict is Verdict.ACCEPTED
    assert verdicts(fleet, BELIEF) == {Verdict.ACCEPTED}


def test_a_late_joiner_catches_up_and_votes() -> None:
    fleet = fleet_of(YES, YES, YES, YES, joiners=1)
    fleet.order(0, claim())
    a_moment(fleet)
    fleet.admit(4)
    a_while(fleet)
    assert verdicts(fleet, BELIEF) == {Verdict.ACCEPTED}
    fleet.order(4, AssertBelief(content="the road is dry", category="claim"))
    a_moment(fleet)
    (found,) = rounds_at(fleet, 0, belief_id("the road is dry", "claim"))
    assert len(found.electorate) == 5
    assert found.verdict is Verdict.ACCEPTED
    assert fleet.agree()


def test_one_member_with_electors_of_its_choice_decides_and_removes_nothing() -> None:
    fleet = fleet_of(YES, YES, YES, YES, YES)
    fleet.order(0, claim())
    a_moment(fleet)
    for number in range(8):
        fleet.order(1, stacking(number))
        a_moment(fleet, 50)
    a_while(fleet)
    for place in fleet.places:
        state = fleet.hosts[place].running.state
        assert len(list(state.rounds)) == 1
        assert len(state.rounds.published) == 5, "they were published, and that is all"
        assert len(state.beliefs.assertions(BELIEF)) == 1
    assert verdicts(fleet, BELIEF) == {Verdict.ACCEPTED}
    assert fleet.agree()


def test_a_newcomer_s_blocks_that_come_before_its_admission_come_again_within_a_second() -> None:
    fleet = fleet_of(YES, YES, YES, YES, joiners=1)
    late, newcomer = fleet.hosts[3], fleet.hosts[4]
    fleet.network.cut([(place, late.place) for place in (0, 1, 2)])
    fleet.admit(newcomer.place)
    a_moment(fleet, 1_200)
    assert newcomer.id in newcomer.running.state.roster.current
    assert newcomer.id not in late.running.state.roster.current
    let_go = late.running.unknown_count
    fleet.order(newcomer.place, claim())
    a_moment(fleet, 20)
    assert late.running.unknown_count > let_go, "its author was not known there"
    assert late.running.state.beliefs.get(BELIEF) is None
    a_moment(fleet, 1_100)
    assert late.running.state.beliefs.get(BELIEF) is not None
    assert newcomer.id in late.running.state.roster.current
    assert not late.running.faults
    fleet.network.heal()
    a_while(fleet)
    assert verdicts(fleet, BELIEF) == {Verdict.ACCEPTED}


def test_the_minority_side_decides_nothing() -> None:
    fleet = fleet_of(YES, YES, YES, YES, YES)
    isolate(fleet, 0, 1)
    fleet.order(0, claim(MAJORITY))
    other = belief_id("the mill burns", "claim")
    fleet.order(4, AssertBelief(content="the mill burns", category="claim", rules=MAJORITY))
    a_moment(fleet, 5_000)
    assert rounds_at(fleet, 0, BELIEF)[-1].verdict is Verdict.EXPIRED
    assert fleet.hosts[1].running.state.rounds.verdict(BELIEF) is Verdict.EXPIRED
    assert rounds_at(fleet, 4, other)[-1].verdict is Verdict.ACCEPTED
    fleet.network.heal()
    a_while(fleet)
    assert verdicts(fleet, other) == {Verdict.ACCEPTED}
    assert verdicts(fleet, BELIEF) == {Verdict.ACCEPTED}, "the votes of the others came late"
    assert fleet.agree()


def test_a_crash_between_persist_and_send_loses_nothing() -> None:
    fleet = fleet_of(YES, YES, YES)
    host = fleet.hosts[1]
    host.crash_at = Lane.AFTER_PERSIST
    fleet.order(1, claim())
    a_moment(fleet)
    assert host.node is None
    assert fleet.hosts[0].running.state.beliefs.get(BELIEF) is None
    fleet.start(host)
    a_while(fleet)
    assert verdicts(fleet, BELIEF) == {Verdict.ACCEPTED}
    assert fleet.agree()


def test_a_crash_before_persist_leaves_nothing() -> None:
    fleet = fleet_of(YES, YES, YES)
    host = fleet.hosts[1]
    host.crash_at = Lane.BEFORE_PERSIST
    fleet.order(1, claim())
    a_moment(fleet)
    fleet.start(host)
    a_while(fleet)
    assert verdicts(fleet, BELIEF) == {None}
    assert fleet.agree()


def test_a_restarted_node_does_not_vote_twice() -> None:
    def by_life(place: int, life: int) -> Evaluator:
        return Answering(NO if place == 1 and life else YES)

    fleet = fleet_with(by_life, nodes=5)
    host = fleet.hosts[1]
    host.crash_at = Lane.AFTER_PERSIST
    fleet.order(0, claim())
    a_moment(fleet)
    assert host.node is None, "it crashed when its vote was durable and told to nobody"
    fleet.start(host)
    a_while(fleet)
    for place in fleet.places:
        (found,) = rounds_at(fleet, place, BELIEF)
        assert found.choices(found.electorate.position[host.id]) == [YES]
        assert not found.culprits()


def test_a_vote_before_leaving_counts_and_a_member_that_left_writes_no_more() -> None:
    fleet = fleet_of(YES, YES, NO, NO, YES, joiners=1)
    fleet.order(0, claim(MAJORITY))
    a_moment(fleet)
    fleet.order(4, LeaveFleet(reason="battery low"))
    a_moment(fleet)
    gone = fleet.hosts[4]
    written = gone.running.authors[0].sequence
    fleet.order(1, AssertBelief(content="the well is dry", category="claim"))
    fleet.admit(5)
    a_while(fleet)
    assert gone.running.authors[0].sequence == written
    for place in fleet.places:
        (found,) = rounds_at(fleet, place, BELIEF)
        assert found.verdict is Verdict.ACCEPTED
        assert found.choices(found.electorate.position[gone.id]) == [YES]
    assert fleet.agree()


def test_leaving_while_a_round_opens_elsewhere_gives_one_state() -> None:
    fleet = fleet_of(YES, YES, YES, YES, YES)
    isolate(fleet, 0, 1)
    fleet.order(0, claim())
    fleet.order(4, LeaveFleet())
    a_moment(fleet, 400)
    (before,) = rounds_at(fleet, 1, BELIEF)
    assert len(before.electorate) == 5
    fleet.network.heal()
    a_while(fleet)
    assert fleet.agree()
    last = rounds_at(fleet, 2, BELIEF)[-1]
    assert verdicts(fleet, BELIEF) == {Verdict.ACCEPTED}
    assert len(last.electorate) == 4


def test_a_rejected_belief_is_taken_out_of_the_set_everywhere() -> None:
    fleet = fleet_of(YES, NO, NO, NO, NO)
    fleet.order(0, claim())
    a_moment(fleet, 600)
    assert verdicts(fleet, BELIEF) == {Verdict.REJECTED}
    assert all(not host.running.state.beliefs.assertions(BELIEF) for host in fleet.up)


def test_a_retraction_concurrent_with_another_assertion_takes_back_its_own_only() -> None:
    fleet = fleet_of(YES, YES, YES)
    fleet.order(0, claim())
    a_moment(fleet)
    isolate(fleet, 0)
    fleet.order(0, RetractBelief(belief=BELIEF))
    fleet.order(1, claim())
    a_moment(fleet)
    fleet.network.heal()
    a_while(fleet)
    left = [host.running.state.beliefs.assertions(BELIEF) for host in fleet.up]
    assert [[author for author, _, _ in one] for one in left] == [[fleet.hosts[1].id]] * 3


def test_electors_and_rules_that_could_not_travel_are_refused_and_nothing_is_written() -> None:
    fleet = fleet_of(YES, YES, YES)
    host = fleet.hosts[0]
    written = host.running.authors[0].sequence
    for electors in ((), (NodeId(b"short"),), tuple(NodeId(b"%16d" % i) for i in range(4_097))):
        command = AssertBelief(content=CONTENT, category="claim", electors=electors)
        fleet.order(0, command)
    fleet.order(0, claim(Rules(quorum=2_000_000)))
    a_moment(fleet)
    assert fleet.refused == {"bad-electors": 3, "bad-rules": 1}
    assert host.running.authors[0].sequence == written
    assert host.running.state.beliefs.get(BELIEF) is None


def test_refusals_are_counted_by_code() -> None:
    fleet = fleet_of(None, None, None)
    fleet.order(0, ProposeBelief(belief=BELIEF))
    fleet.order(0, claim())
    a_moment(fleet, 100)
    fleet.order(1, ProposeBelief(belief=BELIEF))
    a_moment(fleet, 100)
    assert fleet.refused == {"unknown-belief": 1, "round-open": 1}

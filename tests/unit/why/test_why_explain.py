"""Beliefs of small fleets, explained: who said what and why, what came before, what comes next."""

from collections.abc import Mapping, Sequence

import pytest
from by_hand import Fleet

from credimus.kernel.errors import Conflict, NotFound
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BeliefId, ElectorateId, RoundId
from credimus.node.commands import AssertBelief, CastVote, ProposeBelief, RelateBeliefs
from credimus.node.node import Node
from credimus.node.showing.queries import find_belief
from credimus.protocol.voting.interface import Ballot, Question, VotingConfig
from credimus.state.operations import (
    Aggregation,
    Choice,
    Evidence,
    Propose,
    Relation,
    Rules,
    Scheme,
)
from credimus.state.voting.electorates import electorate_id, electorate_of
from credimus.why import explain as explaining
from credimus.why.explain import ROUNDS_MAX, explain
from credimus.why.explanation import Explanation, RoundExplained

GATE = "the north gate is open"
YES = Ballot(Choice.ACCEPT, MILLION, "seen from the quay")
NO = Ballot(Choice.REJECT, 700_000, "the camera shows it shut")
PERHAPS = Ballot(Choice.ABSTAIN, 0, "too dark")


class Mind:
    """An evaluator that answers as it is told; None leaves the vote to a command."""

    def __init__(self, ballot: Ballot | None) -> None:
        self.ballot = ballot

    def evaluate(self, question: Question) -> Ballot | None:  # noqa: ARG002 - one answer for all
        return self.ballot


def fleet_of(*ballots: Ballot | None, rules: Rules | None = None, attempts_max: int = 1) -> Fleet:
    """A fleet whose members answer so."""
    config = VotingConfig(rules=rules or Rules(), attempts_max=attempts_max)
    return Fleet(len(ballots), config, [Mind(ballot) for ballot in ballots])


def say(fleet: Fleet, number: int, content: str = GATE, **fields: object) -> BeliefId:
    """A member asserts something, and all is settled."""
    command = AssertBelief(content=content, **fields)  # type: ignore[arg-type]
    written = fleet.nodes[number].execute(command, fleet.now)
    fleet.settle()
    assert written.belief is not None
    return written.belief


def told(fleet: Fleet, belief: BeliefId, number: int = 0) -> Explanation:
    """What one node says of a belief."""
    node = fleet.nodes[number]
    wires = {block.id: block.wire for block in fleet.stores[number]}

    def wires_of(ids: Sequence[bytes]) -> list[bytes]:
        return [wires[one] for one in ids if one in wires]

    return explain(node.state, node.lace, find_belief(node.state, belief.hex()), wires_of)


def answers(one: RoundExplained) -> list[tuple[str, str | None]]:
    return sorted(
        (answer.choice, answer.reason) for voter in one.voters for answer in voter.answers
    )


def test_an_accepted_belief_is_explained_alike_by_everybody() -> None:
    fleet = fleet_of(YES, YES, NO, YES)
    belief = say(fleet, 0, evidence=(Evidence("camera", "frame 81"),), confidence=900_000)
    found = told(fleet, belief)
    assert found == told(fleet, belief, 3)
    assert (found.content, found.verdict, found.confidence) == (GATE, "accepted", 0.9)
    assert found.assertions[0].evidence[0].content == "frame 81"
    (one,) = found.rounds
    assert answers(one) == [("accept", YES.reason)] * 3 + [("reject", NO.reason)]
    assert [who.id for who in one.dissent] == [fleet.nodes[2].id.hex()]
    assert {answer.confidence for v in one.voters for answer in v.answers} == {1.0, 0.7}
    assert (one.waiting, one.refused, one.culprits, one.unread) == ([], [], [], 0)
    assert one.decides
    assert one.tally.threshold == "more than two thirds of 4"
    assert (one.tally.accept, one.tally.reject, one.tally.needed) == (3, 1, 3)
    assert one.spare is not None
    assert (one.spare.value, one.spare.votes) == (0, 0)
    (contest,) = found.changes
    assert (contest.verdict, contest.value, contest.contradicting) == ("contested", 2, 2)
    assert [vote.contradicts for vote in contest.votes] == [True, True]
    assert found.next_attempt.number == 2
    assert found.next_attempt.by == ["proposal"]


def test_an_open_belief_says_who_is_waited_for_and_what_would_decide_it() -> None:
    fleet = fleet_of(YES, None, None, NO)
    belief = say(fleet, 0)
    found = told(fleet, belief)
    (one,) = found.rounds
    silent = sorted(node.id.hex() for node in fleet.nodes[1:3])
    assert sorted(who.id for who in one.waiting) == silent
    assert one.dissent == []
    assert found.next_attempt.blocked == "round-open"
    by_verdict = {change.verdict: change for change in found.changes}
    assert set(by_verdict) == {"accepted", "rejected", "expired"}
    accepted = by_verdict["accepted"]
    assert (accepted.value, accepted.contradicting, len(accepted.votes)) == (2, 0, 2)
    for number, vote in zip((1, 2), accepted.votes, strict=True):
        assert told(fleet, belief).verdict == "open"
        fleet.nodes[number].execute(CastVote(belief=belief, choice=Choice.ACCEPT), fleet.now)
        fleet.settle()
        assert vote.elector.id in silent
    assert told(fleet, belief).verdict == "accepted"


def test_a_refusal_and_its_reason_are_told() -> None:
    fleet = fleet_of(YES, YES, YES)
    node = fleet.nodes[0]
    stacked = [(member.id, 900_000) for member in fleet.nodes]
    fleet.nodes[0].execute(AssertBelief(content=GATE, propose=False), fleet.now)
    fleet.settle()
    belief = next(iter(node.state.beliefs)).id
    publish = electorate_of(dict(stacked))
    electorate = ElectorateId(electorate_id(publish.electors))
    node.authors[0].say(publish)
    node.authors[0].say(Propose(belief, 1, Rules(), electorate, 5_000))
    node.execute(AssertBelief(content="another", propose=False), fleet.now)
    fleet.settle()
    (one,) = told(fleet, belief).rounds
    assert len(one.refused) == 3
    assert all("weighs" in (voter.refusal or "") for voter in one.voters)
    assert one.waiting == []


@pytest.mark.parametrize("aggregation", Aggregation)
@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("ballots", [(YES, YES, YES), (NO, NO, NO), (YES, NO, PERHAPS)])
def test_every_scheme_and_outcome_is_explained(
    scheme: Scheme, aggregation: Aggregation, ballots: Sequence[Ballot]
) -> None:
    if scheme is Scheme.CREDENCE and aggregation is not Aggregation.SKILL:
        return
    share = (0, 1) if scheme in (Scheme.MAJORITY, Scheme.BYZANTINE) else (2, 3)
    fleet = fleet_of(*ballots, rules=Rules(scheme, *share, aggregation))
    belief = say(fleet, 0)
    before = told(fleet, belief)
    fleet.wait(12_000)
    found = told(fleet, belief, 1)
    (one,) = found.rounds
    reasons = {(ballot.choice.name.lower(), ballot.reason) for ballot in ballots}
    assert set(answers(one)) == reasons
    units = {1: "votes", 2: "millionths", 3: "weight", 4: "nats"}
    assert one.tally.unit == units[aggregation]
    assert (
        found.verdict
        == {
            (YES, YES, YES): "accepted",
            (NO, NO, NO): "rejected",
            (YES, NO, PERHAPS): "expired",
        }[tuple(ballots)]
    )
    if found.verdict in ("accepted", "rejected"):
        assert one.recorded
        assert "contested" in {change.verdict for change in found.changes}
    else:
        assert one.closings
    if scheme is Scheme.TURNOUT:
        assert before.verdict == "open"
        changes = {change.verdict: change for change in before.changes}
        assert found.verdict in changes
        assert changes[found.verdict].closing is not None
        again = next(one for one in found.changes if one.verdict == "contested")
        assert again.closing is not None
        assert [who.id for who in again.closing.by] == [fleet.nodes[0].id.hex()]


def test_a_belief_without_any_round_and_one_that_nobody_asserted() -> None:
    fleet = fleet_of(YES, YES)
    belief = say(fleet, 1, propose=False)
    found = told(fleet, belief)
    assert (found.verdict, found.rounds, found.changes) == (None, [], [])
    assert (found.next_attempt.number, found.next_attempt.by) == (1, ["proposal", "assertion"])
    with pytest.raises(NotFound, match="is not known here"):
        told(fleet, BeliefId(bytes(16)))


def test_relations_are_told_with_their_order() -> None:
    fleet = fleet_of(YES, YES, YES)
    rain, flood = say(fleet, 0, "it rains"), say(fleet, 1, "the river rises")
    road, other = say(fleet, 2, "the road is closed"), say(fleet, 0, "the road is open")
    for source, relation, target in (
        (rain, Relation.IMPLIES, flood),
        (road, Relation.DEPENDS_ON, flood),
        (other, Relation.CONTRADICTS, road),
    ):
        command = RelateBeliefs(source=source, relation=relation, target=target)
        fleet.nodes[0].execute(command, fleet.now)
    fleet.settle()
    history = told(fleet, road).history
    assert history.leans_on == [flood.hex()]
    assert history.leans_on_through == [rain.hex()]
    assert {one.id: (one.relations, one.order) for one in history.related} == {
        flood.hex(): (["it depends on"], "before"),
        rain.hex(): ([], "before"),
        other.hex(): (["contradicts it"], "after"),
    }
    assert history.left_out == 0


def opens(fleet: Fleet, command: AssertBelief | ProposeBelief, belief: BeliefId) -> int:
    """The attempt that a command opens; 0 when it opens none."""
    node: Node = fleet.nodes[0]
    before = {one.id for one in node.state.rounds}
    try:
        node.execute(command, fleet.now)
    except Conflict:
        return 0
    fleet.settle()
    fresh = [one for one in node.state.rounds.on(belief) if one.id not in before]
    return fresh[-1].attempt if fresh else 0


@pytest.mark.parametrize(
    ("ballots", "wait_ms"),
    [((YES, YES), 0), ((NO, NO), 0), ((YES, None), 0), ((YES, None), 9_000), ((YES, NO), 9_000)],
)
@pytest.mark.parametrize("by", ["proposal", "assertion"])
def test_the_next_attempt_opens_by_what_it_says_and_by_nothing_else(
    ballots: Sequence[Ballot | None], wait_ms: int, by: str
) -> None:
    fleet = fleet_of(*ballots)
    belief = say(fleet, 0)
    fleet.wait(wait_ms)
    attempt = told(fleet, belief).next_attempt
    commands: Mapping[str, AssertBelief | ProposeBelief] = {
        "proposal": ProposeBelief(belief=belief), "assertion": AssertBelief(content=GATE)
    }  # fmt: skip
    opened = opens(fleet, commands[by], belief)
    assert opened == (attempt.number if by in attempt.by else 0)


def test_an_expired_attempt_is_followed_by_another_and_both_are_told() -> None:
    fleet = fleet_of(YES, NO, attempts_max=2)
    belief = say(fleet, 0)
    fleet.wait(6_000)
    found = told(fleet, belief)
    assert [(one.attempt, one.verdict) for one in found.rounds] == [(1, "expired"), (2, "open")]
    assert [one.decides for one in found.rounds] == [False, True]
    first = found.rounds[0]
    assert [closing.author.id for closing in first.closings] == [fleet.nodes[0].id.hex()]
    through_first = [change for change in found.changes if change.round == first.id]
    assert {change.verdict for change in through_first} == {"accepted", "rejected"}
    assert all(change.contradicting == 1 for change in through_first), "a late certificate wins"


def test_the_rounds_told_of_are_bounded() -> None:
    fleet = fleet_of(None)
    belief = say(fleet, 0)
    for _ in range(ROUNDS_MAX + 3):
        fleet.wait(6_000)
        fleet.nodes[0].execute(ProposeBelief(belief=belief), fleet.now)
        fleet.settle()
    found = told(fleet, belief)
    assert len(found.rounds) == ROUNDS_MAX
    assert found.rounds_left_out == 4
    assert found.rounds[-1].attempt == ROUNDS_MAX + 4
    assert fleet.nodes[0].state.rounds.get(RoundId(bytes.fromhex(found.rounds[-1].id)))


def test_the_electors_told_of_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "VOTERS_MAX", 5)
    fleet = fleet_of(YES, NO, attempts_max=3)
    belief = say(fleet, 0)
    fleet.wait(20_000)
    found = told(fleet, belief)
    assert [one.attempt for one in found.rounds] == [2, 3]
    assert found.rounds_left_out == 1
    monkeypatch.setattr(explaining, "VOTERS_MAX", 0)
    assert [one.attempt for one in told(fleet, belief).rounds] == [3]

"""Rounds by skill and by reputation: what proposers publish, and what electors hold against it."""

import pytest
from by_hand import Fleet

from credimus.kernel.ids import NodeId
from credimus.lace.block import Block
from credimus.node.commands import AssertBelief
from credimus.protocol.voting.interface import Ballot, Question, VotingConfig
from credimus.state.identity import belief_id
from credimus.state.operations import (
    Aggregation,
    Choice,
    Propose,
    Publish,
    Refuse,
    Rules,
    Scheme,
    Skill,
    read_operations,
)
from credimus.state.voting.electorates import Electorate, electorate_id, electorate_of, round_id
from credimus.state.voting.epochs import ROUNDS_MIN
from credimus.state.voting.verdict import Verdict
from strategies import MEMBERS, SIGNERS, make_block

CREDENCE = Rules(Scheme.CREDENCE, 4, 5, Aggregation.SKILL)
REPUTATION = Rules(Scheme.MAJORITY, aggregation=Aggregation.REPUTATION)
PLAIN = Skill(700_000, 700_000)


class Says:
    """Says that a statement holds when it ends in an even digit, or the contrary."""

    def __init__(self, right: bool) -> None:
        self._right = right

    def evaluate(self, question: Question) -> Ballot | None:
        holds = question.content[-1:] in "02468"
        return Ballot(Choice.ACCEPT if holds is self._right else Choice.REJECT)


def fleet_of(*rights: bool, rules: Rules = CREDENCE, **voting: object) -> Fleet:
    config = VotingConfig(rules=rules, attempts_max=1, **voting)  # type: ignore[arg-type]
    return Fleet(len(rights), config, [Says(right) for right in rights])


def ask(fleet: Fleet, number: int, by: int = 0) -> Verdict | None:
    """One node puts a statement to the vote; the verdict of another."""
    content = f"statement {number}"
    fleet.nodes[by].execute(AssertBelief(content=content, category="general"), fleet.now)
    fleet.settle()
    fleet.wait(500)
    return fleet.nodes[1].state.rounds.verdict(belief_id(content, "general"))


def newest(fleet: Fleet) -> Electorate:
    return next(iter(fleet.nodes[1].state.rounds.published.newest()))


def test_who_is_mostly_wrong_is_found_out_and_then_its_word_speaks_for_the_contrary() -> None:
    fleet = fleet_of(True, True, True, False)
    for number in range(ROUNDS_MIN):
        expected = Verdict.REJECTED if number % 2 else Verdict.ACCEPTED
        assert ask(fleet, number, by=number % 4) is expected
    first = newest(fleet)
    assert (first.epoch, set(first.skills)) == (0, {PLAIN})
    ask(fleet, ROUNDS_MIN)
    learned = newest(fleet)
    liar = learned.skills[learned.position[NodeId(MEMBERS[3])]]
    assert learned.epoch == 1
    assert liar.sensitivity < 300_000
    assert learned.skills[learned.position[NodeId(MEMBERS[0])]].sensitivity > 800_000
    accept, reject = learned.evidence[learned.position[NodeId(MEMBERS[3])]]
    assert accept < 0 < reject
    assert not said(fleet, Refuse)
    count = len(list(fleet.nodes[1].state.rounds.published.newest()))
    ask(fleet, ROUNDS_MIN + 1, by=2)  # another proposer, the same epoch: the same electorate
    assert len(list(fleet.nodes[1].state.rounds.published.newest())) == count
    standing = {node.state.standing.fingerprint() for node in fleet.nodes}
    assert len(standing) == 1


def test_conduct_gives_the_weights_of_rounds_by_reputation() -> None:
    fleet = fleet_of(True, True, True, False, rules=REPUTATION)
    for number in range(ROUNDS_MIN + 1):
        ask(fleet, number)
    learned = newest(fleet)
    weights = {NodeId(one.member): one.weight for one in learned.electors}
    assert learned.epoch == 1
    assert weights[NodeId(MEMBERS[3])] < 510_000
    assert weights[NodeId(MEMBERS[0])] > 600_000
    assert not said(fleet, Refuse)
    assert fleet.nodes[0].state.standing.conduct().of(NodeId(MEMBERS[0])).correct == ROUNDS_MIN + 1


def test_below_the_least_weight_nobody_counts() -> None:
    fleet = fleet_of(True, True, True, rules=REPUTATION, reputation_min=900_000)
    ask(fleet, 0)
    assert {one.weight for one in newest(fleet).electors} == {0}


def said(fleet: Fleet, kind: type, number: int = 0) -> list:
    return [
        one
        for block in fleet.stores[number]
        for one in read_operations(block.body)
        if isinstance(one, kind)
    ]


def proposed(fleet: Fleet, publication: Publish, rules: Rules = CREDENCE) -> list[Refuse]:
    """What the electors answer to a member that publishes an electorate of its own."""
    before = len(said(fleet, Refuse))
    identifier = electorate_id(publication.electors, publication)
    proposal = Propose(belief_id("statement 0", "general"), 7, rules, identifier, 5_000)
    own = [block for block in fleet.stores[1] if block.author == MEMBERS[1]]
    last: Block | None = own[-1] if own else None
    seen = [block for block in fleet.stores[1] if block.author != MEMBERS[1]][-1:]
    block = make_block(SIGNERS[1], [publication, proposal], last, seen)
    for other in (0, 2, 3):
        fleet.push(other, [block], 1)
    fleet.settle()
    assert fleet.nodes[0].state.rounds.get(round_id(proposal)) is not None
    return said(fleet, Refuse)[before:]


FOUR = dict.fromkeys(MEMBERS[:4], 500_000)
KNOWN = dict.fromkeys(MEMBERS[:4], PLAIN)


@pytest.mark.parametrize(
    ("publication", "reason"),
    [
        (electorate_of(FOUR, KNOWN), None),
        (electorate_of(FOUR, {**KNOWN, MEMBERS[1]: Skill(710_000, 690_000)}), None),
        (electorate_of(FOUR, {**KNOWN, MEMBERS[1]: Skill(990_000, 990_000)}), "takes an answer"),
        (electorate_of(FOUR, {**KNOWN, MEMBERS[2]: Skill(700_000, 700_000, 4)}), None),
        (electorate_of(FOUR, dict.fromkeys(FOUR, Skill(600_000, 600_000))), "takes answers for"),
        (electorate_of(FOUR, KNOWN, 900_000), "for true"),
        (electorate_of({**FOUR, MEMBERS[1]: 900_000}, KNOWN), "weighs"),
        (electorate_of(FOUR, KNOWN, epoch=1), "0 is open here"),
    ],
)
def test_electors_refuse_skills_that_are_not_theirs(
    publication: Publish, reason: str | None
) -> None:
    fleet = fleet_of(True, True, True, True)
    refusals = proposed(fleet, publication)
    if reason is None:
        assert refusals == []
    else:
        assert len(refusals) == 3
        assert all(reason in one.reason for one in refusals)


def test_electors_refuse_weights_that_conduct_does_not_give() -> None:
    fleet = fleet_of(True, True, True, True, rules=REPUTATION)
    refusals = proposed(fleet, electorate_of({**FOUR, MEMBERS[1]: 700_000}), REPUTATION)
    assert len(refusals) == 3
    assert all("weighs" in one.reason for one in refusals)


def test_an_epoch_that_was_closed_for_long_is_refused() -> None:
    fleet = fleet_of(True, True, True, True, stale_ms=0)
    for number in range(2 * ROUNDS_MIN + 1):
        ask(fleet, number)
    assert fleet.nodes[0].state.rounds.epochs.open_epoch() == 2
    fleet.wait(1_000)
    ((reason,),) = [{one.reason for one in proposed(fleet, electorate_of(FOUR, KNOWN))}]
    assert reason == "electorate weighs by epoch 0, which had been closed for long"


def test_a_proposal_by_skill_without_skills_opens_nothing() -> None:
    fleet = fleet_of(True, True, True, True)
    with pytest.raises(AssertionError):
        proposed(fleet, electorate_of(FOUR))


def test_skill_by_category_is_learned_apart() -> None:
    fleet = fleet_of(True, True, True, False, by_category=True)
    for number in range(ROUNDS_MIN):
        ask(fleet, number)
    fleet.nodes[0].execute(AssertBelief(content="elsewhere 2", category="other"), fleet.now)
    fleet.settle()
    assert set(newest(fleet).skills) == {PLAIN}
    ask(fleet, ROUNDS_MIN)
    assert set(newest(fleet).skills) != {PLAIN}

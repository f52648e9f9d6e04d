"""Who proposes, answers, refuses, closes, reopens and records; with liars among them."""

import pytest
from by_hand import Fleet

from credimus.kernel.errors import Conflict
from credimus.kernel.hlc import stamp_of
from credimus.lace.block import Block
from credimus.node.commands import (
    AdmitMember,
    AssertBelief,
    CastVote,
    ProposeBelief,
    RelateBeliefs,
)
from credimus.protocol.voting.electing import fitting, objection
from credimus.protocol.voting.interface import Ballot, Question, VotingConfig
from credimus.protocol.voting.knowledge import AnswerSheet, Known, LocalKnowledge, Manual
from credimus.state.identity import belief_id
from credimus.state.operations import (
    Admit,
    Aggregation,
    Choice,
    Close,
    Conclude,
    Conclusion,
    Leave,
    Operation,
    Propose,
    Publish,
    Refuse,
    Relation,
    Rules,
    Scheme,
    Vote,
    Votes,
    read_operations,
)
from credimus.state.voting.electorates import Electorate, electorate_id, electorate_of
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict
from strategies import MEMBERS, SIGNERS, make_block

RAIN = AssertBelief(content="it rains", category="general")
RAIN_ID = belief_id("it rains", "general")


def said(fleet: Fleet, kind: type, number: int = 0) -> list[tuple[bytes, Operation]]:
    """All operations of one kind in a node's store, with their authors."""
    return [
        (block.author, one)
        for block in fleet.stores[number]
        for one in read_operations(block.body)
        if isinstance(one, kind)
    ]


def rounds(fleet: Fleet, number: int = 0) -> tuple[Round, ...]:
    """The rounds on rain."""
    return fleet.nodes[number].state.rounds.on(RAIN_ID)


def lie(fleet: Fleet, number: int, *operations: Operation, **fields: object) -> Block:
    """A block that a member signs beside its own node's back, and that everybody gets."""
    own = [block for block in fleet.stores[number] if block.author == MEMBERS[number]]
    seen = [block for block in fleet.stores[number] if block.author != MEMBERS[number]][-1:]
    block = make_block(SIGNERS[number], operations, own[-1] if own else None, seen, **fields)
    for other in range(len(fleet.nodes)):
        if other != number:
            fleet.push(other, [block], number)
    fleet.settle()
    return block


def manual(count: int = 4, **voting: object) -> Fleet:
    """Nobody votes but by command."""
    return Fleet(count, VotingConfig(**voting), [Manual()] * count)  # type: ignore[arg-type]


def test_all_accept_what_one_asserts_and_the_proposer_records_it_once() -> None:
    fleet = Fleet(4)
    fleet.nodes[2].execute(RAIN, fleet.now)
    fleet.settle()
    assert [one.verdict for one in rounds(fleet)] == [Verdict.ACCEPTED]
    assert sorted(who for who, _ in said(fleet, Votes)) == sorted(MEMBERS[:4])
    fleet.wait(10_000)
    assert [who for who, _ in said(fleet, Conclude)] == [MEMBERS[2]]
    assert not said(fleet, Close)
    assert len(fleet.fingerprints()) == 1


def test_two_that_propose_at_once_meet_in_one_round() -> None:
    fleet = Fleet(4)
    fleet.nodes[0].execute(AssertBelief(content="so that an electorate stands"), fleet.now)
    fleet.settle()
    fleet.nodes[1].execute(RAIN, fleet.now)
    fleet.nodes[2].execute(AssertBelief(content="It  rains.", category="general"), fleet.now)
    fleet.settle()
    (found,) = rounds(fleet)
    assert found.proposers == sorted(MEMBERS[1:3])
    assert len(said(fleet, Publish)) == 1


def test_an_electorate_is_published_anew_when_the_roster_changed() -> None:
    fleet = Fleet(3)
    for content in ("one", "two"):
        fleet.nodes[0].execute(AssertBelief(content=content), fleet.now)
        fleet.settle()
    assert len(said(fleet, Publish)) == 1
    fleet.nodes[0].execute(AdmitMember(public_key=SIGNERS[5].public, name="new"), fleet.now)
    fleet.settle()
    fleet.nodes[1].execute(AssertBelief(content="three"), fleet.now)
    fleet.settle()
    assert [len(one.electors) for _, one in said(fleet, Publish)] == [3, 4]


@pytest.mark.parametrize(
    ("unseen", "weights", "reason"),
    [
        ((2, [Admit(signer.public, "", "") for signer in SIGNERS[4:]]), {}, "leaves out 2 active"),
        ((3, [Leave("")]), {}, "who is no member"),
        (None, {MEMBERS[1]: 900_000}, "weighs"),
    ],
)
def test_what_an_elector_holds_against_an_electorate_is_a_signed_refusal(
    unseen: tuple | None, weights: dict, reason: str
) -> None:
    """Fair in the past of its proposal; but the elector knows more of the roster, or weighs."""
    fleet = Fleet(4)
    past = fleet.stores[0][-1]
    if unseen:
        lie(fleet, unseen[0], *unseen[1])
    stacked = electorate_of({**dict.fromkeys(MEMBERS[:4], 500_000), **weights})
    proposal = Propose(RAIN_ID, 1, Rules(), electorate_id(stacked.electors), 5_000)
    fleet.push(0, [make_block(SIGNERS[1], [stacked, proposal], None, [past])], 1)
    fleet.settle()
    ((who, refusal),) = said(fleet, Refuse)
    assert who == MEMBERS[0]
    assert reason in refusal.reason
    assert rounds(fleet)[0].voted == 0
    assert len(rounds(fleet)[0].refusals) == 1


def test_objections_within_tolerance_are_none() -> None:
    fleet = Fleet(3)
    members = fleet.nodes[0].state.roster.current
    for count, fine in ((3, True), (2, True), (1, False)):
        electorate = Electorate(electorate_of(dict.fromkeys(MEMBERS[:count], 1)).electors)
        assert (objection(electorate, members, 400_000) is None) is fine
    three, two = (
        Electorate(electorate_of(dict.fromkeys(MEMBERS[:count], 500_000)).electors)
        for count in (3, 2)
    )
    near = Electorate(electorate_of(dict.fromkeys(MEMBERS[:3], 500_010)).electors)
    assert fitting([near], three, VotingConfig(weight_tolerance=10)) is near
    assert fitting([near], three, VotingConfig(weight_tolerance=9)) is None
    assert fitting([near], two, VotingConfig(weight_tolerance=10)) is None


def test_a_round_expires_and_its_proposer_opens_the_next_up_to_a_limit() -> None:
    fleet = manual(attempts_max=2)
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.settle()
    fleet.wait(4_750)
    assert [one.verdict for one in rounds(fleet)] == [Verdict.OPEN]
    fleet.wait(500)
    assert [one.verdict for one in rounds(fleet)] == [Verdict.EXPIRED, Verdict.OPEN]
    second = said(fleet, Propose)[-1][1]
    assert second.previous == rounds(fleet)[0].id
    fleet.wait(20_000)
    assert [one.verdict for one in rounds(fleet)] == [Verdict.EXPIRED] * 2
    assert len(fleet.fingerprints()) == 1
    assert [who for who, _ in said(fleet, Close)] == [MEMBERS[0]] * 2


def test_others_close_for_a_silent_proposer() -> None:
    fleet = manual()
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.settle()
    fleet.away = {0}
    fleet.wait(6_500)
    assert rounds(fleet, 1)[0].verdict is Verdict.OPEN
    fleet.wait(20_000)
    assert rounds(fleet, 1)[0].verdict is Verdict.EXPIRED
    closers = [who for who, _ in said(fleet, Close, 1)]
    assert len(closers) == 1
    assert closers[0] != MEMBERS[0]


def test_a_late_certificate_wins_over_expiry() -> None:
    fleet = manual(attempts_max=1)
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.settle()
    fleet.wait(6_000)
    identifier = rounds(fleet)[0].id
    for number in (1, 2, 3):
        lie(fleet, number, Votes((Vote(identifier, Choice.REJECT),)))
    assert rounds(fleet)[0].verdict is Verdict.REJECTED


def test_a_conclusion_that_lies_neither_decides_nor_keeps_a_round_open() -> None:
    fleet = manual(attempts_max=1)
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.settle()
    identifier = rounds(fleet)[0].id
    lie(fleet, 1, Conclude((Conclusion(identifier, Choice.ACCEPT, b"\x0f", b"", b""),)))
    assert rounds(fleet)[0].verdict is Verdict.OPEN
    fleet.wait(6_000)
    assert rounds(fleet)[0].verdict is Verdict.EXPIRED


def test_a_contested_majority_is_reopened_under_byzantine() -> None:
    fleet = manual(3, rules=Rules(Scheme.MAJORITY))
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.settle()
    identifier = rounds(fleet)[0].id
    lie(fleet, 1, Votes((Vote(identifier, Choice.ACCEPT), Vote(identifier, Choice.REJECT))))
    lie(fleet, 2, Votes((Vote(identifier, Choice.ACCEPT), Vote(identifier, Choice.REJECT))))
    (contested,) = rounds(fleet)
    assert contested.verdict is Verdict.CONTESTED, "its culprits are to be exposed first"
    fleet.wait(500)
    first, second = rounds(fleet)
    assert first is contested
    assert (second.attempt, second.rules.scheme) == (2, Scheme.BYZANTINE)
    assert fleet.nodes[0].state.rounds.verdict(RAIN_ID) is Verdict.CONTESTED


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_turnout_is_decided_by_the_proposer_s_closing(aggregation: Aggregation) -> None:
    fleet = manual(rules=Rules(Scheme.TURNOUT, 2, 3, aggregation))
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.settle()
    for number in (1, 2, 3):
        choice = Choice.REJECT if number == 3 else Choice.ACCEPT
        vote = CastVote(belief=RAIN_ID, choice=choice, confidence=600_000)
        fleet.nodes[number].execute(vote, fleet.now)
    fleet.settle()
    assert rounds(fleet)[0].verdict is Verdict.OPEN
    fleet.wait(5_250)
    assert rounds(fleet)[0].verdict is Verdict.ACCEPTED
    assert len(fleet.fingerprints()) == 1
    closing = rounds(fleet)[0].closings[0][2]
    lie(fleet, 0, Close(closing.round, closing.accept), header_stamp=stamp_of(10**13))
    assert fleet.nodes[1].faults[MEMBERS[0], "stamp-too-far-in-future"] == 1


def test_a_proposer_that_closes_a_turnout_twice_contests_it() -> None:
    fleet = manual(rules=Rules(Scheme.TURNOUT, 2, 3), attempts_max=1)
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.settle()
    fleet.wait(5_250)
    found = rounds(fleet, 1)[0]
    assert found.verdict is Verdict.EXPIRED
    lie(fleet, 0, Close(found.id, b"\x01"))
    assert found.verdict is Verdict.CONTESTED
    assert found.culprits() == [MEMBERS[0]]


def test_a_closing_before_its_time_counts_for_nothing() -> None:
    fleet = manual()
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.settle()
    found = rounds(fleet, 1)[0]
    early = found.opened_stamp + (5_000 << 16) - 1
    lie(fleet, 2, Close(found.id), header_stamp=early)
    assert found.verdict is Verdict.OPEN
    fleet.wait(1_000)
    lie(fleet, 3, Close(found.id), header_stamp=early + 1)
    assert found.verdict is Verdict.EXPIRED


class Denies:
    """Rejects everything."""

    def evaluate(self, question: Question) -> Ballot | None:
        """A rejection."""
        return Ballot(Choice.REJECT, 900_000, f"no {question.content}"[:20])


def test_a_rejection_removes_what_its_proposer_saw_and_leaves_what_comes_later() -> None:
    fleet = Fleet(4, VotingConfig(), [AnswerSheet({})] + [Denies()] * 3)
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.settle()
    assert rounds(fleet)[0].verdict is Verdict.REJECTED
    fleet.wait(1_000)
    assert fleet.nodes[3].state.beliefs.assertions(RAIN_ID) == []
    fleet.nodes[1].execute(AssertBelief(content="it rains", category="general"), fleet.now)
    fleet.settle()
    assert len(fleet.nodes[3].state.beliefs.assertions(RAIN_ID)) == 1
    assert [one.attempt for one in rounds(fleet)] == [1, 2]


# --- what a node knows by itself


def ask(fleet: Fleet, content: str, own: int | None = None, **options: object) -> Ballot:
    """The first node's answer on a statement."""
    state = fleet.nodes[0].state
    knows = LocalKnowledge(state, options.get("unknown", Choice.ACCEPT), options.get("facts"))
    identifier = belief_id(content, "general")
    question = Question(MEMBERS[0], b"r" * 16, identifier, content, "general", own)
    return knows.evaluate(question)


def test_facts_go_before_own_words_and_those_before_others() -> None:
    fleet = manual(2)
    fleet.nodes[1].execute(RAIN, fleet.now)
    fleet.settle()
    assert ask(fleet, "it rains").choice is Choice.ACCEPT
    assert ask(fleet, "it rains", unknown=Choice.ABSTAIN).choice is Choice.ABSTAIN
    assert ask(fleet, "never heard").choice is Choice.ABSTAIN
    assert ask(fleet, "it rains", own=400_000) == Ballot(
        Choice.REJECT, 600_000, "doubted by this node"
    )
    facts = {"It rains.": Known(holds=False, confidence=700_000)}
    assert ask(fleet, "it rains", own=1_000_000, facts=facts).choice is Choice.REJECT
    fleet.nodes[0].execute(
        AssertBelief(content="it rains", category="general", confidence=500_000), fleet.now
    )
    fleet.settle()
    assert ask(fleet, "it rains").reason == "asserted by this node"


def test_what_contradicts_an_own_belief_is_rejected() -> None:
    fleet = manual(2)
    for number, content in enumerate(("it is dry", "it rains")):
        fleet.nodes[number].execute(
            AssertBelief(content=content, category="general", confidence=800_000), fleet.now
        )
    fleet.settle()
    dry = belief_id("it is dry", "general")
    relation = RelateBeliefs(source=dry, relation=Relation.CONTRADICTS, target=RAIN_ID)
    fleet.nodes[1].execute(relation, fleet.now)
    fleet.settle()
    ballot = ask(fleet, "it rains")
    assert (ballot.choice, ballot.confidence) == (Choice.REJECT, 800_000)
    assert ask(fleet, "it rains", facts={"it is dry": Known(holds=False)}).choice is Choice.ACCEPT


def test_an_open_question_is_answered_by_a_later_command() -> None:
    fleet = manual(3)
    fleet.nodes[0].execute(RAIN, fleet.now)
    fleet.settle()
    wanted = [one for one in fleet.events[1] if type(one).__name__ == "EvaluationWanted"]
    assert [one.question.belief for one in wanted] == [RAIN_ID]
    for node in fleet.nodes:
        node.execute(CastVote(belief=RAIN_ID, choice=Choice.ACCEPT), fleet.now)
    fleet.settle()
    assert rounds(fleet)[0].verdict is Verdict.ACCEPTED
    with pytest.raises(Conflict, match="a vote is final"):
        fleet.nodes[0].execute(CastVote(belief=RAIN_ID, choice=Choice.REJECT), fleet.now)
    assert fleet.nodes[0].execute(ProposeBelief(belief=RAIN_ID), fleet.now).round is not None

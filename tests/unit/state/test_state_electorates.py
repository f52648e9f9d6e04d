"""Whose electorates count: judged by the roster in the past of the proposal."""

import itertools

import pytest

from credimus.lace.block import Block
from credimus.state.events import ProposalIgnored
from credimus.state.fleet import FleetState
from credimus.state.identity import belief_id
from credimus.state.operations import (
    Admit,
    Aggregation,
    Assert,
    Choice,
    Conclude,
    Conclusion,
    DotName,
    Found,
    Leave,
    Operation,
    Propose,
    Publish,
    Rules,
    Scheme,
    Vote,
    Votes,
)
from credimus.state.voting.electorates import (
    Electorate,
    electorate_id,
    electorate_of,
    is_fair,
    round_id,
)
from credimus.state.voting.verdict import Verdict
from strategies import FOUND, GENESIS, MEMBERS, NONCE, SIGNERS, Replica, make_block

RAIN = Assert(1, "it rains", "general", 900_000)
RAIN_ID = belief_id("it rains", "general")
ALONE = Rules(Scheme.MAJORITY)
ADMITS = Admit(SIGNERS[4].public, "new", "")


def proposal(electorate: Publish, rules: Rules = ALONE, attempt: int = 1) -> Propose:
    """A proposal on rain with these electors."""
    return Propose(RAIN_ID, attempt, rules, electorate_id(electorate.electors), 5_000)


def electors(*numbers: int) -> Publish:
    """An electorate of members with equal weights."""
    return electorate_of({MEMBERS[number]: 5 for number in numbers})


def agreed(*blocks: Block) -> Replica:
    """The state that every order of arrival gives."""
    replicas = [Replica().take_all([GENESIS, *order]) for order in itertools.permutations(blocks)]
    assert len({one.state.fingerprint() for one in replicas}) == 1
    assert all(set(one.outcomes.values()) == {"taken"} for one in replicas)
    return replicas[0]


def decides_alone(number: int, choice: Choice = Choice.REJECT, attempt: int = 1) -> list[Operation]:
    """One member publishes itself, proposes, votes and concludes."""
    alone = electors(number)
    said = proposal(alone, ALONE, attempt)
    identifier = round_id(said)
    removed = tuple(DotName(MEMBERS[n], counter) for n in range(4) for counter in range(1, 9))
    conclusion = Conclusion(identifier, choice, b"\x01", b"\x01", b"", 0, removed)
    return [alone, said, Votes((Vote(identifier, choice),)), Conclude((conclusion,))]


def test_one_member_decides_nothing_alone_and_removes_nothing() -> None:
    asserts = make_block(SIGNERS[2], [RAIN], None, [GENESIS])
    stacks = make_block(SIGNERS[1], decides_alone(1, attempt=65_535), None, [asserts])
    replica = agreed(asserts, stacks)
    assert not list(replica.state.rounds)
    assert replica.state.rounds.verdict(RAIN_ID) is None
    assert [who for who, _, _ in replica.state.beliefs.assertions(RAIN_ID)] == [MEMBERS[2]]


def test_an_electorate_that_is_published_late_is_judged_by_the_past_of_its_proposal() -> None:
    alone = electors(1)
    proposes = make_block(SIGNERS[1], decides_alone(1)[1:], None, [GENESIS])
    leaves = [make_block(SIGNERS[n], [Leave("")], None, [GENESIS]) for n in (0, 2, 3)]
    leaves[0] = make_block(SIGNERS[0], [Leave("")], GENESIS)
    late = make_block(SIGNERS[1], [alone], proposes, leaves)
    assert not list(agreed(proposes, *leaves, late).state.rounds)
    again = make_block(SIGNERS[1], [proposal(alone)], late)
    (found,) = agreed(proposes, *leaves, late, again).state.rounds
    assert found.verdict is Verdict.REJECTED, "alone in the fleet by now, and its vote was kept"


def test_a_proposal_beside_an_admission_counts_and_one_after_it_does_not() -> None:
    admits = make_block(SIGNERS[2], [ADMITS], None, [GENESIS])
    two = electors(0, 1)
    four = electors(0, 1, 2, 3)
    six = [make_block(SIGNERS[3], [Admit(SIGNERS[5].public, "", "")], None, [GENESIS])]
    beside = make_block(SIGNERS[1], [two, four, proposal(four), proposal(two)], None, [GENESIS])
    assert [len(one.electorate) for one in agreed(admits, *six, beside).state.rounds] == [4]
    after = make_block(SIGNERS[1], [four, proposal(four)], None, [admits, *six])
    assert not list(agreed(admits, *six, after).state.rounds), "leaves out two of six"


def test_an_elector_must_be_a_member_in_the_past_of_the_proposal() -> None:
    five = electors(0, 1, 2, 3, 4)
    early = make_block(SIGNERS[1], [five, proposal(five)], None, [GENESIS])
    admits = make_block(SIGNERS[2], [ADMITS], None, [GENESIS])
    own = make_block(SIGNERS[3], [ADMITS, five, proposal(five)], None, [GENESIS])
    assert not list(agreed(early, admits, own).state.rounds)
    late = make_block(SIGNERS[1], [proposal(five)], early, [admits])
    assert len(list(agreed(early, admits, late).state.rounds)) == 1


@pytest.mark.parametrize(
    ("weights", "aggregation", "counts"),
    [
        ((1, 1, 1, 4), Aggregation.REPUTATION, False),
        ((1, 1, 1, 4), Aggregation.EQUAL, True),
        ((1, 1, 1, 3), Aggregation.REPUTATION, True),
        ((0, 0, 0, 0), Aggregation.REPUTATION, True),
    ],
)
def test_under_reputation_nobody_outweighs_all_others(
    weights: tuple[int, ...], aggregation: Aggregation, counts: bool
) -> None:
    weighed = electorate_of(dict(zip(MEMBERS, weights, strict=False)))
    said = proposal(weighed, Rules(Scheme.MAJORITY, aggregation=aggregation))
    block = make_block(SIGNERS[3], [weighed, said], None, [GENESIS])
    assert bool(list(agreed(block).state.rounds)) is counts


@pytest.mark.parametrize(
    ("member_count", "elector_count", "left_out_max", "fair"),
    [
        (4, 4, 0, True), (4, 3, 0, False), (4, 3, 250_000, True), (4, 3, 249_999, False),
        (3, 2, 250_000, False), (100, 1, 1_000_000, True), (1, 1, 0, True),
    ],
)  # fmt: skip
def test_how_many_may_be_left_out(
    member_count: int, elector_count: int, left_out_max: int, fair: bool
) -> None:
    names = [bytes([number]) * 16 for number in range(member_count)]
    electorate = Electorate(electorate_of(dict.fromkeys(names[:elector_count], 1)).electors)
    assert is_fair(electorate, dict.fromkeys(names), left_out_max) is fair
    stranger = Electorate(electorate_of({b"s" * 16: 1}).electors)
    assert not is_fair(stranger, dict.fromkeys(names), 1_000_000)


def test_the_fleet_s_id_names_its_policy() -> None:
    lax = make_block(SIGNERS[0], [Found("x", NONCE, SIGNERS[0].public, "", "", 1_000_000)])
    replica = Replica().take_all([lax, GENESIS])
    assert replica.outcomes[lax.id] == "wrong-genesis"
    assert replica.state.rounds.left_out_max == FOUND.left_out_max


def test_what_is_ignored_is_told() -> None:
    replica = Replica().take_all([GENESIS])
    (taken,) = replica.take(make_block(SIGNERS[1], decides_alone(1), None, [GENESIS]))
    assert taken.events == [
        ProposalIgnored(MEMBERS[1], RAIN_ID, electorate_id(electors(1).electors))
    ]


def answered_in_vain() -> Replica:
    """A member proposed rain with three electorates of its choice, and answered two of them."""
    alone, pair, trio = electors(1), electors(1, 2), electors(0, 1)
    said = [proposal(one) for one in (alone, pair, trio)]
    votes = [
        Vote(round_id(said[0]), Choice.REJECT),
        Vote(round_id(said[1]), Choice.REJECT),
    ]
    first = make_block(SIGNERS[1], [alone, pair, *said[:2], Votes(tuple(votes))], None, [GENESIS])
    then = make_block(SIGNERS[1], [trio, said[2]], first)
    return agreed(first, then)


def test_answers_on_proposals_that_count_for_nothing_are_remembered_also_by_a_snapshot() -> None:
    """Profile lopsided, seed 10216: several proposals of a belief were voided by a checkpoint, and
    only the last was remembered, until a restart."""
    state = answered_in_vain().state
    restored = FleetState.restored(state.snapshot())
    assert restored.snapshot() == state.snapshot()
    for held in (state, restored):
        assert held.rounds.said_in_vain(MEMBERS[1], RAIN_ID, 1) is Choice.REJECT
        assert held.rounds.said_in_vain(MEMBERS[0], RAIN_ID, 1) is None
        assert held.rounds.said_in_vain(MEMBERS[1], RAIN_ID, 2) is None


def test_what_was_proposed_in_vain_goes_with_its_time() -> None:
    replica = answered_in_vain()
    rounds, last = replica.state.rounds, replica.log[-1].header.stamp
    assert rounds.let_go((), last) == 4, "two proposals and two votes"
    assert rounds.said_in_vain(MEMBERS[1], RAIN_ID, 1) is None
    assert rounds.let_go((), last + 1) == 1
    assert rounds.let_go((), last + 1) == 0

"""The fold of claims: voided dots, doomed dots, ties, links, the confidence history."""

import itertools

import pytest

from credimus.crdt import ORSet
from credimus.lace.block import Block
from credimus.state.beliefs import Beliefs, link_key
from credimus.state.categories import KeywordCategorizer
from credimus.state.events import BeliefChanged
from credimus.state.identity import as_written, belief_id, normalised
from credimus.state.operations import (
    Assert,
    Choice,
    Conclude,
    Conclusion,
    DotName,
    Operation,
    Propose,
    Relate,
    Relation,
    Retract,
    Rules,
    Scheme,
    Vote,
    Votes,
    read_operations,
)
from credimus.state.voting.electorates import electorate_id, round_id
from credimus.state.voting.verdict import Verdict
from strategies import BELIEFS, ELECTORATES, GENESIS, MEMBERS, SIGNERS, Replica, make_block

RAIN = Assert(1, "it rains", "general", 900_000)
RAIN_ID = belief_id("it rains", "general")


def all_orders_agree(blocks: list) -> Replica:
    """Every order of arrival gives one visible state; returns a replica of it."""
    replicas = [Replica().take_all(order) for order in itertools.permutations(blocks)]
    first = replicas[0]
    for other in replicas:
        assert other.visible() == first.visible()
        assert other.state.fingerprint() == first.state.fingerprint()
    return first


def rejected_round(*removed: DotName, by: int = 1, outcome: Choice = Choice.REJECT) -> list[Block]:
    """Blocks that reject the belief in rain by the first three; the last one lists these dots."""
    electorate = ELECTORATES[1]
    proposal = Propose(
        RAIN_ID, 1, Rules(Scheme.MAJORITY, quorum=0), electorate_id(electorate.electors), 5_000
    )
    identifier = round_id(proposal)
    votes = [
        make_block(
            signer,
            [*([electorate, proposal] if not index else []),
             Votes((Vote(identifier, Choice.REJECT),))],
            GENESIS if not index else None,
            [] if not index else [GENESIS],
        )
        for index, signer in enumerate(SIGNERS[:2])
    ]  # fmt: skip
    verdict = Conclude((Conclusion(identifier, outcome, b"", b"", b"", 0, removed),))
    if by == 1:
        return [*votes, make_block(SIGNERS[1], [verdict], votes[1])]
    return [*votes, make_block(SIGNERS[by], [verdict], None, votes)]


def test_a_rejection_removes_what_it_lists_before_or_after_it_came() -> None:
    said = make_block(SIGNERS[2], [RAIN], None, [GENESIS])
    blocks = [*rejected_round(DotName(MEMBERS[2], 1)), said]
    for order in itertools.permutations(blocks):
        replica = Replica().take_all([GENESIS, *order])
        assert replica.state.beliefs.assertions(RAIN_ID) == []
    all_orders_agree([GENESIS, *blocks])


def test_a_rejection_leaves_the_dots_of_other_beliefs() -> None:
    said = make_block(SIGNERS[2], [Assert(1, "it snows", "general", 1)], None, [GENESIS])
    replica = all_orders_agree([GENESIS, *rejected_round(DotName(MEMBERS[2], 1)), said])
    assert len(replica.state.beliefs.assertions(belief_id("it snows", "general"))) == 1


EVERY_DOT = tuple(DotName(MEMBERS[2], counter) for counter in range(1, 1_000))


def test_a_rejection_leaves_what_is_asserted_after_it() -> None:
    rejection = rejected_round(*EVERY_DOT)
    first = make_block(SIGNERS[2], [RAIN], None, [GENESIS])
    again = make_block(SIGNERS[2], [Assert(2, "it rains", "general", 1)], first, rejection[-1:])
    beside = make_block(
        SIGNERS[2], [Assert(3, "it rains", "general", 1)], first,
        header_stamp=rejection[-1].header.stamp,
    )  # fmt: skip
    replica = all_orders_agree([GENESIS, *rejection, first, again])
    said = replica.state.beliefs.assertions(RAIN_ID)
    assert [counter for _, counter, _ in said] == [2]
    replica = all_orders_agree([GENESIS, *rejection, first, beside])
    assert [counter for _, counter, _ in replica.state.beliefs.assertions(RAIN_ID)] == [3]


@pytest.mark.parametrize(
    ("by", "outcome"), [(3, Choice.REJECT), (1, Choice.ACCEPT), (1, Choice.ABSTAIN)]
)
def test_a_conclusion_by_an_outsider_or_of_another_outcome_removes_nothing(
    by: int, outcome: Choice
) -> None:
    said = make_block(SIGNERS[2], [RAIN], None, [GENESIS])
    rejection = rejected_round(*EVERY_DOT, by=by, outcome=outcome)
    replica = all_orders_agree([GENESIS, said, *rejection])
    assert len(replica.state.beliefs.assertions(RAIN_ID)) == 1
    assert replica.state.rounds.verdict(RAIN_ID) is Verdict.REJECTED


def test_what_an_outsider_concluded_counts_once_it_proposes_the_round_too() -> None:
    said = make_block(SIGNERS[2], [RAIN], None, [GENESIS])
    rejection = rejected_round(*EVERY_DOT, by=3)
    proposal = next(one for one in read_operations(rejection[0].body) if isinstance(one, Propose))
    late = make_block(SIGNERS[3], [proposal], rejection[-1])
    replica = all_orders_agree([GENESIS, said, *rejection, late])
    assert replica.state.beliefs.assertions(RAIN_ID) == []


@pytest.mark.parametrize(
    "said",
    [
        [Relate(1, BELIEFS[0], Relation.SUPPORTS, BELIEFS[1])],
        [Retract((1,), "never said")],
        [Retract((1,), "before it was said"), RAIN],
        [RAIN, Assert(1, "it snows", "general", 1)],
        [Assert(1, "it snows", "general", 1), RAIN],
    ],
)
def test_a_doomed_dot_that_turns_out_otherwise_leaves_no_trace(said: list[Operation]) -> None:
    liar = make_block(SIGNERS[2], said, None, [GENESIS])
    replica = all_orders_agree([GENESIS, *rejected_round(DotName(MEMBERS[2], 1)), liar])
    assert replica.state.beliefs.assertions(RAIN_ID) == []


def test_two_claims_under_one_dot_void_each_other() -> None:
    one = make_block(SIGNERS[1], [RAIN], None, [GENESIS])
    other = make_block(SIGNERS[1], [Assert(1, "it snows", "general", 1)], None, [GENESIS])
    third = make_block(SIGNERS[2], [RAIN], None, [GENESIS])
    replica = all_orders_agree([GENESIS, one, other, third])
    assert [who for who, _, _ in replica.state.beliefs.assertions(RAIN_ID)] == [MEMBERS[2]]


@pytest.mark.parametrize(
    "second",
    [
        Assert(1, "it snows", "general", 1),
        Relate(1, BELIEFS[0], Relation.IMPLIES, BELIEFS[1]),
    ],
)
def test_a_voided_claim_is_told_of(second: Operation) -> None:
    """Else read models would go on showing it."""
    said = [make_block(SIGNERS[1], [one], None, [GENESIS]) for one in (RAIN, second)]
    replica = Replica().take_all([GENESIS, said[0]])
    (taken,) = replica.take(said[1])
    assert BeliefChanged(RAIN_ID) in taken.events
    assert replica.state.beliefs.assertions(RAIN_ID) == []
    (again,) = replica.take(
        make_block(SIGNERS[1], [RAIN], None, [GENESIS], header_stamp=GENESIS.header.stamp + 9)
    )
    assert BeliefChanged(RAIN_ID) not in again.events, "it was void before"


def test_of_two_writings_with_one_origin_the_smaller_is_shown() -> None:
    one = make_block(SIGNERS[1], [Assert(1, "IT RAINS", "general", 1)], None, [GENESIS])
    other = make_block(SIGNERS[1], [RAIN], None, [GENESIS])
    assert one.header.stamp == other.header.stamp
    replica = all_orders_agree([GENESIS, one, other])
    assert replica.state.beliefs.get(RAIN_ID).content == "IT RAINS"


def test_a_retraction_takes_back_own_dots_only() -> None:
    first = make_block(SIGNERS[1], [RAIN], None, [GENESIS])
    second = make_block(SIGNERS[2], [RAIN], None, [GENESIS])
    gone = make_block(SIGNERS[2], [Retract((1,), "wrong")], second)
    replica = all_orders_agree([GENESIS, first, second, gone])
    assert [who for who, _, _ in replica.state.beliefs.assertions(RAIN_ID)] == [MEMBERS[1]]


def test_confidence_is_the_mean_of_the_newest_of_each_author() -> None:
    first = make_block(SIGNERS[1], [RAIN], None, [GENESIS])
    again = make_block(SIGNERS[1], [Assert(2, "It  rains.", "general", 100_000)], first)
    other = make_block(SIGNERS[2], [Assert(1, "it rains", "general", 400_000)], None, [GENESIS])
    beliefs = all_orders_agree([GENESIS, first, again, other]).state.beliefs
    assert beliefs.confidence(RAIN_ID) == 250_000
    assert [who for _, who, _ in beliefs.history(RAIN_ID)][-1] in MEMBERS[1:3]
    assert beliefs.stance(RAIN_ID, MEMBERS[1]).confidence == 100_000
    assert beliefs.stance(RAIN_ID, MEMBERS[3]) is None
    assert beliefs.claims_made(MEMBERS[1]) == 2
    assert beliefs.confidence(BELIEFS[0]) == 0


def test_links_give_the_dependency_graph() -> None:
    source, target = BELIEFS[:2]
    said = make_block(
        SIGNERS[1],
        [
            Relate(1, source, Relation.CONTRADICTS, target),
            Relate(2, source, Relation.SUPPORTS, target),
        ],
        None,
        [GENESIS],
    )
    beliefs = all_orders_agree([GENESIS, said]).state.beliefs
    assert beliefs.contradictions(source) == [target]
    assert beliefs.contradictions(target) == [source]
    assert [link.relation for link in beliefs.links(source)] == [
        Relation.SUPPORTS,
        Relation.CONTRADICTS,
    ]
    key = link_key(source, Relation.CONTRADICTS, target)
    assert beliefs.links_by(MEMBERS[1], key) == [1]
    assert beliefs.contradictions(BELIEFS[2]) == []


def test_a_retracted_link_is_gone() -> None:
    source, target = BELIEFS[:2]
    said = make_block(
        SIGNERS[1], [Relate(1, source, Relation.CONTRADICTS, target)], None, [GENESIS]
    )
    gone = make_block(SIGNERS[1], [Retract((1,), "")], said)
    assert all_orders_agree([GENESIS, said, gone]).state.beliefs.contradictions(source) == []


def test_merging_claims_gives_what_folding_gives() -> None:
    blocks = [
        make_block(SIGNERS[1], [RAIN, Assert(2, "it snows", "general", 5)], None, [GENESIS]),
        make_block(SIGNERS[2], [RAIN], None, [GENESIS]),
    ]
    blocks.append(make_block(SIGNERS[1], [Retract((1,), "")], blocks[0]))
    both = Replica().take_all([GENESIS, *blocks]).state.beliefs
    merged = Beliefs()
    merged.merge_claims(Replica().take_all([GENESIS, blocks[1]]).state.beliefs.claims)
    merged.merge_claims(Replica().take_all([GENESIS, blocks[0], blocks[2]]).state.beliefs.claims)
    assert merged.to_bytes() == both.to_bytes()
    assert isinstance(both.claims, ORSet)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("It rains", "it  rains. ", True),
        ("It rains", "it rains\n", True),
        ("It rains", "it rained", False),
        ("ÄRGER", "ärger", False),  # only ASCII is folded, alike in every Unicode version
    ],
)
def test_a_belief_is_its_normalised_content(one: str, other: str, same: bool) -> None:
    assert (normalised(one) == normalised(other)) is same
    assert (belief_id(one, "general") == belief_id(other, "general")) is same
    assert belief_id(one, "general") != belief_id(one, "causal")


def test_callers_words_are_composed_and_trimmed() -> None:
    assert as_written(" cafe\u0301 ") == "caf\u00e9"


@pytest.mark.parametrize(
    ("content", "category"),
    [
        ("A pattern, seen twice", "observation"),
        ("It will rain", "prediction"),
        ("The willow stands", "general"),
        ("You must leave", "recommendation"),
        ("late due to rain", "causal"),
        ("The observed will", "observation"),
    ],
)
def test_keywords_choose_a_category(content: str, category: str) -> None:
    assert KeywordCategorizer().category(content) == category

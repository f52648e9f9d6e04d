"""What an explanation says would change a verdict does change it, and nothing less does."""

from copy import deepcopy
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel.codec import encode
from credimus.kernel.fixed import MILLION
from credimus.kernel.hlc import LOGICAL_BITS, stamp_of
from credimus.kernel.ids import BeliefId, NodeId, RoundId
from credimus.lace.block import Block
from credimus.lace.lace import Place
from credimus.protocol.voting.closing import closing_of
from credimus.state.operations import (
    Aggregation,
    Choice,
    Close,
    Elector,
    Publish,
    Rules,
    Scheme,
    Skill,
    Vote,
    Votes,
)
from credimus.state.voting.electorates import Electorate
from credimus.state.voting.round import Round
from credimus.state.voting.rounds import Rounds
from credimus.state.voting.verdict import Verdict
from credimus.why.changing import due_stamp
from credimus.why.counting import (
    Least,
    helping,
    least,
    side_value,
    spare_votes,
    value_given,
    value_most,
)
from credimus.why.explain import explain
from credimus.why.explanation import Change
from credimus.why.turnout import least_listed, outcome_now
from liars import histories
from strategies import (
    RULES,
    SIGNERS,
    TIMEOUT_MS,
    Replica,
    make_block,
)

SIDES = (Choice.ACCEPT, Choice.REJECT)
OUTCOME = {Choice.ACCEPT: Verdict.ACCEPTED, Choice.REJECT: Verdict.REJECTED}
BY_VOTES = (
    *RULES[:4], Rules(Scheme.SUPERMAJORITY, 2, 3), Rules(Scheme.SUPERMAJORITY, 1, 1),
    Rules(Scheme.BYZANTINE, aggregation=Aggregation.CONFIDENCE, quorum=MILLION),
    Rules(Scheme.MAJORITY, aggregation=Aggregation.REPUTATION, quorum=900_000),
    Rules(Scheme.MAJORITY, quorum=MILLION), *RULES[7:9],
    Rules(Scheme.CREDENCE, 501, 1_000, Aggregation.SKILL, 900_000),
)  # fmt: skip
TURNOUTS = tuple(
    Rules(Scheme.TURNOUT, *share, aggregation, quorum)
    for share in ((2, 3), (1, 1), (3, 5))
    for aggregation in Aggregation
    for quorum in (0, 510_000, MILLION)
    if quorum or aggregation is not Aggregation.SKILL
)
Given = list[tuple[int, Choice, int]]
"""Position, choice and confidence of each vote."""

weights = st.lists(st.integers(0, 4), min_size=1, max_size=4)
votes_given = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(Choice),
        st.sampled_from((0, 1, 300_000, 600_000, MILLION)),
    ),
    max_size=6,
)


def round_with(rules: Rules, weighing: list[int], given: Given) -> Round:
    """A round with these votes."""
    electors = tuple(Elector(bytes([n]) * 16, weight) for n, weight in enumerate(weighing))
    skills = tuple(
        Skill(200_000 + 190_000 * weight, 999_000 - 200_000 * weight, 1 + weight % 2)
        for weight in weighing
    )
    electorate = Electorate(electors, Publish(electors, skills, 250_000))
    found = Round(RoundId(b"r" * 16), BeliefId(b"b" * 16), 1, rules, electorate)
    found.openings = ((stamp_of(1_000), NodeId(electors[0].member), TIMEOUT_MS),)
    for position, choice, confidence in given:
        if position < len(electors):
            found.count(position, choice, confidence)
    return found


def once(given: Given) -> Given:
    """One vote each: nobody contradicts itself."""
    return list({position: (position, choice, how) for position, choice, how in given}.values())


def cast(found: Round, position: int, side: Choice, value: int) -> tuple[int, Choice, int]:
    """The vote that adds a value to a side."""
    before = value_given(found, position, side)
    by_confidence = found.rules.aggregation is Aggregation.CONFIDENCE
    choice = helping(found, position, side)
    return position, choice, before + value if by_confidence else MILLION


def gained(found: Round, position: int, choice: Choice, side: Choice) -> int:
    """What an answer adds to a side."""
    before = value_given(found, position, side)
    if found.rules.scheme is Scheme.CREDENCE:
        gain = found.electorate.gain(position, choice)[side is Choice.REJECT]
        return max(0, gain - before)
    return value_most(found, position) - before if choice is side else 0


def certifies(found: Round, further: Given, side: Choice) -> bool:
    """Whether a side has a certificate once these votes came."""
    then = deepcopy(found)
    for vote in further:
        then.count(*vote)
    return then.accept_certified if side is Choice.ACCEPT else then.reject_certified


def ways(found: Round, side: Choice) -> list[tuple[int, int, int, Given]]:
    """Every set of further votes: how many contradict, how many there are, the value of those who
    contradict, and the votes."""
    electors = range(len(found.electorate))
    every = []
    others = (Choice.ACCEPT, Choice.REJECT) if found.rules.scheme is Scheme.CREDENCE else (side,)
    for said in product((None, *others, Choice.ABSTAIN), repeat=len(electors)):
        further: Given = []
        liars, lied = 0, 0
        for position, choice in zip(electors, said, strict=True):
            if choice is None:
                continue
            further.append((position, choice, MILLION))
            if any(one is not choice for one in found.choices(position)):
                liars += 1
                lied += gained(found, position, choice, side)
        every.append((liars, len(further), lied, further))
    return every


@given(st.sampled_from(BY_VOTES), weights, votes_given)
def test_the_least_votes_certify_and_fewer_do_not(
    rules: Rules, weighing: list[int], given: Given
) -> None:
    found = round_with(rules, weighing, given)
    for side in SIDES:
        if found.accept_certified if side is Choice.ACCEPT else found.reject_certified:
            continue
        needed = least(found, side)
        every = ways(found, side)
        if needed is None:
            assert not any(certifies(found, further, side) for *_, further in every)
            continue
        votes = [
            cast(found, one.position, side, value)
            if value
            else (one.position, Choice.ABSTAIN, MILLION)
            for one, value in needed.votes
        ]
        assert certifies(found, votes, side)
        assert needed.value == max(0, found.value_needed - side_value(found, side))
        counts = sum(one.contradicts for one, _ in needed.votes), len(needed.votes)
        for liars, count, lied, further in every:
            if certifies(found, further, side):
                assert (liars, count) >= counts
                assert lied >= needed.contradicting
        assert_nothing_smaller(found, side, needed, votes)


def assert_nothing_smaller(found: Round, side: Choice, needed: Least, votes: Given) -> None:
    """No certificate without any one of the votes, or with a millionth less of confidence."""
    for at, (position, choice, confidence) in enumerate(votes):
        rest = votes[:at] + votes[at + 1 :]
        assert not certifies(found, rest, side)
        if found.rules.aggregation is Aggregation.CONFIDENCE and needed.votes[at][1]:
            less = [*rest, (position, choice, confidence - 1)]
            assert not certifies(found, less, side)


@given(st.sampled_from(BY_VOTES), weights, votes_given)
def test_the_votes_to_spare_can_be_missing_and_one_more_can_not(
    rules: Rules, weighing: list[int], given: Given
) -> None:
    given = [vote for vote in once(given) if vote[0] < len(weighing)]
    found = round_with(rules, weighing, given)
    if not found.verdict.decided:
        return
    side = Choice.ACCEPT if found.verdict is Verdict.ACCEPTED else Choice.REJECT
    spare = spare_votes(found, side)
    of_side = [vote for vote in given if vote[1] is side and value_given(found, vote[0], side)]
    of_side.sort(key=lambda vote: -value_given(found, vote[0], side))
    for count in range(len(of_side) + 1):
        rest = [vote for vote in given if vote not in of_side[:count]]
        still = round_with(rules, weighing, rest).verdict is found.verdict
        assert still == (count <= spare)


def closed(found: Round, further: Given) -> Verdict:
    """What an honest closing comes to once these votes came."""
    then = deepcopy(found)
    for vote in further:
        then.count(*vote)
    then.close_by(then.proposers[0], due_stamp(then), closing_of(then))
    return then.verdict


@given(st.sampled_from(TURNOUTS), weights, votes_given)
def test_the_least_votes_turn_a_closing_and_fewer_do_not(
    rules: Rules, weighing: list[int], given: Given
) -> None:
    found = round_with(rules, weighing, given)
    assert closed(found, []) is outcome_now(found)
    silent = [n for n in range(len(found.electorate)) if not found.choices(n)]
    for side in SIDES:
        needed = least_listed(found, side)
        every = [
            [(n, side, MILLION) for n, says in zip(silent, said, strict=True) if says]
            for said in product((False, True), repeat=len(silent))
        ]
        doing = [len(further) for further in every if closed(found, further) is OUTCOME[side]]
        if needed is None:
            assert doing == []
            continue
        votes = [cast(found, one.position, side, value) for one, value in needed.votes]
        assert closed(found, votes) is OUTCOME[side]
        assert len(votes) == min(doing)
        if rules.aggregation is Aggregation.CONFIDENCE and needed.value:
            last = max(at for at, (_, value) in enumerate(needed.votes) if value)
            position, choice, confidence = votes[last]
            votes[last] = position, choice, confidence - 1
            assert closed(found, votes) is not OUTCOME[side]


def after(rounds: Rounds, found: Round, change: Change, *, without: int | None = None) -> Rounds:
    """The fold of rounds once a change came about, or came about but for one of its votes."""
    then = deepcopy(rounds)
    for at, one in enumerate(change.votes):
        if at != without:
            elector = NodeId(bytes.fromhex(one.elector.id))
            position = found.electorate.position[elector]
            choice = Choice[one.choice.upper()]
            vote = Vote(found.id, choice, cast(found, position, choice, one.value)[2])
            then.vote(Votes((vote,)), place_of(elector, found.opened_stamp), [])
    if change.closing is not None:
        author = NodeId(bytes.fromhex(change.closing.by[-1].id))
        then.close(Close(found.id), place_of(author, stamp_of(change.closing.not_before_ms)))
    return then


def place_of(author: NodeId, stamp: int) -> Place:
    """A place in the lace of which the fold reads author and stamp."""
    block = make_block(SIGNERS[0], [], header_author=author, header_stamp=stamp)
    return Place(block.id, block.header)


@given(histories())
def test_every_change_of_any_history_does_what_it_says(blocks: list[Block]) -> None:
    replica = Replica().take_all(blocks)
    state, wires = replica.state, {block.id: block.wire for block in replica.log}
    for belief in state.beliefs:
        told = explain(state, replica.lace, belief, lambda ids: [wires[one] for one in ids])
        assert told.rounds_left_out == 0
        assert {one.round for one in told.changes} <= {one.id for one in told.rounds}
        now = state.rounds.verdict(belief.id)
        for change in told.changes:
            found = state.rounds.get(RoundId(bytes.fromhex(change.round)))
            assert found is not None
            if found.rules.scheme is Scheme.TURNOUT:  # told above; a liar's closings interfere
                continue
            then = after(state.rounds, found, change).verdict(belief.id)
            assert then is not None
            assert then.word == change.verdict
            assert then is not now
            for number in range(len(change.votes)):
                less = after(state.rounds, found, change, without=number)
                assert less.verdict(belief.id) is not then
            if change.closing is not None:
                early = change.closing.not_before_ms - 1
                sooner = deepcopy(state.rounds)
                author = NodeId(bytes.fromhex(change.closing.by[0].id))
                sooner.close(Close(found.id), place_of(author, stamp_of(early)))
                assert sooner.verdict(belief.id) is now


def test_the_stamp_of_a_closing_is_told_to_the_millisecond() -> None:
    found = round_with(Rules(), [1], [])
    assert due_stamp(found) == stamp_of(1_000 + TIMEOUT_MS)
    assert stamp_of(1) == 1 << LOGICAL_BITS
    assert encode(closing_of(found)) == encode(Close(found.id))

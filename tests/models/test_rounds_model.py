"""Rounds beside a simple tally, which counts the set of blocks anew, in plain fractions."""

from decimal import Context, Decimal
from fractions import Fraction
from math import floor

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel.fixed import MILLION
from credimus.lace.block import Block
from credimus.state.operations import (
    Aggregation,
    Choice,
    Close,
    Elector,
    Operation,
    Propose,
    Publish,
    Rules,
    Scheme,
    Skill,
    Vote,
    Votes,
    read_operations,
)
from credimus.state.voting.electorates import Electorate, electorate_id, electorate_of, round_id
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict, join
from liars import histories
from strategies import (
    ELECTORATES,
    GENESIS,
    LEFT_OUT_MAX,
    MEMBERS,
    PROPOSALS,
    RULES,
    SIGNERS,
    TIMEOUT_MS,
    Replica,
    make_block,
)

SHARES = {Scheme.MAJORITY: Fraction(1, 2), Scheme.BYZANTINE: Fraction(2, 3)}
Said = list[tuple[Block, Operation]]


def logarithm(number: int) -> int:
    """In micro-nats, by decimals."""
    return round(Decimal(number).ln(Context(prec=40)) * MILLION)


def moves(said: Publish, position: int) -> tuple[int, int]:
    """How far an accept and a reject move the log-odds."""
    skill = said.skills[position]
    accept = logarithm(skill.sensitivity) - logarithm(MILLION - skill.specificity)
    reject = logarithm(MILLION - skill.sensitivity) - logarithm(skill.specificity)
    return floor(Fraction(accept, skill.echo)), floor(Fraction(reject, skill.echo))


def worth(rules: Rules, said: Publish, position: int, confidence: int) -> int:
    """The value of one vote."""
    if rules.aggregation is Aggregation.SKILL:
        accept, reject = moves(said, position)
        return max(0, accept - reject)
    by_kind = {
        Aggregation.EQUAL: 1,
        Aggregation.CONFIDENCE: confidence,
        Aggregation.REPUTATION: said.electors[position].weight,
    }
    return by_kind[rules.aggregation]


def fair(replica: Replica, block: Block, said: Propose, published: Publish) -> bool:
    """Whether a proposal counts: judged by the members in the past of its block."""
    electors = published.electors
    members = set(replica.state.roster.before(block.header, replica.lace).by_id)
    voters = {elector.member for elector in electors}
    if voters - members or Fraction(len(members - voters), len(members)) > Fraction(
        LEFT_OUT_MAX, MILLION
    ):
        return False
    weights = sorted(elector.weight for elector in electors)
    balanced = len(weights) == 1 or weights[-1] <= sum(weights[:-1])
    if said.rules.aggregation is Aggregation.SKILL and not published.skills:
        return False
    return balanced or said.rules.aggregation is not Aggregation.REPUTATION


def listed_in(closing: Close) -> list[tuple[int, Choice]]:
    """The positions that a closing lists, each with its choice."""
    listed = []
    for mask, choice in (
        (closing.accept, Choice.ACCEPT),
        (closing.reject, Choice.REJECT),
        (closing.abstain, Choice.ABSTAIN),
    ):
        bits = int.from_bytes(mask, "big")
        listed += [(n, choice) for n in range(bits.bit_length()) if bits >> n & 1]
    return listed


class Tally:
    """The oracle of one round."""

    def __init__(self, said: Said, proposal: Propose, published: Publish) -> None:
        self.rules, self.electors, self.said = proposal.rules, published.electors, said
        self.published = published
        self.id = round_id(proposal)
        self.votes = {
            (block.author, vote.choice, vote.confidence)
            for block, one in said
            if isinstance(one, Votes)
            for vote in one.votes
            if vote.round == self.id
        }
        self.openings = {
            (block.header.stamp, block.author, one.timeout_ms)
            for block, one in said
            if isinstance(one, Propose) and round_id(one) == self.id
        }

    def certified(self, choice: Choice) -> bool:
        """Whether one side reaches the threshold of the whole electorate, with a quorum."""
        rules = self.rules
        if rules.scheme is Scheme.TURNOUT:
            return False
        value, voters = 0, 0
        for position, elector in enumerate(self.electors):
            given = [(what, how) for who, what, how in self.votes if who == elector.member]
            voters += bool(given)
            values = (
                worth(rules, self.published, position, how)
                for what, how in given if what is choice
            )  # fmt: skip
            value += max(values, default=0)
        every = range(len(self.electors))
        whole = sum(worth(rules, self.published, position, MILLION) for position in every)
        if Fraction(voters, len(self.electors)) < Fraction(rules.quorum, MILLION):
            return False
        if rules.scheme is Scheme.CREDENCE:
            return self.believed(choice)
        if rules.scheme is Scheme.SUPERMAJORITY:
            return 0 < value >= Fraction(rules.numerator, rules.denominator) * whole
        return value > SHARES[rules.scheme] * whole

    def believed(self, side: Choice) -> bool:
        """Whether every way in which the missing answers, and the equivocators' best, can fall
        leaves the odds on one side of the threshold."""
        sign = 1 if side is Choice.ACCEPT else -1
        prior = self.published.prior
        odds = sign * (logarithm(prior) - logarithm(MILLION - prior))
        for position, elector in enumerate(self.electors):
            accept, reject = moves(self.published, position)
            by_answer = {Choice.ACCEPT: accept, Choice.REJECT: reject, Choice.ABSTAIN: 0}
            given = [sign * by_answer[what] for who, what, _ in self.votes if who == elector.member]
            odds += max(given) if given else min(sign * one for one in by_answer.values())
        above, below = self.rules.numerator, self.rules.denominator
        return odds >= logarithm(above) - logarithm(below - above)

    def turnout(self, closing: Close) -> Verdict:
        """What a proposer's closing comes to."""
        rules, listed = self.rules, listed_in(closing)
        if any(n >= len(self.electors) for n, _ in listed):
            return Verdict.OPEN
        given = {(who, choice) for who, choice, _ in self.votes}
        if not {(self.electors[n].member, choice) for n, choice in listed} <= given:
            return Verdict.OPEN
        if Fraction(len({n for n, _ in listed}), len(self.electors)) < Fraction(
            rules.quorum, MILLION
        ):
            return Verdict.EXPIRED
        confidences = [0] * len(listed)
        if rules.aggregation is Aggregation.CONFIDENCE:
            confidences = list(closing.confidences)
            if len(confidences) != len(listed):
                return Verdict.OPEN
            pairs = zip(listed, confidences, strict=True)
            if not {(self.electors[n].member, what, how) for (n, what), how in pairs} <= self.votes:
                return Verdict.OPEN
        sums = dict.fromkeys(Choice, 0)
        for (n, choice), how in zip(listed, confidences, strict=True):
            sums[choice] += worth(rules, self.published, n, how)
        share = Fraction(rules.numerator, rules.denominator) * sum(sums.values())
        if sums[Choice.ACCEPT] >= share > 0:
            return Verdict.ACCEPTED
        return Verdict.REJECTED if sums[Choice.REJECT] >= share > 0 else Verdict.EXPIRED

    def verdict(self) -> Verdict:
        """By definition, not by folding."""
        verdict = Verdict.OPEN
        closings = [
            (block, one)
            for block, one in self.said
            if isinstance(one, Close) and one.round == self.id
        ]
        due = min(stamp + (timeout << 16) for stamp, _, timeout in self.openings)
        proposers = {author for _, author, _ in self.openings}
        for block, closing in closings:
            if block.header.stamp < due:
                continue
            turnout = self.rules.scheme is Scheme.TURNOUT
            verdict = join(verdict, Verdict.EXPIRED)
            if turnout and block.author in proposers:
                verdict = join(verdict, self.turnout(closing))
                if any(b.author == block.author and other != closing for b, other in closings):
                    verdict = Verdict.CONTESTED
        if self.certified(Choice.ACCEPT):
            verdict = join(verdict, Verdict.ACCEPTED)
        if self.certified(Choice.REJECT):
            verdict = join(verdict, Verdict.REJECTED)
        return verdict


@given(histories())
def test_verdicts_are_those_of_a_plain_count(blocks: list[Block]) -> None:
    replica = Replica().take_all(blocks)
    said = [(block, one) for block in replica.log for one in read_operations(block.body)]
    published = {
        electorate_id(one.electors, one): one for _, one in said if isinstance(one, Publish)
    }
    said = [
        (block, one)
        for block, one in said
        if not isinstance(one, Propose)
        or one.electorate not in published
        or fair(replica, block, one, published[one.electorate])
    ]
    seen = set()
    for _, proposal in said:
        if not isinstance(proposal, Propose) or proposal.electorate not in published:
            continue
        found = replica.state.rounds.get(round_id(proposal))
        assert found is not None
        tally = Tally(said, proposal, published[proposal.electorate])
        assert found.verdict is tally.verdict()
        assert found.opened_stamp == min(tally.openings)[0]
        assert found.timeout_ms == max(timeout for _, _, timeout in tally.openings)
        seen.add(found.id)
    assert len(seen) == len(replica.state.rounds)


schemes = st.sampled_from(
    (*RULES[:4], Rules(Scheme.SUPERMAJORITY, 2, 3), Rules(Scheme.SUPERMAJORITY, 1, 1),
     Rules(Scheme.BYZANTINE, aggregation=Aggregation.CONFIDENCE, quorum=MILLION),
     *RULES[7:9], Rules(Scheme.CREDENCE, 501, 1_000, Aggregation.SKILL, 900_000))
)  # fmt: skip


@given(
    schemes,
    st.lists(st.integers(0, 9), min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from(Choice), st.integers(0, MILLION)),
             max_size=12),
)  # fmt: skip
def test_any_votes_give_what_a_plain_count_gives(
    rules: Rules, weights: list[int], votes: list[tuple[int, Choice, int]]
) -> None:
    weighing = dict(zip(MEMBERS, weights, strict=False))
    skills = {
        who: Skill(100 + 90_000 * weight, 999_900 - 40_000 * weight, 1 + weight % 3)
        for who, weight in weighing.items()
    }
    electorate = electorate_of(weighing, skills, 50_000 + 100_000 * weights[0], 1)
    proposal = Propose(
        b"b" * 16, 1, rules, electorate_id(electorate.electors, electorate), TIMEOUT_MS
    )
    identifier = round_id(proposal)
    first = make_block(SIGNERS[0], [electorate, proposal], GENESIS)
    said: Said = [(first, proposal)]
    found = Round(identifier, b"b" * 16, 1, rules, Electorate(electorate.electors, electorate))
    found.openings = ((1, MEMBERS[0], TIMEOUT_MS),)
    before = found.verdict
    for who, choice, confidence in votes:
        position = found.electorate.position.get(MEMBERS[who])
        if position is None:
            continue
        climbed = found.count(position, choice, confidence)
        vote = Votes((Vote(identifier, choice, confidence),))
        said.append((make_block(SIGNERS[who], [vote], None, [GENESIS]), vote))
        tally = Tally(said, proposal, electorate)
        assert found.verdict is tally.verdict()
        assert climbed or found.verdict is before
        before = found.verdict


@pytest.mark.parametrize(
    ("rules", "electors", "needed"),
    [
        (Rules(Scheme.MAJORITY), 1, 1), (Rules(Scheme.MAJORITY), 2, 2),
        (Rules(Scheme.MAJORITY), 4, 3), (Rules(Scheme.MAJORITY), 5, 3),
        (Rules(), 1, 1), (Rules(), 3, 3), (Rules(), 4, 3), (Rules(), 6, 5), (Rules(), 7, 5),
        (Rules(Scheme.SUPERMAJORITY, 3, 4), 4, 3), (Rules(Scheme.SUPERMAJORITY, 3, 4), 5, 4),
        (Rules(Scheme.SUPERMAJORITY, 1, 1), 4, 4),
        (Rules(Scheme.SUPERMAJORITY, 500_001, 1_000_000), 4, 3),
    ],
)  # fmt: skip
def test_thresholds_at_the_boundary(rules: Rules, electors: int, needed: int) -> None:
    electorate = Electorate(tuple(Elector(bytes([n]) * 16, 5) for n in range(electors)))
    found = Round(b"r" * 16, b"b" * 16, 1, rules, electorate)
    found.openings = ((1, MEMBERS[0], TIMEOUT_MS),)
    for position in range(electors):
        found.count(position, Choice.REJECT, 0)
        assert found.verdict.decided == (position + 1 >= needed)
    assert electorate.value_needed(rules) == needed


@pytest.mark.parametrize(
    ("quorum", "electors", "needed"),
    [(0, 4, 0), (510_000, 4, 3), (500_000, 4, 2), (MILLION, 4, 4), (1, 4, 1), (510_000, 100, 51)],
)
def test_quorum_rounds_up(quorum: int, electors: int, needed: int) -> None:
    electorate = Electorate(tuple(Elector(bytes([n]) * 16, 1) for n in range(electors)))
    assert electorate.quorum_count(Rules(Scheme.MAJORITY, quorum=quorum)) == needed


def test_one_equivocator_below_a_third_can_not_contest_a_byzantine_round() -> None:
    found = Round(b"r" * 16, b"b" * 16, 1, Rules(), Electorate(ELECTORATES[0].electors))
    found.openings = ((1, MEMBERS[0], TIMEOUT_MS),)
    for position in range(3):
        found.count(position, Choice.ACCEPT, MILLION)
    for position in (2, 3):
        found.count(position, Choice.REJECT, MILLION)
    assert found.verdict is Verdict.ACCEPTED
    assert found.culprits() == found.electorate.members(0b100)
    found.count(1, Choice.REJECT, MILLION)
    assert found.verdict is Verdict.CONTESTED
    assert found.culprits() == found.electorate.members(0b110)


@pytest.mark.parametrize(
    ("scheme", "numerator", "denominator"),
    [
        (Scheme.SUPERMAJORITY, 1, 2), (Scheme.SUPERMAJORITY, 3, 2), (Scheme.TURNOUT, 0, 1),
        (Scheme.MAJORITY, 1, 2), (Scheme.BYZANTINE, 2, 3),
    ],
)  # fmt: skip
def test_thresholds_outside_are_refused(scheme: Scheme, numerator: int, denominator: int) -> None:
    with pytest.raises(ValueError, match="threshold"):
        Rules(scheme, numerator, denominator)


@given(st.lists(st.sampled_from(Verdict), min_size=3, max_size=3))
def test_verdicts_join_as_a_lattice(three: list[Verdict]) -> None:
    one, other, third = three
    assert join(one, other) is join(other, one)
    assert join(join(one, other), third) is join(one, join(other, third))
    assert join(one, one) is one
    assert join(one, other) >= max(one, other)


def test_the_name_of_a_round_is_what_electors_agree_to() -> None:
    replace = msgspec.structs.replace
    one = PROPOSALS[0]
    assert round_id(replace(one, timeout_ms=1, previous=b"p" * 16)) == round_id(one)
    for other in (
        replace(one, attempt=2), replace(one, rules=RULES[1]), replace(one, electorate=b"e" * 16),
        replace(one, belief=b"b" * 16),
    ):  # fmt: skip
        assert round_id(other) != round_id(one)

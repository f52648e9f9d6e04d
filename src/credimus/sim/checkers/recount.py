"""Thresholds and tallies written anew, by fractions, so that a wrong one in the state is seen.

Pure.

Deliberately not shared with the state, whose arithmetic it checks.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BlockId, NodeId, node_id
from credimus.sim.checkers.record import Record
from credimus.state.member_operations import Expose, Rotate
from credimus.state.operations import (
    Admit,
    Aggregation,
    Choice,
    Elector,
    Found,
    Leave,
    Rules,
    Scheme,
)
from credimus.state.voting.electorates import Electorate


class Rosters:
    """Who was a member in the past of which block: whoever was admitted, but where all who admitted
    it did so in the past of its leave; and not by a key that another took the place of."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._known: dict[BlockId, _Roster] = {}
        """As of each block, itself included."""

    def before(self, block: BlockId) -> frozenset[NodeId]:
        """The members as of a block's causal past, without those that were exposed there."""
        for one in _predecessors(self._record, block):
            self._learn(one)
        past = self._past(block)
        return frozenset(past.there - past.left - past.exposed)

    def exposed_before(self, block: BlockId) -> frozenset[NodeId]:
        """Who was exposed as of a block, itself included."""
        self._learn(block)
        return self._known[block].exposed

    def ended_in(self, blocks: Iterable[BlockId]) -> frozenset[NodeId]:
        """Who left, took a new key or was exposed in some blocks."""
        ended: set[NodeId] = set()
        for block in blocks:
            operations = self._record.operations[block]
            if any(isinstance(one, Leave | Rotate) for one in operations):
                ended.add(self._record.blocks[block].author)
            ended |= {node_id(one.public_key) for one in operations if isinstance(one, Expose)}
        return frozenset(ended)

    def _past(self, block: BlockId) -> "_Roster":
        """What the predecessors of a block know together."""
        known = [self._known[one] for one in _predecessors(self._record, block)]
        if not known:
            return _NOBODY
        first, *others = known
        if all(one is first for one in others):
            return first
        return _Roster(
            first.admitted.union(*(one.admitted for one in others)),
            first.ended.union(*(one.ended for one in others)),
            first.left.union(*(one.left for one in others)),
            first.exposed.union(*(one.exposed for one in others)),
        )

    def _learn(self, block: BlockId) -> None:
        waiting = [] if block in self._known else [block]
        while waiting:
            one = waiting[-1]
            unknown = [
                before for before in _predecessors(self._record, one) if before not in self._known
            ]
            if unknown:
                waiting += unknown
                continue
            waiting.pop()
            self._known[one] = self._with_said_in(one, self._past(one))

    def _with_said_in(self, block: BlockId, past: "_Roster") -> "_Roster":
        said, author = self._record.operations[block], self._record.blocks[block].author
        joined = {
            node_id(one.public_key) for one in said if isinstance(one, Found | Admit | Rotate)
        }
        admitted = {(node, block) for node in joined - past.there}
        leaves = any(isinstance(one, Leave) for one in said)
        ended = {dot for dot in past.admitted if leaves and dot[0] == author}
        left = {author for one in said if isinstance(one, Rotate)}
        exposed = {node_id(one.public_key) for one in said if isinstance(one, Expose)}
        if not (admitted or ended or left or exposed - past.exposed):
            return past
        return _Roster(
            past.admitted | admitted, past.ended | ended, past.left | left, past.exposed | exposed
        )


class _Roster(NamedTuple):
    admitted: frozenset[tuple[NodeId, BlockId]]
    """Who, and by which block."""
    ended: frozenset[tuple[NodeId, BlockId]]
    """The admissions that a leaver had seen."""
    left: frozenset[NodeId]
    """Keys of which another took the place."""
    exposed: frozenset[NodeId]

    @property
    def there(self) -> set[NodeId]:
        """Who was admitted, and has not left."""
        return {node for node, _ in self.admitted - self.ended}


_NOBODY = _Roster(frozenset(), frozenset(), frozenset(), frozenset())


def _predecessors(record: Record, block: BlockId) -> list[BlockId]:
    header = record.blocks[block].header
    return [one for one in (header.previous, *header.parents) if one]


def recount(
    rules: Rules, electorate: Electorate, cast: Mapping[tuple[NodeId, Choice], int]
) -> tuple[bool, bool]:
    """Whether accepts, and whether rejects, are certified by votes cast.

    Args:
        cast: confidence in millionths by voter and answer.
    """
    if rules.scheme is Scheme.CREDENCE:
        return _recount_credence(rules, electorate, cast)
    values = dict.fromkeys(Choice, 0)
    voters = 0
    for elector in electorate.electors:
        said = [choice for choice in Choice if (elector.member, choice) in cast]
        voters += bool(said)
        for choice in said:
            confidence = cast[NodeId(elector.member), choice]
            values[choice] += value_of(rules.aggregation, electorate, elector, confidence)
    if voters < Fraction(rules.quorum, MILLION) * len(electorate):
        return False, False
    least = least_value(rules, whole_value(rules.aggregation, electorate))
    return values[Choice.ACCEPT] >= least, values[Choice.REJECT] >= least


def value_of(
    aggregation: Aggregation, electorate: Electorate, elector: Elector, confidence: int
) -> int:
    """What one vote is worth."""
    match aggregation:
        case Aggregation.EQUAL:
            return 1
        case Aggregation.CONFIDENCE:
            return confidence
        case Aggregation.REPUTATION:
            return elector.weight
        case Aggregation.SKILL:
            accept, reject = evidence(electorate, NodeId(elector.member))
            return max(0, accept - reject)


def evidence(electorate: Electorate, member: NodeId) -> tuple[int, int]:
    """How far an accept and a reject move the log-odds, in micro-nats, by decimals."""
    skill = electorate.skills[electorate.position[member]]
    true, false = skill.sensitivity, skill.specificity
    accept = _logarithm(true) - _logarithm(MILLION - false)
    reject = _logarithm(MILLION - true) - _logarithm(false)
    return floor(Fraction(accept, skill.echo)), floor(Fraction(reject, skill.echo))


def _logarithm(number: int) -> int:
    with localcontext(prec=40):
        return int((Decimal(number).ln() * MILLION).to_integral_value(ROUND_HALF_EVEN))


def _recount_credence(
    rules: Rules, electorate: Electorate, cast: Mapping[tuple[NodeId, Choice], int]
) -> tuple[bool, bool]:
    """Whether the odds lie beyond the threshold, and its complement, whatever is still to come."""
    low = high = _logarithm(electorate.prior) - _logarithm(MILLION - electorate.prior)
    voters = 0
    for elector in electorate.electors:
        accept, reject = evidence(electorate, NodeId(elector.member))
        moves = {Choice.ACCEPT: accept, Choice.REJECT: reject, Choice.ABSTAIN: 0}
        said = [moves[choice] for choice in Choice if (elector.member, choice) in cast]
        voters += bool(said)
        low += max(said) if said else min(moves.values())
        high += min(said) if said else max(moves.values())
    if voters < Fraction(rules.quorum, MILLION) * len(electorate):
        return False, False
    bar = _logarithm(rules.numerator) - _logarithm(rules.denominator - rules.numerator)
    return low >= bar, high <= -bar


def credence_contestable(rules: Rules, electorate: Electorate, guilty: Iterable[Elector]) -> bool:
    """Whether the answers of some electors lie as far apart as a threshold and its complement."""
    bar = _logarithm(rules.numerator) - _logarithm(rules.denominator - rules.numerator)
    moves = [(0, *evidence(electorate, NodeId(one.member))) for one in guilty]
    return sum(max(one) - min(one) for one in moves) >= 2 * bar


def whole_value(aggregation: Aggregation, electorate: Electorate) -> int:
    """The value of everybody's vote at full confidence."""
    return sum(value_of(aggregation, electorate, one, MILLION) for one in electorate.electors)


def least_value(rules: Rules, whole: int) -> int:
    """The least value of one side that decides."""
    match rules.scheme:
        case Scheme.MAJORITY:
            return floor(Fraction(whole, 2)) + 1
        case Scheme.BYZANTINE:
            return floor(Fraction(2 * whole, 3)) + 1
        case _:
            return ceil(Fraction(rules.numerator, rules.denominator) * whole)

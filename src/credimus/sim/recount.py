"""Thresholds and tallies written anew, by fractions, so that a wrong one in the state is seen.

Pure.

Deliberately not shared with the state, whose arithmetic it checks.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor

from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BlockId, NodeId, node_id
from credimus.sim.record import Record
from credimus.state.electorates import Electorate
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


def members_before(record: Record, block: BlockId) -> set[NodeId]:
    """The members as of a block's causal past, where nobody who left came back."""
    admitted: set[NodeId] = set()
    left: set[NodeId] = set()
    seen: set[BlockId] = set()
    waiting = [block]
    while waiting:
        header = record.blocks[waiting.pop()].header
        for one in (header.previous, *header.parents):
            if one and one not in seen:
                seen.add(one)
                waiting.append(one)
    for one in seen:
        for said in record.operations[one]:
            if isinstance(said, Found | Admit):
                admitted.add(node_id(said.public_key))
            elif isinstance(said, Leave):
                left.add(record.blocks[one].author)
    return admitted - left


def recount(
    rules: Rules, electorate: Electorate, cast: Mapping[tuple[NodeId, Choice], int]
) -> tuple[bool, bool]:
    """Whether accepts, and whether rejects, are certified by votes cast.

    Args:
        cast: confidence in millionths by voter and answer.
    """
    values = dict.fromkeys(Choice, 0)
    voters = 0
    for elector in electorate.electors:
        said = [choice for choice in Choice if (elector.member, choice) in cast]
        voters += bool(said)
        for choice in said:
            confidence = cast[NodeId(elector.member), choice]
            values[choice] += value_of(rules.aggregation, elector, confidence)
    if voters < Fraction(rules.quorum, MILLION) * len(electorate):
        return False, False
    least = least_value(rules, whole_value(rules.aggregation, electorate))
    return values[Choice.ACCEPT] >= least, values[Choice.REJECT] >= least


def value_of(aggregation: Aggregation, elector: Elector, confidence: int) -> int:
    """What one vote is worth."""
    match aggregation:
        case Aggregation.EQUAL:
            return 1
        case Aggregation.CONFIDENCE:
            return confidence
        case Aggregation.REPUTATION:
            return elector.weight


def whole_value(aggregation: Aggregation, electorate: Electorate) -> int:
    """The value of everybody's vote at full confidence."""
    return sum(value_of(aggregation, elector, MILLION) for elector in electorate.electors)


def least_value(rules: Rules, whole: int) -> int:
    """The least value of one side that decides."""
    match rules.scheme:
        case Scheme.MAJORITY:
            return floor(Fraction(whole, 2)) + 1
        case Scheme.BYZANTINE:
            return floor(Fraction(2 * whole, 3)) + 1
        case _:
            return ceil(Fraction(rules.numerator, rules.denominator) * whole)

"""The fewest further votes with which a turnout's closing would come to an outcome. Pure.

Reckoned for a proposer that lists all votes of those who did not contradict themselves, as ours do.
The scheme rests on the proposer: one that leaves votes out needs fewer.
"""

from typing import NamedTuple

from credimus.state.operations import Aggregation, Choice
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict, turnout_verdict
from credimus.why.counting import Least, further_votes, shared, taken, value_most


class Listed(NamedTuple):
    """What an honest closing would list now."""

    accept: int
    reject: int
    total: int
    """Abstentions included."""
    voters: int


def listed(found: Round) -> Listed:
    """The values that a closing now would count."""
    sums = dict.fromkeys(Choice, 0)
    count = 0
    for position in range(len(found.electorate)):
        choices = found.choices(position)
        if len(choices) == 1:
            count += 1
            sums[choices[0]] += _value_listed(found, position, choices[0])
    return Listed(sums[Choice.ACCEPT], sums[Choice.REJECT], sum(sums.values()), count)


def outcome_now(found: Round) -> Verdict:
    """What a closing now would come to."""
    now = listed(found)
    if now.voters < found.quorum_count:
        return Verdict.EXPIRED
    return turnout_verdict(found.rules, now.accept, now.reject, now.total)


def least_listed(found: Round, side: Choice) -> Least | None:
    """The least further votes after which a closing comes to an outcome; None when none do."""
    now, rules = listed(found), found.rules
    have = now.accept if side is Choice.ACCEPT else now.reject
    short = rules.numerator * now.total - have * rules.denominator
    per_value = rules.denominator - rules.numerator
    if short > 0 and not per_value:  # unanimity, and somebody differs
        return None
    value = -(-short // per_value) if short > 0 else 0 if now.total else 1
    answers = max(0, found.quorum_count - now.voters)
    fresh = [one for one in further_votes(found, side) if one.answers]
    chosen = taken(fresh, value, answers)
    if sum(one.gain for one in chosen) < value or len(chosen) < answers:
        return None
    if rules.aggregation is Aggregation.CONFIDENCE:
        return Least(value, answers, 0, shared(chosen, value, found))
    return Least(value, answers, 0, [(one, one.gain) for one in chosen])


def _value_listed(found: Round, position: int, choice: Choice) -> int:
    if found.rules.aggregation is Aggregation.CONFIDENCE:
        return min((found.confidences or {})[position, choice])
    return value_most(found, position)

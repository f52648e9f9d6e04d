"""What votes are worth in a round, and the fewest further ones that would decide it. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from credimus.state.operations import Aggregation, Choice, Scheme
from credimus.state.voting.round import Round


class Further(NamedTuple):
    """A vote that an elector could still cast for a side."""

    position: int
    gain: int
    """The most that it adds to the side."""
    answers: bool
    """Whether it is the elector's first answer, which the quorum counts."""
    contradicts: bool
    """Whether the elector has answered otherwise."""


class Least(NamedTuple):
    """The least that certifies an outcome."""

    value: int
    answers: int
    contradicting: int
    votes: list[tuple[Further, int]]
    """Each with the value that it has to add; 0 where only the quorum needs it."""


def value_most(found: Round, position: int) -> int:
    """The value of an elector's vote at full confidence."""
    if found.rules.scheme is Scheme.CREDENCE:
        return sum(found.electorate.gain(position, Choice.ACCEPT))
    return found.electorate.value_most(position, found.rules.aggregation)


def value_given(found: Round, position: int, choice: Choice) -> int:
    """What an elector has added to a side so far."""
    if found.rules.scheme is Scheme.CREDENCE:
        given = found.choices(position)
        return max((_gain(found, position, one, choice) for one in given), default=0)
    if choice is Choice.ABSTAIN or choice not in found.choices(position):
        return 0
    if found.rules.aggregation is Aggregation.CONFIDENCE:
        return max((found.confidences or {}).get((position, choice), ()), default=0)
    return value_most(found, position)


def value_of_answer(found: Round, position: int, choice: Choice) -> int:
    """What one of an elector's answers adds to its own side; under credence, how far it moves the
    log-odds that way."""
    if found.rules.scheme is Scheme.CREDENCE:
        accept, reject = found.electorate.evidence[position]
        return {Choice.ACCEPT: accept, Choice.REJECT: -reject, Choice.ABSTAIN: 0}[choice]
    return value_given(found, position, choice)


def helping(found: Round, position: int, side: Choice) -> Choice:
    """The answer of an elector that adds most to a side: under credence, that of somebody who is
    mostly wrong speaks for the other one."""
    if found.rules.scheme is not Scheme.CREDENCE:
        return side
    other = Choice.REJECT if side is Choice.ACCEPT else Choice.ACCEPT
    answers = side, other, Choice.ABSTAIN
    return max(answers, key=lambda one: _gain(found, position, one, side))


def side_value(found: Round, side: Choice) -> int:
    """The value of a side."""
    return found.accept_value if side is Choice.ACCEPT else found.reject_value


def further_votes(found: Round, side: Choice) -> list[Further]:
    """The votes that could still come for a side, those that add most first."""
    votes = []
    for position in range(len(found.electorate)):
        choices = found.choices(position)
        gain = value_most(found, position) - value_given(found, position, side)
        helps = helping(found, position, side)
        contradicts = any(choice is not helps for choice in choices)
        if gain or not choices:
            votes.append(Further(position, gain, not choices, contradicts))
    return sorted(votes, key=lambda one: (-one.gain, not one.answers, one.position))


def least(found: Round, side: Choice) -> Least | None:
    """The least that gives a side its certificate by votes; None when nothing can.

    Invariant: neither less value, nor fewer contradictions, nor with so few of those fewer votes
    would do.
    """
    value = max(0, found.value_needed - side_value(found, side))
    answers = max(0, found.quorum_count - found.voted.bit_count())
    votes = further_votes(found, side)
    faithful = [one for one in votes if not one.contradicts]
    faithless = [one for one in votes if one.contradicts]
    contradicting = max(0, value - sum(one.gain for one in faithful))
    turned = taken(faithless, contradicting, 0)
    gained = sum(one.gain for one in turned)
    if gained < contradicting:
        return None
    chosen = [*taken(faithful, value - gained, answers), *turned]
    return Least(value, answers, contradicting, shared(chosen, value, found))


def shared(chosen: Iterable[Further], value: int, found: Round) -> list[tuple[Further, int]]:
    """Each vote with what it has to add: by confidence no more than is needed, else all it can."""
    by_confidence = found.rules.aggregation is Aggregation.CONFIDENCE
    parts, left = [], value
    for one in chosen:
        part = max(0, min(one.gain, left)) if by_confidence else one.gain if left > 0 else 0
        parts.append((one, part))
        left -= part
    return parts


def spare_votes(found: Round, side: Choice) -> int:
    """How many votes of a certified side could be missing, whichever they are."""
    spare = side_value(found, side) - found.value_needed
    heaviest = sorted(
        (value_given(found, position, side) for position in range(len(found.electorate))),
        reverse=True,
    )
    count = 0
    for value in heaviest:
        spare -= value
        if spare < 0 or not value:
            break
        count += 1
    return min(count, found.voted.bit_count() - found.quorum_count)


def _gain(found: Round, position: int, answer: Choice, side: Choice) -> int:
    return found.electorate.gain(position, answer)[side is Choice.REJECT]


def taken(votes: Iterable[Further], value: int, answers: int) -> list[Further]:
    """The fewest of some votes, greatest first, that reach a value and so many first answers."""
    chosen = []
    for one in votes:
        if value <= 0 and (answers <= 0 or not one.answers):
            continue
        chosen.append(one)
        value -= one.gain
        answers -= one.answers
    return chosen

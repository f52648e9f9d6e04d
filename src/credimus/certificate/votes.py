"""Chooses the votes that a certificate shows: no more than its outcome needs, the cheapest first.

An elector's vote is looked for in its chain, from the first proposal on.
"""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from credimus.certificate.archive import Reading, Spot
from credimus.certificate.showing import Showing
from credimus.kernel.ids import NodeId
from credimus.state.operations import Aggregation, Choice, Operation, Scheme, Votes
from credimus.state.voting.round import Round, listed_masks
from credimus.state.voting.verdict import Verdict

_SIDES = (Choice.ACCEPT, Choice.REJECT, Choice.ABSTAIN)


class Cast(NamedTuple):
    """A vote that was found."""

    position: int
    value: int
    bytes_count: int
    spot: Spot


class CastVotes:
    """The votes of a decided round."""

    __slots__ = ("_reading", "_round", "_showing")

    def __init__(self, reading: Reading, showing: Showing, found: Round) -> None:
        self._reading = reading
        self._showing = showing
        self._round = found

    def chosen(self) -> list[Spot]:
        """The votes to show; fewer than are needed where they can not be found."""
        if self._round.rules.scheme is Scheme.TURNOUT:
            return [one.spot for one in self._listed()]
        side = Choice.ACCEPT if self._round.verdict is Verdict.ACCEPTED else Choice.REJECT
        if self._round.rules.scheme is Scheme.CREDENCE:
            return self._moving(side)
        deciding, spare = self._deciding(sorted(self._of_side(side), key=_dearest_last))
        counted = {one.position for one in deciding}
        others = (one for choice in _SIDES if choice is not side for one in self._of_side(choice))
        for one in chain(spare, others):
            if len(counted) >= self._round.quorum_count:
                break
            if one.position not in counted:
                counted.add(one.position)
                deciding.append(one)
        return [one.spot for one in deciding]

    def _moving(self, side: Choice) -> list[Spot]:
        """Under credence, where every answer moves both sides: those that move one most, until it
        is reached, and as many as the quorum needs."""
        found = self._round
        found_of_all = [one for choice in _SIDES for one in self._of_side(choice)]
        moves: dict[int, Cast] = {}  # of an equivocator's answers, the best
        for one in sorted(found_of_all, key=_dearest_last):
            moves.setdefault(one.position, one)
        value = found.electorate.head_start(found.rules)[side is Choice.REJECT]
        chosen: list[Cast] = []
        for one in moves.values():
            if value >= found.value_needed and len(chosen) >= found.quorum_count:
                break
            value += one.value
            chosen.append(one)
        return [one.spot for one in chosen]

    def _deciding(self, found: list[Cast]) -> tuple[list[Cast], list[Cast]]:
        """As many as reach the value that decides, and the rest."""
        value = 0
        for count, one in enumerate(found):
            if value >= self._round.value_needed:
                return found[:count], found[count:]
            value += one.value
        return found, []

    def _of_side(self, choice: Choice) -> Iterator[Cast]:
        """The votes of one side that can be found."""
        for position in range(len(self._round.electorate)):
            if choice in self._round.choices(position):
                cast = self._found(position, choice, self._confidence(position, choice))
                if cast is not None:
                    yield cast

    def _listed(self) -> Iterator[Cast]:
        """Under turnout, the votes that the deciding closing lists."""
        found = self._round
        deciding = found.deciding_closing()
        if deciding is None:
            return
        closing = deciding[2]
        confidences = iter(closing.confidences)
        for choice, mask in zip(_SIDES, listed_masks(closing), strict=True):
            for position in range(len(found.electorate)):
                if mask >> position & 1:
                    cast = self._found(position, choice, next(confidences, None))
                    if cast is not None:
                        yield cast

    def _confidence(self, position: int, choice: Choice) -> int | None:
        """The greatest confidence given with a choice, where that is what counts."""
        shown = (self._round.confidences or {}).get((position, choice))
        return None if shown is None else shown[-1]

    def _found(self, position: int, choice: Choice, confidence: int | None) -> Cast | None:
        elector = self._round.electorate.electors[position]
        identifier = self._round.id

        def casts(said: Operation) -> bool:
            return isinstance(said, Votes) and any(
                vote.round == identifier
                and vote.choice is choice
                and confidence in (None, vote.confidence)
                for vote in said.votes
            )

        spot = self._reading.find(NodeId(elector.member), self._round.opened_stamp, casts)
        if spot is None:  # said before the proposal was, which nobody honest does
            spot = self._reading.find(NodeId(elector.member), 0, casts)
        if spot is None:
            return None
        return Cast(position, self._value(position, choice, confidence), self._bytes_of(spot), spot)

    def _value(self, position: int, choice: Choice, confidence: int | None) -> int:
        """What a vote adds to the side that the round was decided for."""
        rules, electorate = self._round.rules, self._round.electorate
        if rules.scheme is Scheme.CREDENCE:
            return electorate.gain(position, choice)[self._round.verdict is Verdict.REJECTED]
        if rules.aggregation is Aggregation.CONFIDENCE:
            return 1 if confidence is None else confidence
        return electorate.value_most(position, rules.aggregation)

    def _bytes_of(self, spot: Spot) -> int:
        """What it takes to show a vote, but for what all take."""
        opened = self._reading.opened(spot.place)
        if opened is None or self._showing.has(spot.place):
            return 0
        leaf = opened.block.leaves()[spot.leaf]
        return len(leaf) + sum(map(len, opened.block.cover([spot.leaf])))


def _dearest_last(one: Cast) -> tuple[int, int, int]:
    return -one.value, one.bytes_count, one.position

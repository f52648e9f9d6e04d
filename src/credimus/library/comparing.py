"""How statements bear on each other, as people write it: a function from two texts to a finding.

It is asked in the node's own step, when parts of a split have met and when a reunion is planned.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import combinations, groupby
from typing import Protocol

from credimus.api.shapes.partitions import FindingName
from credimus.kernel.ids import BeliefId
from credimus.state.beliefs import Belief
from credimus.state.operations import Finding

_log = logging.getLogger(__name__)


class Similarity(Protocol):
    """A function that says what two statements of one category are to each other.

    It is called in the node's thread for each pair of what was accepted apart, of up to 256
    beliefs: it must answer in microseconds, from what it has worked out before, and may not block.
    One that fails, or gives what is no finding, finds nothing in that pair.

    Example:
        >>> def bears(one, other):
        ...     return "contradictory" if one == f"no {other}" else "compatible"
        >>> async with credimus.fleet_of(["scout"], similarity=bears) as fleet:
        ...     fleet["scout"].partitions().partitions
        []
    """

    def __call__(self, one: str, other: str, /) -> FindingName:
        """`contradictory`, `first_subsumes`, `second_subsumes` or `compatible`."""
        ...


class Compared:
    """A function in the place of the comparison by words."""

    def __init__(self, function: Similarity) -> None:
        self._function = function

    def compare(self, one: Belief, other: Belief) -> Finding:
        """What two beliefs are to each other; compatible where the function fails."""
        if one.category != other.category:
            return Finding.COMPATIBLE
        try:
            return Finding[self._function(one.content, other.content).upper()]
        except Exception as problem:  # noqa: BLE001 - a user's function may raise anything
            _log.warning("the similarity failed: %s: %.200s", type(problem).__name__, problem)
            return Finding.COMPATIBLE

    def pairs(self, beliefs: Sequence[Belief]) -> Iterator[tuple[BeliefId, BeliefId, Finding]]:
        """Every pair of one category that is more than compatible, in the order of the beliefs.

        Cost: a call for each pair.
        """
        ordered = sorted(beliefs, key=lambda one: one.category)
        for _, some in groupby(ordered, key=lambda one: one.category):
            for one, other in combinations(some, 2):
                finding = self.compare(one, other)
                if finding is not Finding.COMPATIBLE:
                    yield one.id, other.id, finding

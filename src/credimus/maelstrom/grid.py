"""Who passes a block on to whom: two hops to everybody, with no node in the middle.

All nodes stand in a grid, row by row in the order in which they were named. An author sends to its
row and its column; whoever hears a block of its row passes it on down its own column. So each block
reaches each node once, and each node links to some 2 * sqrt(n) others. Where the last row is short,
the first row's nodes stand in for those that it lacks. The rows and columns are those of Maekawa's
grid quorums (1985).

Deliberately not here: repair. What a lost message or a cut link kept from a node is found by the
core's own sync.
"""

from collections.abc import Sequence
from math import isqrt


class Grid:
    """Places of `count` nodes, 0 up.

    Args:
        count: 1 and up.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._width = isqrt(count - 1) + 1

    def first(self, author: int) -> Sequence[int]:
        """To whom an author sends its own blocks."""
        row = [self._crossing(author, column) for column in range(self._width)]
        return sorted({*row, *self._column(author)} - {author})

    def onward(self, author: int, holder: int) -> Sequence[int]:
        """To whom one that took an author's block passes it on; often nobody."""
        column = holder % self._width
        if author % self._width == column or self._crossing(author, column) != holder:
            return ()
        return [place for place in self._column(holder) if place != holder]

    def _column(self, place: int) -> range:
        return range(place % self._width, self._count, self._width)

    def _crossing(self, author: int, column: int) -> int:
        """Who takes an author's blocks to a column: the one of its row, or of the first."""
        own = author // self._width * self._width + column
        return own if own < self._count else column

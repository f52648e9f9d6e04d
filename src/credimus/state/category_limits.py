"""How many beliefs of some categories a member may state: token buckets along its chain, in the
stamps of its own blocks, beside the one for units (lace/allowance.py).

What counts is each `Assert`, and nothing else: it alone names its category, so that the chain alone
says what is left, and whether others had stated the same belief does not matter. Votes, proposals
and retractions are free.

A bucket is kept as a *mark*, the moment in us at which it is full again. Stating a belief moves it
on by the time in which one flows in; a block after which it lies further ahead of the block's stamp
than a whole bucket is over the limit. So a block that states nothing of these categories has the
marks of the one before it, without a reckoning.
"""

from collections.abc import Sequence
from typing import TypeAlias

from credimus.kernel.hlc import wall_ms_of
from credimus.state.member_operations import CategoryLimit, Limit
from credimus.state.operations import Assert, Operation

Marks: TypeAlias = tuple[int, ...]
"""Of each limited category in order, the moment at which its bucket is full again, in us of stamps;
long past in the beginning, where it is 0."""
_HOUR_US = 3_600_000_000
_MS_US = 1_000


class CategoryLimits:
    """The limits of one fleet."""

    __slots__ = ("_index", "beginning", "limits")

    def __init__(self, said: Limit) -> None:
        self.limits = said.categories
        self.beginning: Marks = (0,) * len(self.limits)
        """Of an author that has written nothing."""
        self._index = {one.category: index for index, one in enumerate(self.limits)}

    def of(self, category: str) -> CategoryLimit | None:
        """The limit of a category, if it has one."""
        index = self._index.get(category)
        return None if index is None else self.limits[index]

    def after(self, before: Marks, operations: Sequence[Operation], stamp: int) -> Marks:
        """The marks after a block with these operations."""
        marks: list[int] | None = None
        index_of = self._index
        for one in operations:
            if type(one) is Assert and one.category in index_of:
                marks = marks or list(before or self.beginning)
                index = index_of[one.category]
                marks[index] = max(marks[index], wall_ms_of(stamp) * _MS_US)
                marks[index] += _step_us(self.limits[index])
        return tuple(marks) if marks is not None else before or self.beginning

    def exceeded(self, marks: Marks, stamp: int) -> CategoryLimit | None:
        """The first limit that a block stamped so exceeds when these are the marks after it."""
        now_us = wall_ms_of(stamp) * _MS_US
        for mark, limit in zip(marks, self.limits, strict=True):
            if mark > now_us + limit.burst * _step_us(limit):
                return limit
        return None

    def parted(
        self, before: Marks, operations: Sequence[Operation], stamp: int
    ) -> tuple[list[Operation], list[Operation]]:
        """The operations that a block stamped so may hold, and those that it may not."""
        marks, within, beyond = before, list[Operation](), list[Operation]()
        for one in operations:
            if type(one) is Assert and one.category in self._index:
                after = self.after(marks, [one], stamp)
                if self.exceeded(after, stamp) is not None:
                    beyond.append(one)
                    continue
                marks = after
            within.append(one)
        return within, beyond

    def free_at_ms(self, before: Marks, category: str, wall_ms: int, waiting: int = 0) -> int:
        """The ms of stamps from which one more belief of a category may be stated; at most
        `wall_ms` for at once.

        Args:
            wall_ms: of the earliest stamp that the next block can have.
            waiting: how many are to be stated in that block already.
        """
        index = self._index[category]
        limit = self.limits[index]
        mark_us = max((before or self.beginning)[index], wall_ms * _MS_US)
        free_us = mark_us + (waiting + 1 - limit.burst) * _step_us(limit)
        return -(-free_us // _MS_US)

    def left(self, marks: Marks, category: str, stamp: int) -> int:
        """How many beliefs of a category may be stated at a stamp at once."""
        index = self._index[category]
        limit = self.limits[index]
        ahead_us = max(0, (marks or self.beginning)[index] - wall_ms_of(stamp) * _MS_US)
        return max(0, limit.burst - -(-ahead_us // _step_us(limit)))


def _step_us(limit: CategoryLimit) -> int:
    """The time in which one belief flows in."""
    return _HOUR_US // limit.per_hour

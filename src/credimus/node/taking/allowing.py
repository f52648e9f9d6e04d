"""What the author of a block has left of what the fleet allows its members, in units and by
categories: judged in its own chain, so alike by every node.

A new key goes on with what the old one had left. Deliberately not here: how much that is in numbers
(lace/allowance.py, state/category_limits.py).
"""

from credimus.lace.allowance import left_after
from credimus.lace.block import Block, Header
from credimus.lace.lace import Lace, Place
from credimus.state.category_limits import CategoryLimits, Marks
from credimus.state.fleet import FleetState
from credimus.state.membership.roster import limits_of
from credimus.state.operations import Found, Operation


class Allowances:
    """What the members of one fleet may still write."""

    def __init__(self, lace: Lace, state: FleetState) -> None:
        self._lace = lace
        self._state = state

    def left(self, block: Block) -> int:
        """What its author may write after a block, in thousandths of a unit; below 0 the block is
        over the limit. 0 where the fleet has none."""
        units_per_s = self._state.roster.units_per_s_max
        if not units_per_s:
            return 0
        return left_after(self._before(block.header), block.header, block.body, units_per_s)

    def excess(self, block: Block, operations: list[Operation]) -> str:
        """What a block states too much of, in words; empty where it keeps to the limits."""
        limits = self._limits(operations)
        if limits is None:
            return ""
        before, stamp = self._marks(block.header), block.header.stamp
        marks = limits.after(before, operations, stamp)
        exceeded = None if marks is before else limits.exceeded(marks, stamp)
        if exceeded is None:
            return ""
        return (
            f"states more beliefs of category {exceeded.category} than its author may by then; the "
            f"fleet allows each member {exceeded.per_hour} an hour, and {exceeded.burst} at once"
        )

    def note(self, place: Place, block: Block, operations: list[Operation], left: int) -> None:
        """Keep what is left after a block that was taken.

        Args:
            left: as `left` gave it before the block was folded.
        """
        place.left = left if place.previous else self.left(block)  # the first founds the limit
        limits = self._state.roster.category_limits
        if limits is not None:
            place.marks = limits.after(self._marks(block.header), operations, place.stamp)

    def _limits(self, operations: list[Operation]) -> CategoryLimits | None:
        """Those by category; a founding is held to those that it sets itself, whether they are
        known already or not."""
        limits = self._state.roster.category_limits
        if limits is None and operations and type(operations[0]) is Found:
            return limits_of(operations)
        return limits

    def _marks(self, header: Header) -> Marks:
        before = self._before(header)
        return () if before is None else before.marks

    def _before(self, header: Header) -> Place | None:
        """Where the author's buckets stand as a block finds them: at its block before, or at the
        one in which it took this key; None where they are full."""
        if header.previous:
            return self._lace.get(header.previous)
        if not header.parents:
            return None
        law = self._state.roster.before(header, self._lace).law
        took = law.successions.get(header.author)
        return None if took is None else self._lace.get(took.spot.block)

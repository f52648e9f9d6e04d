"""How much a member may write: a token bucket along its chain, in the stamps of its own blocks.

What is left after a block follows from the block and its previous one, so every node finds the same
blocks over the limit, whenever they reach it. Local time would not do: a block that is late at one
node would be taken there and refused elsewhere, for ever.

Limits by category, kept likewise, are in state/category_limits.py.

Charges are in *units*: a block costs 8, each operation 1, and each 128 bytes of operations 1.
"""

from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.limits import BLOCK_BYTES_MAX, BLOCK_OPERATIONS_MAX
from credimus.lace.block import Header
from credimus.lace.lace import Place

BLOCK_UNITS = 8
"""Units of a block by itself: a signature to check, a header in memory. [guess]"""
BYTES_PER_UNIT = 128
"""Bytes of operations that cost a unit. [guess: an operation of usual size]"""
BURST_S = 60
"""A full bucket holds what flows in within a minute, so that a clock that stands still for as long
as the clocks of a fleet may differ keeps nobody from writing."""
BURST_UNITS_MIN = BLOCK_UNITS + BLOCK_OPERATIONS_MAX + BLOCK_BYTES_MAX // BYTES_PER_UNIT
"""It holds the greatest block in any case."""
_THOUSAND = 1_000


def charge_of(header: Header, body: bytes) -> int:
    """Units of a block."""
    return BLOCK_UNITS + header.operation_count + _leaf_bytes(body) // BYTES_PER_UNIT


def burst_of(units_per_s: int) -> int:
    """Units in a full bucket."""
    return max(BURST_S * units_per_s, BURST_UNITS_MIN)


def left_before(previous: Place | None, stamp: int, units_per_s: int) -> int:
    """What an author may still write at a stamp, in thousandths of a unit."""
    full = burst_of(units_per_s) * _THOUSAND
    if previous is None:
        return full
    elapsed_ms = max(0, wall_ms_of(stamp) - wall_ms_of(previous.stamp))
    return min(full, previous.left + elapsed_ms * units_per_s)


def left_after(previous: Place | None, header: Header, body: bytes, units_per_s: int) -> int:
    """What is left when the author has written this block; below 0 it may not.

    Args:
        previous: where the author's block before it stands.
    """
    before = left_before(previous, header.stamp, units_per_s)
    return before - charge_of(header, body) * _THOUSAND


def _leaf_bytes(body: bytes) -> int:
    """Bytes of the operations; the count before them can be written in several ways."""
    return len(body) - _HEAD_BYTES.get(body[0], 1)


_HEAD_BYTES = {0xDC: 3, 0xDD: 5}

"""Merkle trees as in RFC 6962, section 2.1: one root signs many leaves, a short path proves one.

Leaves and nodes are hashed under different prefixes, so that a node can not pass for a leaf. A
level with an odd count carries its last node up unchanged, which is the same tree as the RFC's
split at the largest power of two.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


def leaf(content: bytes) -> bytes:
    """The fingerprint of one leaf."""
    return sha256(b"\x00" + content).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root (32 bytes) over contents in order; of none, the SHA-256 of the empty string.

    Cost: 2n - 1 hashes.
    """
    if not leaves:
        return EMPTY_ROOT
    level = [sha256(b"\x00" + content).digest() for content in leaves]
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def cover(leaves: Sequence[bytes], kept: Collection[int]) -> list[bytes]:
    """The roots of the largest subtrees without a kept leaf, left to right.

    With the kept leaves they give the root. Around one leaf they are the nodes of its audit path,
    in another order; around several they are fewer than their paths together.
    """
    order = sorted(kept)
    nodes: list[bytes] = []

    def visit(low: int, high: int) -> None:
        if not _any_within(order, low, high):
            nodes.append(root(leaves[low:high]))
        elif high - low > 1:
            middle = low + _left_size(high - low)
            visit(low, middle)
            visit(middle, high)

    if leaves:
        visit(0, len(leaves))
    return nodes


def root_from_cover(kept: Mapping[int, bytes], count: int, nodes: Sequence[bytes]) -> bytes | None:
    """The root over `count` leaves of which some are kept, or None when this is no cover of them.

    Args:
        kept: at least one leaf, by index.
        nodes: as `cover` gives them.
    """
    order = sorted(kept)
    if not order or order[0] < 0 or order[-1] >= count:
        return None
    remaining = iter(nodes)

    def visit(low: int, high: int) -> bytes | None:
        if not _any_within(order, low, high):
            return next(remaining, None)
        if high - low == 1:
            return leaf(kept[low])
        middle = low + _left_size(high - low)
        left = visit(low, middle)
        right = None if left is None else visit(middle, high)
        return None if left is None or right is None else sha256(b"\x01" + left + right).digest()

    found = visit(0, count)
    return found if next(remaining, None) is None else None


def _any_within(order: list[int], low: int, high: int) -> bool:
    return bisect_left(order, low) < bisect_left(order, high)


def _left_size(count: int) -> int:
    """The largest power of two below a count of two or more: where the RFC splits."""
    return 1 << ((count - 1).bit_length() - 1)


def _parents(level: list[bytes]) -> list[bytes]:
    above = [
        sha256(b"\x01" + left + right).digest()
        for left, right in zip(level[::2], level[1::2], strict=False)
    ]
    if len(level) & 1:
        above.append(level[-1])
    return above

"""A frontier names all that a node holds by the last block of each chain."""

from itertools import islice
from operator import attrgetter
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.hlc import STAMP_MAX
from credimus.kernel.ids import BLOCK_ID_BYTES, ID_BYTES, BlockId, NodeId


class Head(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """The last block of one branch of one chain."""

    author: NodeId
    sequence: int
    block: BlockId


_LEFT_MAX = 1 + limits.LIMITED_CATEGORIES_MAX


class CutHead(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """The last block of one branch of one chain below a cut, with its stamp."""

    author: Annotated[NodeId, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
    sequence: Annotated[int, Meta(ge=1, le=limits.SEQUENCE_MAX)]
    stamp: Annotated[int, Meta(ge=1, le=STAMP_MAX)]
    left: int | Annotated[tuple[int, ...], Meta(min_length=2, max_length=_LEFT_MAX)]
    """What its author may still write after it, in thousandths of a unit. In a fleet with limits by
    category that, and behind it the mark of each (state/category_limits.py)."""
    block: Annotated[BlockId, Meta(min_length=BLOCK_ID_BYTES, max_length=BLOCK_ID_BYTES)]


Cut: TypeAlias = tuple[CutHead, ...]
"""The heads of a set of blocks that is closed under predecessors, sorted by author and block.

A block is *below* a cut when its sequence is at most the greatest of its author's heads there."""


class PeerBehind(msgspec.Struct, frozen=True, gc=False):
    """A peer pulled from below our cut: only a checkpoint can help it."""

    peer: NodeId


HEADS_SUM_BYTES = 16
"""Bytes of the sum of a frontier's heads, and of each head's id that are added."""


class Frontier(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The heads of all chains, sorted by author and block; a fork shows as two heads."""

    heads: Annotated[tuple[Head, ...], Meta(max_length=limits.FRONTIER_HEADS_MAX)]


def frontier_of(heads: list[Head]) -> Frontier:
    """The frontier of these heads, sorted by author and block, as many as one holds: every author
    has one before anybody has two."""
    if len(heads) > limits.FRONTIER_HEADS_MAX:
        firsts = {head.author: head for head in reversed(heads)}
        rest = (head for head in heads if firsts[head.author] is not head)
        chosen = islice((*firsts.values(), *rest), limits.FRONTIER_HEADS_MAX)
        heads = sorted(chosen, key=attrgetter("author", "block"))
    return Frontier(tuple(heads))

"""A frontier names all that a node holds by the last block of each chain."""

from typing import Annotated

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.ids import BlockId, NodeId


class Head(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """The last block of one branch of one chain."""

    author: NodeId
    sequence: int
    block: BlockId


class Frontier(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The heads of all chains, sorted by author and block; a fork shows as two heads."""

    heads: Annotated[tuple[Head, ...], Meta(max_length=limits.FRONTIER_HEADS_MAX)]

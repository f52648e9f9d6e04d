"""Whom a block is pushed to, in which order; and messages that hold as many blocks as fit."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from credimus.kernel import limits
from credimus.kernel.effects import Send
from credimus.kernel.entropy import Stream
from credimus.kernel.ids import NodeId
from credimus.protocol.dissemination.interface import Carried, Push
from credimus.protocol.dissemination.trees import Tree
from credimus.protocol.dissemination.urgency import Selection, Strategy

Order: TypeAlias = Callable[[Sequence[NodeId]], list[NodeId]]
"""Puts peers in the order in which they are taken; may leave some out."""
PUSH_BYTES_MAX = 131_072
"""Bytes of blocks in one push; a single block may be larger. [guess]"""


class Draw(NamedTuple):
    """How neighbours are chosen, and the chance for it."""

    order: Order
    stream: Stream


def drawn(selection: Selection, nearest: Order, push_ppm: int, stream: Stream) -> Draw:
    """The order of a selection."""

    def random(peers: Sequence[NodeId]) -> list[NodeId]:
        return stream.sample(peers, len(peers))

    def by_chance(peers: Sequence[NodeId]) -> list[NodeId]:
        return [one for one in random(peers) if stream.happens(push_ppm)]

    orders = {
        Selection.NEAREST: nearest,
        Selection.RANDOM: random,
        Selection.PROBABILISTIC: by_chance,
    }
    return Draw(orders[selection], stream)


def whom_to_push(
    tree: Tree, others: Sequence[NodeId], strategy: Strategy, hops: int, draw: Draw
) -> tuple[list[NodeId], list[NodeId]]:
    """The children among some neighbours, and those beside the tree that get a copy too.

    Args:
        others: neighbours that are not known to have the block.
        hops: links that it has passed.
    """
    children = [one for one in others if one in tree.children]
    if hops >= strategy.rounds:
        return children, []
    count, rest_percent = divmod(strategy.redundancy_percent - 100, 100)
    count += draw.stream.happens(rest_percent * 10_000)
    if not count or len(children) == len(others):
        return children, []
    return children, draw.order([one for one in others if one not in tree.children])[:count]


class Parcels:
    """Pushes that are being put together: in order, as few as can be for each peer."""

    def __init__(self) -> None:
        self._open: dict[NodeId, list[Carried]] = {}
        self._byte_counts: dict[NodeId, int] = {}
        self._full: list[Send[Any]] = []

    def put(self, peer: NodeId, carried: Carried) -> None:
        """Add a block for a peer."""
        items = self._open.setdefault(peer, [])
        byte_count = self._byte_counts.get(peer, 0) + len(carried.wire)
        if items and (byte_count > PUSH_BYTES_MAX or len(items) >= limits.BLOCK_OPERATIONS_MAX):
            self._full.append(Send(peer, Push(tuple(items))))
            items.clear()
            byte_count = len(carried.wire)
        items.append(carried)
        self._byte_counts[peer] = byte_count

    def sends(self) -> list[Send[Any]]:
        """All of them."""
        return [*self._full, *(Send(peer, Push(tuple(one))) for peer, one in self._open.items())]

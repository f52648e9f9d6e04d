"""The last blocks of all branches of all chains, their frontier and their sum, kept current."""

from collections.abc import Mapping

from credimus.kernel.ids import BlockId, NodeId
from credimus.lace.frontier import HEADS_SUM_BYTES, Frontier, Head, frontier_of
from credimus.lace.place import Place


class Heads:
    """By author, in the order in which branches were seen first."""

    __slots__ = ("_by_author", "_frontier", "_sum")

    def __init__(self) -> None:
        self._by_author: dict[NodeId, list[BlockId]] = {}
        self._frontier: Frontier | None = None  # until a head changes
        self._sum = 0

    def put(self, place: Place) -> None:
        """A block stands at the end of a branch: of its previous block's, or of a new one."""
        heads = self._by_author.setdefault(place.author, [])
        self._frontier = None
        self._sum += _weight(place.id)
        if place.previous in heads:
            heads[heads.index(place.previous)] = place.id
            self._sum -= _weight(place.previous)
        else:
            heads.append(place.id)

    def first(self, author: NodeId) -> BlockId | None:
        """The last block on an author's branch that was seen first, or None."""
        heads = self._by_author.get(author)
        return heads[0] if heads else None

    @property
    def sum(self) -> bytes:
        """The first 16 bytes of the ids of all heads, added as numbers: equal wherever the heads
        are. Cost: none."""
        return (self._sum % _MODULUS).to_bytes(HEADS_SUM_BYTES, "big")

    def frontier(self, places: Mapping[BlockId, Place]) -> Frontier:
        """All heads, as many as a frontier holds.

        Where they are more, every author has one before anybody has two.
        """
        if self._frontier is None:
            self._frontier = self._made(places)
        return self._frontier

    def _made(self, places: Mapping[BlockId, Place]) -> Frontier:
        heads = [
            Head(author, places[block_id].sequence, block_id)
            for author in sorted(self._by_author)
            for block_id in sorted(self._by_author[author])
        ]
        return frontier_of(heads)


def _weight(block_id: BlockId) -> int:
    """What a head adds to the sum of all."""
    return int.from_bytes(block_id[:HEADS_SUM_BYTES], "big")


_MODULUS = 1 << 8 * HEADS_SUM_BYTES

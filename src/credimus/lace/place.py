"""Where a block stands: the facts of its header that the lace keeps in memory."""

from collections.abc import Iterable

from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BlockId, NodeId
from credimus.lace.block import Header
from credimus.lace.frontier import CutHead


class Place:
    """A block's place in the lace. Treat as frozen, except `view`, `covers`, `left` and `marks`."""

    __slots__ = (
        "author", "covers", "id", "left", "marks", "parents", "previous", "sequence", "stamp",
        "view",
    )  # fmt: skip

    def __init__(self, block_id: BlockId, header: "Header | Place") -> None:
        self.id = block_id
        self.author: NodeId = header.author
        self.sequence: int = header.sequence
        self.stamp: int = header.stamp
        self.previous: BlockId = header.previous
        self.parents: tuple[BlockId, ...] = header.parents
        self.view: object = None
        """What the fold of the roster keeps here: the members as of this block."""
        self.left = 0
        """What ingress keeps here: how much its author may still write (lace/allowance.py)."""
        self.marks: tuple[int, ...] = ()
        """What ingress keeps here: the same by categories, where the fleet has such limits
        (state/category_limits.py)."""
        self.covers = 0
        """What the node keeps here: the last of its own blocks in this block's causal past."""

    @classmethod
    def of_head(cls, head: CutHead) -> "Place":
        """The place of a head of a cut, of which no more is known."""
        place = cls.__new__(cls)
        place.id, place.author = head.block, head.author
        place.sequence, place.stamp = head.sequence, head.stamp
        place.previous, place.parents = BlockId(b""), ()
        place.view, place.covers = None, 0
        left = head.left if isinstance(head.left, tuple) else (head.left,)
        place.left, place.marks = left[0], left[1:]
        return place

    def head(self) -> CutHead:
        """The place as the head of a cut."""
        left = (self.left, *self.marks) if self.marks else self.left
        return CutHead(self.author, self.sequence, self.stamp, left, self.id)

    def forget_left(self) -> None:
        """Of a block below a cut, and no head of it: what its author had left then not all can
        know, so for all his bucket is full."""
        self.left, self.marks = _UNBOUNDED, ()

    def predecessors(self) -> tuple[BlockId, ...]:
        """The blocks that this one names: its author's previous and the parents."""
        return (self.previous, *self.parents) if self.previous else self.parents


_UNBOUNDED = 1 << 62
"""More than any bucket holds."""


def check_follows(header: Header, previous: Place | None, parents: Iterable[Place]) -> None:
    """Refuse a header that contradicts its predecessors.

    Raises:
        PeerFault: `wrong-chain`, `stamp-not-after-parents`.
    """
    if previous is not None:
        if previous.author != header.author or previous.sequence + 1 != header.sequence:
            raise PeerFault(
                "wrong-chain", "a block's previous must be its author's block just before it"
            )
        if header.stamp <= previous.stamp:
            raise PeerFault("stamp-not-after-parents", "a block is stamped before its previous")
    for parent in parents:
        if parent.author == header.author:
            raise PeerFault("wrong-chain", "a block's parents must be blocks of others")
        if header.stamp <= parent.stamp:
            raise PeerFault("stamp-not-after-parents", "a block is stamped before a parent")

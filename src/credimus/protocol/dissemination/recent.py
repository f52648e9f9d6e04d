"""The blocks that were spread lately: at hand for neighbours that ask, and never passed on twice.

Deliberately not here: blocks for good (the store), and whether a block is held at all (the lace).
"""

from collections.abc import Iterable

from credimus.kernel import limits
from credimus.kernel.ids import BlockId, NodeId
from credimus.protocol.dissemination.interface import SHORT_BYTES, Announced, Carried, Fresh
from credimus.protocol.dissemination.urgency import Urgency


class Entry:
    """A block and what is known of its way."""

    __slots__ = ("author", "grafted", "holders", "hops", "id", "urgency", "wire")

    def __init__(
        self, block: Fresh, urgency: Urgency, hops: int, holders: Iterable[NodeId] = ()
    ) -> None:
        self.id = block.id
        self.author = block.author
        self.wire = block.wire
        self.urgency = urgency
        self.hops = hops
        """Links that it passed to come here; 0 of our own."""
        self.holders: dict[NodeId, None] = dict.fromkeys(holders)
        """Neighbours that have it, or to whom it was pushed."""
        self.grafted: dict[NodeId, int] = {}
        """How often a neighbour asked for it."""

    @property
    def short(self) -> bytes:
        """How neighbours name it."""
        return self.id[:SHORT_BYTES]

    @property
    def next_hops(self) -> int:
        """What the next receiver is told."""
        return min(self.hops + 1, limits.PUSH_HOPS_MAX)

    def carried(self, *, extra: bool) -> Carried:
        """To be pushed."""
        return Carried(self.wire, self.urgency, self.next_hops, extra)

    def announced(self) -> Announced:
        """To be announced."""
        return Announced(self.short, self.urgency, self.next_hops)


class Recent:
    """Entries by their ids; past the bounds the oldest goes."""

    def __init__(self) -> None:
        self._entries: dict[bytes, Entry] = {}
        self._byte_count = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, identifier: BlockId | bytes) -> Entry | None:
        """The entry of an id, or of the beginning that neighbours name."""
        return self._entries.get(identifier[:SHORT_BYTES])

    def put(self, entry: Entry) -> None:
        """Keep an entry; one of the same name stays."""
        if entry.short in self._entries:
            return
        self._entries[entry.short] = entry
        self._byte_count += len(entry.wire)
        while len(self._entries) > limits.SPREAD_BLOCKS_MAX or (
            self._byte_count > limits.SPREAD_BYTES_MAX and len(self._entries) > 1
        ):
            oldest = self._entries.pop(next(iter(self._entries)))
            self._byte_count -= len(oldest.wire)

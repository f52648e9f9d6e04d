"""Blocks that came before their parents wait here, bounded in count and bytes.

What is let go was never acknowledged, so the ordinary exchange of frontiers fetches it again.
"""

from credimus.kernel import limits
from credimus.kernel.ids import BlockId, NodeId
from credimus.lace.block import Block


class Orphans:
    """A waiting room for blocks; when it is full, who has most of it makes room: his oldest block
    leaves, so that one author can not crowd out the others."""

    __slots__ = ("_blocks", "_byte_count", "_bytes_of", "_waiting_for", "dropped_count")

    def __init__(self) -> None:
        self._blocks: dict[BlockId, tuple[Block, set[BlockId]]] = {}
        self._waiting_for: dict[BlockId, list[BlockId]] = {}
        self._byte_count = 0
        self._bytes_of: dict[NodeId, int] = {}
        self.dropped_count = 0

    def __len__(self) -> int:
        return len(self._blocks)

    def __contains__(self, block_id: object) -> bool:
        return block_id in self._blocks

    def hold(self, block: Block, missing: list[BlockId]) -> None:
        """Keep a block until everything it lacks has come."""
        if block.id in self._blocks:
            return
        self._blocks[block.id] = block, set(missing)
        self._byte_count += len(block.wire)
        self._bytes_of[block.author] = self._bytes_of.get(block.author, 0) + len(block.wire)
        for predecessor in dict.fromkeys(missing):
            self._waiting_for.setdefault(predecessor, []).append(block.id)
        while len(self._blocks) > limits.ORPHANS_MAX or self._byte_count > limits.ORPHAN_BYTES_MAX:
            self._drop(self._least_missed())
            self.dropped_count += 1

    def release(self, arrived: BlockId) -> list[Block]:
        """The blocks that waited for this one alone, oldest first; they leave the room."""
        ready = []
        for block_id in self._waiting_for.pop(arrived, ()):
            entry = self._blocks.get(block_id)
            if entry is None:
                continue
            entry[1].discard(arrived)
            if not entry[1]:
                ready.append(entry[0])
                self._drop(block_id)
        return ready

    def is_wanted(self, block_id: BlockId) -> bool:
        """Whether some block waits for this one."""
        return block_id in self._waiting_for

    def drop_behind(self, refused: BlockId) -> list[Block]:
        """Let go of the blocks that wait for one that will never come, straight or through others;
        oldest first."""
        gone: list[Block] = []
        behind = [refused]
        while behind:
            for block_id in list(self._waiting_for.get(behind.pop(), ())):
                if block_id in self._blocks:
                    gone.append(self._blocks[block_id][0])
                    self._drop(block_id)
                    behind.append(block_id)
        return gone

    def empty(self) -> list[Block]:
        """Let all go, and return them, by stamp: predecessors first."""
        waited = sorted(
            (block for block, _ in self._blocks.values()),
            key=lambda block: (block.header.stamp, block.id),
        )
        for block in waited:
            self._drop(block.id)
        return waited

    def highest(self, author: NodeId) -> tuple[int, BlockId] | None:
        """The place in its chain, and the id, of the author's last block here. Cost: linear
        where it has any."""
        if author not in self._bytes_of:
            return None
        waiting = (block for block, _ in self._blocks.values() if block.author == author)
        return max(((one.header.sequence, one.id) for one in waiting), default=None)

    def wanted(self, count: int) -> list[BlockId]:
        """Missing blocks that are not waiting here themselves, at most `count`, oldest first."""
        wanted = (one for one in self._waiting_for if one not in self._blocks)
        return [one for one, _ in zip(wanted, range(count), strict=False)]

    def _least_missed(self) -> BlockId:
        """The oldest block of the author who has most bytes here."""
        greediest = max(self._bytes_of, key=self._bytes_of.__getitem__)
        return next(one for one, (block, _) in self._blocks.items() if block.author == greediest)

    def _drop(self, block_id: BlockId) -> None:
        block, missing = self._blocks.pop(block_id)
        self._byte_count -= len(block.wire)
        left = self._bytes_of[block.author] - len(block.wire)
        if left:
            self._bytes_of[block.author] = left
        else:
            del self._bytes_of[block.author]
        for predecessor in missing:
            waiting = self._waiting_for.get(predecessor)
            if waiting is not None:
                waiting.remove(block_id)
                if not waiting:
                    del self._waiting_for[predecessor]

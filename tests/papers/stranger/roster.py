"""roster.md and the checks of blocks.md: which blocks are taken, and who is a member."""

from nacl import bindings, exceptions

from stranger.blocks import Block
from stranger.identifiers import fleet_id, node_id
from stranger.sets import Dots, joined


def view_after(block: Block, past: Dots) -> Dots:
    view = dict(past)
    for index, one in enumerate(block.operations):
        if one[0] in (1, 2):
            key, name, address = one[3:6] if one[0] == 1 else one[1:]
            node = node_id(key)
            member = (node, [node, key, name, address, block.stamp, block.author])
            dot = (block.id, index + 1)
            if node != block.author and key_in(view, node) is not None:
                continue
            view = {d: None if h and h[0] == node else h for d, h in view.items()}
            view = joined(view, {dot: member})
        elif one[0] == 3:
            view = {d: None if h and h[0] == block.author else h for d, h in view.items()}
    return view


def key_in(view: Dots, node: bytes) -> bytes | None:
    return next((held[1][1] for held in view.values() if held and held[0] == node), None)


class Fleet:
    """The blocks that were taken, and the view of each."""

    def __init__(self, fleet: bytes) -> None:
        self.fleet = fleet
        self.taken: dict[bytes, Block] = {}
        self.views: dict[bytes, Dots] = {}
        self.faults: dict[bytes, str] = {}
        self.left: dict[bytes, int] = {}

    def take_all(self, wires: list[bytes]) -> None:
        waiting = {block.id: block for block in map(Block, wires)}
        progress = True
        while progress:
            progress = False
            for block in list(waiting.values()):
                if all(one in self.taken for one in block.predecessors):
                    del waiting[block.id]
                    progress = True
                    self._take(block)

    def _take(self, block: Block) -> None:
        fault = self._chain_fault(block) or self._limit_fault(block)
        past = self.past(block)
        key = key_in(past, block.author)
        founds = [index for index, one in enumerate(block.operations) if one[0] == 1]
        if not fault and key is None:
            fault, key = self._genesis_fault(block, founds)
        elif not fault and founds:
            fault = "wrong-genesis"
        if not fault:
            try:
                bindings.crypto_sign_open(block.signature + block.header_bytes, key)
            except (exceptions.BadSignatureError, exceptions.ValueError):
                fault = "bad-signature"
        if fault:
            self.faults[block.id] = fault
            return
        self.taken[block.id] = block
        self.views[block.id] = view_after(block, past)
        self.left[block.id] = self._left(block)

    def past(self, block: Block) -> Dots:
        view: Dots = {}
        for one in block.predecessors:
            view = joined(view, self.views[one])
        return view

    def left_out_max(self) -> int:
        return next((one[6] for _, one in self.said(1)), 0)

    def units_per_s_max(self) -> int:
        return next((one[7] for _, one in self.said(1)), 0)

    def _left(self, block: Block) -> int:
        rate = self.units_per_s_max()
        full = left = 1_000 * max(60 * rate, 8 + 2_048 + 262_144 // 128)
        if block.previous:
            before = self.taken[block.previous].stamp >> 16
            left = min(full, self.left[block.previous] + rate * ((block.stamp >> 16) - before))
        return left - 1_000 * (8 + len(block.leaves) + sum(map(len, block.leaves)) // 128)

    def _limit_fault(self, block: Block) -> str:
        return "over-limit" if self.units_per_s_max() and self._left(block) < 0 else ""

    def _chain_fault(self, block: Block) -> str:
        if block.fleet != self.fleet:
            return "wrong-fleet"
        if block.previous:
            previous = self.taken[block.previous]
            if (previous.author, previous.sequence + 1) != (block.author, block.sequence):
                return "wrong-chain"
            if block.stamp <= previous.stamp:
                return "stamp-not-after-parents"
        for parent in map(self.taken.__getitem__, block.parents):
            if parent.author == block.author:
                return "wrong-chain"
            if block.stamp <= parent.stamp:
                return "stamp-not-after-parents"
        return ""

    def _genesis_fault(self, block: Block, founds: list[int]) -> tuple[str, bytes | None]:
        if not founds or founds[0] != 0 or block.predecessors:
            return "not-a-member", None
        _, _, nonce, key, _, _, *policy = block.operations[0]
        fleet = fleet_id(key, nonce, *policy)
        right = fleet == self.fleet and node_id(key) == block.author
        return ("", key) if right and founds == [0] else ("wrong-genesis", None)

    def said(self, *tags: int) -> list[tuple[Block, list]]:
        return [
            (block, one) for block in self.taken.values() for one in block.operations
            if one[0] in tags
        ]  # fmt: skip

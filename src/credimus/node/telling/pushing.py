"""How blocks that were just sealed are told to the others: in as few messages as they fit in."""

from collections.abc import Iterable, Iterator

from credimus.lace.block import Block
from credimus.protocol.sync.interface import Blocks

_BYTES_MAX = 131_072  # a message below it goes at once, whatever the transport


def pushes(sealed: Iterable[Block]) -> Iterator[Blocks]:
    """Messages with all these blocks, in order."""
    wires: list[bytes] = []
    size = 0
    for block in sealed:
        if wires and size + len(block.wire) > _BYTES_MAX:
            yield Blocks(tuple(wires))
            wires, size = [], 0
        wires.append(block.wire)
        size += len(block.wire)
    yield Blocks(tuple(wires))

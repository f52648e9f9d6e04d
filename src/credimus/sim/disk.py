"""What a node made durable, and nothing else: all that is left of it after a crash."""

from collections.abc import Iterable, Sequence

from credimus.kernel.ids import BlockId
from credimus.lace.block import Block


class Disk:
    """Blocks in the order in which they were appended; one step is one transaction."""

    def __init__(self) -> None:
        self._wires: dict[BlockId, bytes] = {}

    def __len__(self) -> int:
        return len(self._wires)

    def append(self, blocks: Iterable[Block]) -> None:
        """Make blocks durable, all of them or none."""
        for block in blocks:
            self._wires[block.id] = block.wire

    def wires(self) -> list[bytes]:
        """Everything, in order."""
        return list(self._wires.values())

    def wires_of(self, identifiers: Sequence[bytes]) -> list[bytes]:
        """The bytes of some blocks; those not held are left out."""
        found = (self._wires.get(BlockId(one)) for one in identifiers)
        return [wire for wire in found if wire is not None]

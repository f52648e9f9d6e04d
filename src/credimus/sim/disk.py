"""What a node made durable, and nothing else: all that is left of it after a crash.

A crash of the process keeps all that was appended; a loss of power takes what was not yet synced.
"""

from collections.abc import Iterable, Sequence

from credimus.kernel.ids import BlockId
from credimus.lace.block import Block


class Disk:
    """Blocks in the order in which they were appended; one step is one transaction."""

    def __init__(self) -> None:
        self._wires: dict[BlockId, bytes] = {}
        self._unsynced: list[BlockId] = []
        self.lost_count = 0
        """Blocks that the last crash took."""

    def __len__(self) -> int:
        return len(self._wires)

    def append(self, blocks: Iterable[Block], *, synced: bool = True) -> None:
        """Make blocks durable, all of them or none; with `synced` also what came before."""
        for block in blocks:
            if block.id not in self._wires:
                self._wires[block.id] = block.wire
                self._unsynced.append(block.id)
        if synced:
            self.sync()

    def sync(self) -> None:
        """Make everything survive a loss of power."""
        self._unsynced.clear()

    def lose_power(self) -> None:
        """Lose what was not synced."""
        self.lost_count = len(self._unsynced)
        for identifier in self._unsynced:
            del self._wires[identifier]
        self._unsynced.clear()

    def wires(self) -> list[bytes]:
        """Everything, in order."""
        return list(self._wires.values())

    def wires_of(self, identifiers: Sequence[bytes]) -> list[bytes]:
        """The bytes of some blocks; those not held are left out."""
        found = (self._wires.get(BlockId(one)) for one in identifiers)
        return [wire for wire in found if wire is not None]

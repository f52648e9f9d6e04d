"""What a node made durable, and nothing else: all that is left of it after a crash.

It behaves as the real store does. A crash of the process keeps all that was appended; a loss of
power takes a tail of what was not yet synced, whole transactions of it. Every row has a checksum:
one that was altered is noticed when it is read, and never served. A full disk takes nothing.

Deliberately not here: damage to the very last transaction. On a real disk it looks just like a torn
tail (runtime/store/wal.py), so that nobody can notice it; a simulation that did it would only
repeat what is known: such a node has forgotten what it said.
"""

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple
from zlib import crc32

from credimus.kernel.effects import Record
from credimus.kernel.errors import StorageError
from credimus.kernel.ids import BlockId, short
from credimus.lace.block import Block


class _Row(NamedTuple):
    wire: bytes
    checksum: int


class _Step(NamedTuple):
    """One transaction."""

    ids: list[BlockId]
    before: dict[str, bytes | None]
    """What the records held that it changed."""


class Disk:
    """Blocks in the order in which they were appended, and records; one step is one transaction."""

    def __init__(self) -> None:
        self._rows: dict[BlockId, _Row] = {}
        self._records: dict[str, bytes] = {}
        self._unsynced: list[_Step] = []
        self._last: list[BlockId] = []
        self.snapshot: bytes | None = None
        """The snapshot of the last checkpoint in force."""
        self.is_full = False
        """Whether it takes nothing at the moment."""
        self.lost_count = 0
        """Blocks that the last crash took."""

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._rows

    def append(
        self, blocks: Iterable[Block], records: Iterable[Record] = (), *, synced: bool = True
    ) -> None:
        """Make blocks and records durable, all of them or none; with `synced` also what came
        before.

        Raises:
            StorageError: `disk-full`; nothing was written.
        """
        self._check_room()
        fresh = [block for block in blocks if block.id not in self._rows]
        for block in fresh:
            self._rows[block.id] = _Row(block.wire, crc32(block.wire))
        before: dict[str, bytes | None] = {}
        for key, value in ((one.key, one.value) for one in records):
            before.setdefault(key, self._records.pop(key, None))
            self._put(key, value)
        if fresh or before:
            self._last = [block.id for block in fresh]
            self._unsynced.append(_Step(self._last, before))
        if synced:
            self.sync()

    def sync(self) -> None:
        """Make everything survive a loss of power."""
        self._unsynced.clear()

    def keep(self, snapshot: bytes) -> None:
        """Keep a snapshot in place of the one before. As it is a synced transaction, what came
        before it survives a loss of power, too.

        Raises:
            StorageError: `disk-full`; the one before stays.
        """
        self._check_room()
        self.sync()
        self.snapshot = snapshot

    def drop(self, gone: Iterable[BlockId]) -> None:
        """Drop blocks that are in the snapshot."""
        for identifier in gone:
            self._rows.pop(identifier, None)
        self._last = [one for one in self._last if one in self._rows]

    @property
    def byte_count(self) -> int:
        """Bytes of blocks and snapshot."""
        return sum(len(row.wire) for row in self._rows.values()) + len(self.snapshot or b"")

    def lose_power(self, kept_count: int = 0) -> None:
        """Lose what was not synced, except its first `kept_count` transactions."""
        steps = self._unsynced[kept_count:]
        torn = [identifier for step in steps for identifier in step.ids]
        self.lost_count = len(torn)
        for step in reversed(steps):
            for key, value in step.before.items():
                self._put(key, value)
        for identifier in torn:
            del self._rows[identifier]
        self._unsynced.clear()
        self._last = []

    @property
    def unsynced_count(self) -> int:
        """Transactions that a loss of power would take."""
        return len(self._unsynced)

    def flip_bit(self, drawn: int, among: Container[BlockId] | None = None) -> bool:
        """Alter one bit of a row that a drawn word names; False when there is none to alter."""
        rows = [
            one for one in self._rows if one not in self._last and (among is None or one in among)
        ]
        if not rows:
            return False
        identifier = rows[drawn % len(rows)]
        wire, checksum = self._rows[identifier]
        place, bit = divmod((drawn >> 20) % (8 * len(wire)), 8)
        altered = bytes((wire[place] ^ 1 << bit,))
        self._rows[identifier] = _Row(wire[:place] + altered + wire[place + 1 :], checksum)
        return True

    def intact(self) -> tuple[list[bytes], list[BlockId]]:
        """The wires of rows that are as they were written, in order, and the ids of the others."""
        whole = {one: crc32(row.wire) == row.checksum for one, row in self._rows.items()}
        wires = [row.wire for one, row in self._rows.items() if whole[one]]
        return wires, [one for one in self._rows if not whole[one]]

    def refill(self, blocks: Iterable[Block], records: Iterable[Record]) -> None:
        """Hold these blocks and no others, and further records."""
        self._rows.clear()
        self.append(blocks, records)
        self._last = []

    @property
    def is_damaged(self) -> bool:
        """Whether some row no longer is what was written."""
        return any(crc32(row.wire) != row.checksum for row in self._rows.values())

    def wires(self) -> list[bytes]:
        """Everything, in order.

        Raises:
            StorageError: `corrupt`, naming the row.
        """
        return [self._read(identifier) for identifier in self._rows]

    def wires_of(self, identifiers: Sequence[bytes]) -> list[bytes]:
        """The bytes of some blocks; those not held are left out.

        Raises:
            StorageError: `corrupt`, naming the row.
        """
        return [self._read(BlockId(one)) for one in identifiers if one in self._rows]

    def facts(self, family: str) -> list[tuple[str, bytes]]:
        """Keys and values of a family, in order of their last change."""
        return [one for one in self._records.items() if one[0].rpartition("/")[0] == family]

    def has(self, key: str) -> bool:
        """Whether there is a record under a key."""
        return key in self._records

    def synced_ids(self) -> set[BlockId]:
        """The blocks that a loss of power would leave; for membership only."""
        torn = {identifier for step in self._unsynced for identifier in step.ids}
        return self._rows.keys() - torn

    def _check_room(self) -> None:
        if self.is_full:
            raise StorageError("disk-full", "no space is left on the simulated disk")

    def _put(self, key: str, value: bytes | None) -> None:
        self._records.pop(key, None)
        if value is not None:
            self._records[key] = value

    def _read(self, identifier: BlockId) -> bytes:
        wire, checksum = self._rows[identifier]
        if crc32(wire) != checksum:
            raise StorageError("corrupt", f"the row of block {short(identifier)} was altered")
        return wire

"""The durable store: blocks and facts in one SQLite file, every row verified when it is read."""

import sqlite3
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from credimus.kernel.codec import encode
from credimus.runtime.store import failures
from credimus.runtime.store.cache import WireCache
from credimus.runtime.store.checksum import block_checksum, row_checksum
from credimus.runtime.store.database import Database
from credimus.runtime.store.interface import (
    CACHE_BYTES_MAX,
    Fact,
    StoredBlock,
    check_block,
    check_fact,
    family_of,
)

_INSERT: Final = "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)"
_COLUMNS: Final = "SELECT position, id, author, sequence, stamp, checksum, wire FROM blocks"
PRUNED: Final = "log/pruned"
"""The fact that says up to where blocks were let go."""
_SHRUNK_PAGES: Final = 1_024
"""Pages given back at once: 4 MB. [guess]"""
_PAGE_ROWS: Final = 16
"""Rows read at once when streaming: at most 4 MB of wires."""


class Pruned(msgspec.Struct, frozen=True, array_like=True):
    """Blocks were let go from the beginning of the log."""

    upto: int
    """The last position up to which rows may be missing."""
    left: int
    """How many rows are left up to there."""


class SqliteStore:
    """Keeps a node's log and facts in the database at `path`; owns it until closed.

    Invariant: positions in the log are 1, 2, 3, ... without gaps, so that a lost row shows. Up to
    where blocks were let go, the number of rows is kept for that.

    Raises:
        Conflict: `folder-in-use`, naming the process.
        StorageError: `corrupt`, `schema-newer`, `disk-full` or `disk`.
    """

    __slots__ = (
        "_block_count",
        "_cache",
        "_database",
        "_fact_counts",
        "_last",
        "_positions",
        "_pruned",
    )

    def __init__(self, path: Path, cache_bytes_max: int = CACHE_BYTES_MAX) -> None:
        self._database = Database(path)
        self._cache = WireCache(cache_bytes_max)
        self._positions: dict[bytes, int] = {}
        """Where each block stands. In memory, because ids are random: an index on disk would have
        every step write pages all over it, a third of the cost of a transaction. [measured]"""
        try:
            read = self._database.read
            last = read("SELECT max(position) FROM blocks", (), "table blocks")[0][0] or 0
            self._fact_counts: dict[str, int] = dict(
                read("SELECT family, count(*) FROM facts GROUP BY family", (), "table facts")
            )
            self._pruned = self._read_pruned()
            self._last: int = max(last, self._pruned.upto)
        except BaseException:
            self._database.close()
            raise

    @property
    def database(self) -> Database:
        """The file, for the read models that share it."""
        return self._database

    @property
    def block_count(self) -> int:
        """How many blocks the log holds."""
        return self._pruned.left + self._last - self._pruned.upto

    def append(
        self, blocks: Sequence[StoredBlock], facts: Sequence[Fact] = (), *, synced: bool = True
    ) -> None:
        """Make blocks and facts durable in one transaction; a block already there is skipped.

        Args:
            synced: see `Store.append`; without, the disk is not waited for.

        Cost: 90 us of CPU for a transaction of one block, 40 us for each of 20 blocks of 3 KB;
        every 500 pages a checkpoint of about 6 ms.

        Raises:
            StorageError: `disk-full` (free some space, then call again), `corrupt`, `disk`.
            UsageError: `bad-block` or `bad-fact`, for a value outside its bounds.
        """
        for block in blocks:
            check_block(block)
        for fact in facts:
            check_fact(fact, self._fact_counts)
        counts = dict(self._fact_counts) if facts else self._fact_counts
        positions = self._index()
        fresh = [block for block in blocks if block.id not in positions]
        if len(fresh) > 1:
            fresh = list({block.id: block for block in fresh}.values())
        self._write(fresh, facts, counts, synced)
        self._fact_counts = counts
        for block in fresh:
            self._last += 1
            positions[block.id] = self._last
            self._cache.put(block.id, block.wire)

    def let_go(self, ids: Sequence[bytes]) -> None:
        """Durably drop blocks, all of them or none, and give their pages back.

        Cost: 10 us a block and an fsync; call it with some hundred at once.
        """
        positions = self._index()
        gone = {one: positions[one] for one in dict.fromkeys(ids) if one in positions}
        if not gone:
            return
        before = self._pruned
        upto = max(before.upto, *gone.values())
        pruned = Pruned(upto, before.left + upto - before.upto - len(gone))
        counts = dict(self._fact_counts)

        def work(connection: sqlite3.Connection) -> None:
            rows = [(position,) for position in gone.values()]
            connection.executemany("DELETE FROM blocks WHERE position = ?", rows)
            _put(connection, Fact(PRUNED, encode(pruned)), counts)

        self._database.write(work, "table blocks")
        self._pruned, self._fact_counts = pruned, counts
        for one in gone:
            del positions[one]
            self._cache.drop(one)
        self._database.shrink(_SHRUNK_PAGES)

    def sync(self) -> None:
        """Wait for the disk, when something was appended without."""
        self._database.sync()

    def wires(self, ids: Sequence[bytes]) -> list[bytes]:
        """The wires of these blocks in this order; those not held are left out."""
        found = []
        positions = self._index()
        for one in ids:
            wire = self._cache.get(one)
            if wire is None:
                position = positions.get(one)
                if position is None:
                    continue
                wire = self._block_at(position, one).wire
                self._cache.put(one, wire)
            found.append(wire)
        return found

    def blocks(self) -> Iterator[StoredBlock]:
        """Every block in the order of appending, verified and streamed; appending may go on."""
        position, pruned, left = 0, self._pruned, 0
        while position < self._last:
            rows = self._database.read(
                f"{_COLUMNS} WHERE position > ? ORDER BY position LIMIT {_PAGE_ROWS}",
                (position,),
                f"table blocks after row {position}",
            )
            if not rows and position < pruned.upto == self._last:
                break
            for row in rows or [(None,)]:
                if self._pruned is not pruned:  # meanwhile: what is left is not counted any more
                    pruned, left = self._pruned, self._pruned.left
                below = row[0] is not None and row[0] <= pruned.upto
                left += below
                expected = row[0] if below else max(position, pruned.upto) + 1
                if row[0] != expected or (not below and left < pruned.left):
                    raise failures.corrupt(
                        self._database.path, f"table blocks, row {expected} is missing"
                    )
                position = expected
                block = self._verified(row)
                self._positions[block.id] = position
                yield block

    def remember(self, key: str, value: bytes, kept: int = 0) -> None:
        """Make one fact durable, in place of what the key held. See `Fact` for `kept`."""
        self.append((), (Fact(key, value, kept),))

    def recall(self, key: str) -> bytes | None:
        """What the key holds, or None."""
        rows = self._database.read(
            "SELECT key, family, checksum, value FROM facts WHERE key = ?", (key,), "table facts"
        )
        return self._verified_fact(rows[0])[1] if rows else None

    def forget(self, key: str) -> None:
        """Durably drop what the key holds, if anything."""
        gone = 0

        def work(connection: sqlite3.Connection) -> None:
            nonlocal gone
            gone = connection.execute("DELETE FROM facts WHERE key = ?", (key,)).rowcount

        self._database.write(work, "table facts")
        family = family_of(key)
        self._fact_counts[family] = self._fact_counts.get(family, 0) - gone

    def facts(self, family: str) -> list[tuple[str, bytes]]:
        """Keys and values of a family, oldest first."""
        rows = self._database.read(
            "SELECT key, family, checksum, value FROM facts WHERE family = ? ORDER BY age",
            (family,),
            "table facts",
        )
        return [self._verified_fact(row) for row in rows]

    def close(self) -> None:
        """Let go of the file; calling again does nothing."""
        self._database.close()

    def _write(
        self,
        blocks: Sequence[StoredBlock],
        facts: Sequence[Fact],
        counts: dict[str, int],
        synced: bool,
    ) -> None:
        """One transaction."""
        rows = [
            (at, b.id, b.author, b.sequence, b.stamp, block_checksum(at, b), b.wire)
            for at, b in enumerate(blocks, self._last + 1)
        ]

        def work(connection: sqlite3.Connection) -> None:
            if rows:
                connection.executemany(_INSERT, rows)
            for fact in facts:
                _put(connection, fact, counts)

        if rows or facts:
            self._database.write(work, "table blocks" if rows else "table facts", synced=synced)

    def _read_pruned(self) -> "Pruned":
        raw = self.recall(PRUNED)
        return Pruned(0, 0) if raw is None else msgspec.msgpack.decode(raw, type=Pruned)

    def _index(self) -> dict[bytes, int]:
        """Where each block stands; read whole unless a restart has just streamed the log."""
        if len(self._positions) != self.block_count:
            for _ in self.blocks():
                pass
        return self._positions

    def _block_at(self, position: int, identifier: bytes) -> StoredBlock:
        rows = self._database.read(f"{_COLUMNS} WHERE position = ?", (position,), "table blocks")
        if not rows:
            raise failures.corrupt(self._database.path, f"table blocks, row {position} is missing")
        block = self._verified(rows[0])
        if block.id != identifier:
            raise failures.corrupt(
                self._database.path, f"table blocks, row {position} holds another block"
            )
        return block

    def _verified(self, row: tuple[Any, ...]) -> StoredBlock:
        """The block of a row of the log."""
        position, id_, author, sequence, stamp, checksum, wire = row
        block = StoredBlock(id_, author, sequence, stamp, wire)
        try:
            if len(id_) == 32 and len(author) == 16 and block_checksum(position, block) == checksum:
                return block
        except (TypeError, struct.error):  # a column of another kind than was written
            pass
        raise failures.corrupt(
            self._database.path, f"table blocks, row {position} was altered after it was written"
        )

    def _verified_fact(self, row: tuple[Any, ...]) -> tuple[str, bytes]:
        """Key and value of a row of the facts."""
        key, family, checksum, value = row
        if (type(key), type(family), type(value)) == (str, str, bytes) and (
            row_checksum((key, family, value)) == checksum
        ):
            return key, value
        raise failures.corrupt(
            self._database.path, f"table facts, row {key!r} was altered after it was written"
        )


def kept_store(path: Path) -> SqliteStore:
    """The store of a folder that has one: in place of one that is gone no other is made.

    Raises:
        Conflict: `folder-in-use`.
        StorageError: as the store itself.
    """
    if not (path.exists() and path.stat().st_size):
        raise failures.missing(path)
    return SqliteStore(path)


def _put(connection: sqlite3.Connection, fact: Fact, counts: dict[str, int]) -> None:
    """Insert as the newest of its family, or drop; past `kept` the oldest go."""
    family = family_of(fact.key)
    count = counts.get(family, 0)
    count -= connection.execute("DELETE FROM facts WHERE key = ?", (fact.key,)).rowcount
    if fact.value is None:
        counts[family] = count
        return
    count += 1
    connection.execute(
        "INSERT INTO facts (key, family, checksum, value) VALUES (?, ?, ?, ?)",
        (fact.key, family, row_checksum((fact.key, family, fact.value)), fact.value),
    )
    if fact.kept and count > fact.kept:
        count -= connection.execute(
            "DELETE FROM facts WHERE age IN "
            "(SELECT age FROM facts WHERE family = ? ORDER BY age LIMIT ?)",
            (family, count - fact.kept),
        ).rowcount
    counts[family] = count

"""Makes a damaged store whole enough to go on with: what is intact is kept, the rest is named.

    read     every row of a copy that can be read and verified
    sort     blocks whose predecessors are held, and loose ones (node/recovering/salvaging.py)
    write    a new database beside the old one
    change   the old one goes aside, the new one takes its place

Nothing is changed before the new database is whole; a crash in between is taken up by the same
command. The old database is never deleted here. What follows is up to the node, once it runs again
(protocol/recovery). Deliberately not here: mending pages; what SQLite can not read is lost.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Conflict, CredimusError, PeerFault, StorageError
from credimus.kernel.ids import BlockId
from credimus.node.node import Node
from credimus.node.recovering.salvaging import Read, salvage
from credimus.protocol.delivery.records import FAMILIES
from credimus.protocol.recovery.interface import Session
from credimus.protocol.recovery.recalling import Recalled, recalled
from credimus.runtime.daemon import owner_facts
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import NodeKey
from credimus.runtime.identity.succession import OWNER_FACT
from credimus.runtime.joining.founding import facts_of, stored
from credimus.runtime.settings.settings import Settings
from credimus.runtime.store import failures, snapshots, wal
from credimus.runtime.store.checksum import block_checksum, row_checksum
from credimus.runtime.store.interface import Fact, StoredBlock, family_of
from credimus.runtime.store.ownership import FolderLock
from credimus.runtime.store.sqlite import PRUNED, Pruned, SqliteStore

_BLOCKS_AT_ONCE = 256


class Rows(NamedTuple):
    """What could be read of a damaged database."""

    blocks: list[StoredBlock]
    altered: list[BlockId]
    """Names of altered blocks, as far as they still have one."""
    is_accounted: bool
    facts: list[Fact]
    altered_facts: list[str]
    """Keys of altered records, as far as they can be read."""


class Recovered(NamedTuple):
    """What came of it."""

    session: Session
    aside: Path
    """Where the old database is."""
    altered_facts: list[str]


def recover(home: Home, settings: Settings, key: NodeKey) -> Recovered:
    """Put a new database in the place of a damaged one.

    Raises:
        Conflict: `folder-in-use`, `not-damaged`.
        StorageError: `not-recoverable`, when messages or the founding are among what is damaged;
            nothing was changed. `disk-failed`, `disk-full`.
    """
    lock = FolderLock(home.database)
    try:
        aside = _aside(home)
        fresh = failures.recovered(home.database)
        is_broken_off = fresh.exists() and not home.database.exists()
        source = aside / home.database.name if is_broken_off else home.database
        with _copied(source, home.folder / ".recovery") as copy:
            rows = read_rows(copy)
        if _is_sound(rows):
            raise Conflict("not-damaged", f"{home.database} is sound; start the node.")
        _remove(fresh)
        session = _write(home, settings, key, rows, fresh)
        if home.database.exists():
            _set_aside(home, aside)
        fresh.replace(home.database)
        _sync(home.folder)
        lock.mark_made()
        return Recovered(session, aside, rows.altered_facts)
    except CredimusError:
        if home.database.exists():  # else it tells that a recovery was broken off
            _remove(failures.recovered(home.database))
        _leave(home.folder / "recovery")
        raise
    except OSError as problem:
        raise StorageError("disk-failed", f"{home}: {problem.strerror}. Check the disk.") from None
    finally:
        lock.close()


def read_rows(path: Path) -> Rows:
    """Every row of a database that verifies; never raises for what does not.

    Args:
        path: a copy that nobody else uses.
    """
    try:
        wal.check(path)
        is_log_whole = True
    except StorageError:  # SQLite reads it up to there, and says nothing of the rest
        is_log_whole = False
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        facts, altered_facts = _facts(connection)
        pruned = _pruned(facts)
        blocks: list[StoredBlock] = []
        altered: list[BlockId] = []
        whole, last, left = is_log_whole and pruned is not None, 0, 0
        upto = pruned.upto if pruned is not None else 0
        for position, block, name in _block_rows(connection):
            if position <= upto:
                left += 1
            elif position != max(last, upto) + 1:
                whole = False  # rows are missing
            last = position
            if block is not None:
                blocks.append(block)
            elif name is not None:
                altered.append(name)
            else:
                whole = False
        if pruned is not None and left != pruned.left:
            whole = False
        return Rows(blocks, altered, whole and _is_readable(connection), facts, altered_facts)
    finally:
        connection.close()


# --- private


def _block_rows(
    connection: sqlite3.Connection,
) -> Iterator[tuple[int, StoredBlock | None, BlockId | None]]:
    """Position, block if whole, else its name if it has one; one by one, past unreadable ones."""
    last = _scalar(connection, "SELECT max(position) FROM blocks")
    if last is None:
        last = _scalar(connection, "SELECT count(*) FROM blocks") or 0
    for position in range(1, last + 1):
        try:
            row = connection.execute(
                "SELECT id, author, sequence, stamp, checksum, wire FROM blocks WHERE position = ?",
                (position,),
            ).fetchone()
        except failures.PROBLEMS:
            yield position, None, None
            continue
        if row is not None:
            yield position, *_read_block(position, row)


def _read_block(position: int, row: Sequence[Any]) -> tuple[StoredBlock | None, BlockId | None]:
    identifier, author, sequence, stamp, checksum, wire = row
    name = BlockId(identifier) if isinstance(identifier, bytes) and len(identifier) == 32 else None
    try:
        block = StoredBlock(identifier, author, sequence, stamp, wire)
        if len(author) == 16 and name and block_checksum(position, block) == checksum:
            return block, name
    except Exception:  # noqa: BLE001 - columns of any kind may stand there
        return None, name
    return None, name


def _facts(connection: sqlite3.Connection) -> tuple[list[Fact], list[str]]:
    facts: list[Fact] = []
    altered: list[str] = []
    last = _scalar(connection, "SELECT max(age) FROM facts") or 0
    for age in range(1, last + 1):
        try:
            row = connection.execute(
                "SELECT key, family, checksum, value FROM facts WHERE age = ?", (age,)
            ).fetchone()
        except failures.PROBLEMS:
            altered.append(f"(row {age})")
            continue
        if row is None:
            continue
        key, family, checksum, value = row
        kinds = (type(key), type(family), type(value)) == (str, str, bytes)
        if kinds and row_checksum((key, family, value)) == checksum:
            facts.append(Fact(key, value))
        else:
            altered.append(key if isinstance(key, str) else f"(row {age})")
    return facts, altered


def _pruned(facts: Sequence[Fact]) -> Pruned | None:
    """Up to where blocks were let go; None when that can not be told."""
    for fact in facts:
        if fact.key == PRUNED and fact.value is not None:
            return msgspec.msgpack.decode(fact.value, type=Pruned)
    return Pruned(0, 0)


def _is_readable(connection: sqlite3.Connection) -> bool:
    """Whether every page is sound, so that no row can have vanished."""
    try:
        return [row[0] for row in connection.execute("PRAGMA integrity_check(1)")] == ["ok"]
    except failures.PROBLEMS:
        return False


def _scalar(connection: sqlite3.Connection, statement: str) -> int | None:
    try:
        found = connection.execute(statement).fetchone()[0]
    except failures.PROBLEMS:
        return None
    return found if isinstance(found, int) else None


def _write(home: Home, settings: Settings, key: NodeKey, rows: Rows, path: Path) -> Session:
    """A new database with what is intact."""
    lost = [one for one in rows.altered_facts if family_of(one) in FAMILIES]
    if lost or any(one.startswith("(row") for one in rows.altered_facts):
        raise StorageError(
            "not-recoverable",
            f"{home.database}: records of messages are damaged ({', '.join(lost[:3]) or 'unnamed'})"
            ", so that a message could be delivered twice. Nothing was changed. "
            f"{failures.GIVE_UP}",
        )
    node = Node(settings.fleet_id, [key], settings.core(), Entropy(os.urandom(32)))
    facts = [fact for fact in rows.facts if fact.key != PRUNED]
    store = SqliteStore(path)
    try:
        if not any(fact.key == OWNER_FACT for fact in facts):
            facts += owner_facts(settings, key)
        store.append((), facts)
        image = _snapshot(store, path)
        if image is not None:
            node.restore_snapshot(image)
        wires = [block.wire for block in rows.blocks]
        named = [one for one in rows.altered if one not in {block.id for block in rows.blocks}]
        read = Read(wires, named, rows.is_accounted, _earlier(store))
        salvaged = salvage(node, [key], read, time.time_ns() // 1_000_000)
        if not len(node.lace):
            raise StorageError(
                "not-recoverable",
                f"{home.database}: not even the block that founded the fleet is intact. Nothing "
                f"was changed. {failures.GIVE_UP}",
            )
        blocks = [stored(block) for block in salvaged.blocks]
        for at in range(0, len(blocks), _BLOCKS_AT_ONCE):
            store.append(blocks[at : at + _BLOCKS_AT_ONCE])
        store.append((), facts_of(salvaged.records))
    except PeerFault as problem:
        raise StorageError(
            "not-recoverable",
            f"{home.database}: {problem.message}. Nothing was changed. {failures.GIVE_UP}",
        ) from None
    finally:
        store.close()
    return salvaged.session


def _snapshot(store: SqliteStore, path: Path) -> bytes | None:
    """The snapshot of the last checkpoint, if all of it is intact; else peers give one."""
    try:
        kept = snapshots.kept_snapshot(store, lambda what: failures.corrupt(path, what))
    except StorageError:
        store.forget(snapshots.KEY)
        return None
    return None if kept is None else kept[0]


def _earlier(store: SqliteStore) -> Recalled:
    try:
        return recalled(store.facts)
    except StorageError:
        return Recalled(None, [], [key for key, _ in store.facts("recovery-loose")])


def _is_sound(rows: Rows) -> bool:
    """Whether nothing is damaged: an empty database in the place of a log is."""
    has_owner = any(fact.key == OWNER_FACT for fact in rows.facts)
    return rows.is_accounted and has_owner and not rows.altered and not rows.altered_facts


def _leave(parent: Path) -> None:
    """Take back folders in which nothing was put."""
    for folder in (*parent.glob("*"), parent):
        with suppress(OSError):  # something is in it
            folder.rmdir()


def _aside(home: Home) -> Path:
    """Where the old database goes: a folder of its own, the next number."""
    parent = home.folder / "recovery"
    parent.mkdir(mode=0o700, exist_ok=True)
    numbers = [int(one.name) for one in parent.iterdir() if one.name.isdecimal()]
    number = max(numbers, default=0)
    if home.database.exists() or not number:
        number += 1
    aside = parent / str(number)
    aside.mkdir(mode=0o700, exist_ok=True)
    return aside


def _set_aside(home: Home, aside: Path) -> None:
    """Move the database and its write-ahead log; the log first, for it is of no use alone."""
    for name in (f"{home.database.name}-wal", home.database.name):
        path = home.folder / name
        if path.exists():
            path.replace(aside / name)
    _sync(aside)


class _copied:  # noqa: N801 - used as a function
    """A copy of a database and its write-ahead log, gone afterwards."""

    def __init__(self, source: Path, folder: Path) -> None:
        self._source = source
        self._folder = folder

    def __enter__(self) -> Path:
        shutil.rmtree(self._folder, ignore_errors=True)
        if not self._source.exists():
            raise StorageError(
                "not-recoverable",
                f"{self._source.name} is missing, and with it all that could be kept. "
                f"{failures.GIVE_UP}",
            )
        self._folder.mkdir(mode=0o700)
        for name in (self._source.name, f"{self._source.name}-wal"):
            path = self._source.with_name(name)
            if path.exists():
                shutil.copyfile(path, self._folder / name)
        return self._folder / self._source.name

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", ".lock"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

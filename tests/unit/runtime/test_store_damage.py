"""A damaged database is noticed and named; what is served is what was written."""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from credimus.kernel.errors import StorageError
from credimus.runtime.store import database
from credimus.runtime.store.interface import (
    BeliefQuery,
    BeliefRow,
    MemberRow,
    RoundRow,
    StoredBlock,
)
from credimus.runtime.store.readmodel import ReadModels
from credimus.runtime.store.sqlite import SqliteStore, kept_store

CODES = {"corrupt", "read-models-corrupt", "schema-newer", "schema-older", "disk"}
SEEDS = int(os.environ.get("CREDIMUS_DAMAGE_SEEDS", "4"))
WORDS = ("valve", "pump", "leaks", "north", "sensor", "warm")


def contents() -> tuple[list[StoredBlock], list[BeliefRow], list[RoundRow], list[MemberRow]]:
    """What the tests write: enough for trees of several pages."""
    draw = random.Random(7)
    blocks = [
        StoredBlock(draw.randbytes(32), draw.randbytes(16), n, n << 16, draw.randbytes(900))
        for n in range(60)
    ]
    beliefs = [
        BeliefRow(
            draw.randbytes(16),
            draw.choice(("fact", "risk")),
            " ".join(draw.choices(WORDS, k=8)),
            draw.randrange(1_000_000),
            draw.randrange(50) << 16,
            draw.randrange(1 << 40),
            draw.choice(("open", "accepted")),
            1,
            draw.randrange(1, 9),
        )
        for _ in range(80)
    ]
    rounds = [
        RoundRow(draw.randbytes(16), one.id, 1, "byzantine", "open", 5, 1, 0, 0, 3, 0)
        for one in beliefs
    ]
    members = [MemberRow(draw.randbytes(16), f"m{n}", "tcp/x", n, n % 2 == 0) for n in range(5)]
    return blocks, beliefs, rounds, members


def fill(path: Path) -> SqliteStore:
    """An open store with all of it."""
    blocks, beliefs, rounds, members = contents()
    store = SqliteStore(path)
    for start in range(0, 60, 5):
        store.append(blocks[start : start + 5])
    store.remember("fleet", b"f" * 16)
    store.remember("identity", b"k" * 64)
    ReadModels(store.database).project(60, beliefs, rounds, members)
    return store


def read_all(path: Path) -> list[object]:
    """Everything that a caller can read, in one comparable list."""
    blocks, beliefs, _, _ = contents()
    store = SqliteStore(path, cache_bytes_max=0)
    try:
        models = ReadModels(store.database)
        models.check()
        if models.position() is None:  # their definition was altered: made anew, to be refilled
            raise StorageError("read-models-corrupt", f"{path}: cleared")
        return [
            list(store.blocks()),
            store.wires([one.id for one in blocks]),
            store.recall("fleet"),
            store.facts(""),
            models.position(),
            models.members(),
            [models.rounds(one.id) for one in beliefs],
            [models.belief(one.id) for one in beliefs],
            models.beliefs(),
            models.beliefs(BeliefQuery(category="risk")),
            models.beliefs(BeliefQuery(verdict="accepted", since=20 << 16)),
            [models.beliefs(BeliefQuery(text=word)) for word in WORDS],
        ]
    finally:
        store.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "log.db"
    fill(path).close()
    return path


def attempt(read: Callable[[Path], object], path: Path) -> object:
    """What was read, or the error that said why not."""
    try:
        return read(path)
    except StorageError as problem:
        return problem


def read_log(path: Path) -> object:
    """The blocks alone, as a restart reads them."""
    store = SqliteStore(path, cache_bytes_max=0)
    try:
        return list(store.blocks())
    finally:
        store.close()


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("checked", [True, False], ids=["checked at opening", "too large to check"])
def test_flipped_bytes_are_never_served(
    sound: Path, tmp_path: Path, seed: int, checked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not checked:  # the rows alone must then tell; a damaged index may hide one
        monkeypatch.setattr(database, "CHECKED_BYTES_MAX", 0)
    read: Callable[[Path], object] = read_all if checked else read_log
    expected = read(sound)
    original = sound.read_bytes()
    draw = random.Random(seed)
    path = tmp_path / "log.db"
    errors = 0
    for _ in range(40):
        damaged = bytearray(original)
        place = draw.randrange(len(damaged)) if draw.random() < 0.8 else draw.randrange(2_000)
        for offset in range(draw.choice((1, 1, 8, 512))):
            if place + offset < len(damaged):
                damaged[place + offset] ^= draw.randrange(1, 256)
        path.write_bytes(damaged)
        found = attempt(read, path)
        if isinstance(found, StorageError):
            errors += 1
            assert found.code in CODES, found
            assert str(path) in found.message
        else:
            assert found == expected
        for leftover in tmp_path.iterdir():
            leftover.unlink()
    assert errors > 5


@pytest.mark.parametrize("pages", [1, 2, 9, 20])
def test_a_file_cut_short_is_refused(sound: Path, tmp_path: Path, pages: int) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(sound.read_bytes()[: pages * 4_096 - 100])
    with pytest.raises(StorageError, match=r"log\.db"):
        read_all(path)


def test_an_emptied_file_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    fill(path).close()
    path.write_bytes(b"")
    with pytest.raises(StorageError, match="missing or empty") as refusal:
        SqliteStore(path)
    assert refusal.value.code == "corrupt"
    path.unlink()
    path.with_name("log.db.lock").unlink()
    with pytest.raises(StorageError, match="missing or empty"):
        kept_store(path)
    assert not path.exists()
    SqliteStore(path).close()
    kept_store(path).close()


def test_a_row_altered_behind_our_back_is_named(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    shutil.copy(sound, path)
    alter(path, "UPDATE blocks SET sequence = sequence + 1 WHERE position = 7")
    alter(path, "UPDATE facts SET value = x'00' WHERE key = 'fleet'")
    alter(path, "UPDATE beliefs SET verdict = 'accepted' WHERE verdict = 'open'")
    alter(path, "UPDATE members SET active = 1 - active")
    store = SqliteStore(path)
    models = ReadModels(store.database)
    try:
        with pytest.raises(StorageError, match=r"log\.db: table blocks, row 7 was altered"):
            list(store.blocks())
        with pytest.raises(StorageError, match="table facts, row 'fleet' was altered"):
            store.recall("fleet")
        with pytest.raises(
            StorageError, match=r"table beliefs, row [0-9a-f]{32} was altered"
        ) as one:
            models.beliefs()
        with pytest.raises(StorageError, match="table members"):
            models.members()
        assert one.value.code == "read-models-corrupt"
        assert "Rebuild" in one.value.message
    finally:
        store.close()


@pytest.mark.parametrize("row", [1, 30, 59])
def test_a_row_that_vanished_is_named(sound: Path, tmp_path: Path, row: int) -> None:
    path = tmp_path / "log.db"
    shutil.copy(sound, path)
    alter(path, "DELETE FROM blocks WHERE position = ?", row)
    store = SqliteStore(path)
    try:
        with pytest.raises(StorageError, match=f"row {row} is missing"):
            list(store.blocks())
    finally:
        store.close()


def test_an_older_schema_is_refused_and_left_alone(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    shutil.copy(sound, path)
    alter(path, "PRAGMA user_version = 1")
    before = path.read_bytes()
    with pytest.raises(StorageError, match="before the first release") as refusal:
        SqliteStore(path)
    assert refusal.value.code == "schema-older"
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused_and_left_alone(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    shutil.copy(sound, path)
    alter(path, "PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(StorageError, match="Start the newer credimus") as refusal:
        SqliteStore(path)
    assert refusal.value.code == "schema-newer"
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", ["text", "other"])
def test_a_file_that_is_not_ours_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "log.db"
    if kind == "text":
        path.write_text("item,worker,label\n" * 1_000)
    else:
        alter(path, "CREATE TABLE other (x)")
    before = path.read_bytes()
    with pytest.raises(StorageError, match=r"log\.db"):
        SqliteStore(path)
    assert path.read_bytes() == before


def alter(path: Path, statement: str, *values: int) -> None:
    """Run a statement as a stranger would."""
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement, values)
    connection.close()


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a node that lost power: the write-ahead log is not yet in the database."""
    living = tmp_path_factory.mktemp("living") / "log.db"
    store = SqliteStore(living)
    for start in range(0, 30, 3):
        store.append(contents()[0][start : start + 3])
    left = tmp_path_factory.mktemp("crashed")
    for name in ("log.db", "log.db-wal", "log.db.lock"):
        shutil.copy(living.with_name(name), left / name)
    store.close()
    return left


def recovered(folder: Path) -> list[StoredBlock]:
    """The blocks after a restart from this folder."""
    store = SqliteStore(folder / "log.db")
    try:
        return list(store.blocks())
    finally:
        store.close()


def test_a_torn_tail_is_repaired(crashed: Path, tmp_path: Path) -> None:
    blocks = contents()[0][:30]
    size = (crashed / "log.db-wal").stat().st_size
    kept = set()
    for number, cut in enumerate(range(size, 20_000, -3_001)):
        folder = tmp_path / str(number)
        shutil.copytree(crashed, folder)
        with (folder / "log.db-wal").open("r+b") as log:
            log.truncate(cut)
        found = recovered(folder)
        assert found == blocks[: len(found)]
        assert len(found) % 3 == 0
        kept.add(len(found))
    assert 30 in kept
    assert len(kept) > 5


def test_an_altered_middle_of_the_write_ahead_log_is_named(crashed: Path, tmp_path: Path) -> None:
    sound = (crashed / "log.db-wal").read_bytes()
    last_transaction = len(sound) - 10 * (4_096 + 24)
    draw = random.Random(3)
    for number in range(40):
        folder = tmp_path / str(number)
        shutil.copytree(crashed, folder)
        damaged = bytearray(sound)
        damaged[draw.randrange(last_transaction) if number else 17] ^= 1 << draw.randrange(8)
        (folder / "log.db-wal").write_bytes(damaged)
        for _ in range(2):  # and again: the evidence is kept
            found = attempt(recovered, folder)
            assert isinstance(found, StorageError)
            assert found.code == "corrupt"
            assert "log.db-wal" in found.message

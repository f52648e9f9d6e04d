"""A store among processes: one owner, nothing acknowledged is lost, a full disk is survived."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from credimus.kernel.errors import Conflict, StorageError
from credimus.runtime.store.interface import Fact, StoredBlock
from credimus.runtime.store.sqlite import SqliteStore

WRITER = """
import sys
from hashlib import sha256
from pathlib import Path
from credimus.runtime.store.interface import Fact, StoredBlock
from credimus.runtime.store.sqlite import SqliteStore

store = SqliteStore(Path(sys.argv[1]))
number = store.block_count
while True:
    blocks = []
    for number in range(number + 1, number + 1 + number % 7 + 1):
        id = sha256(b"%d" % number).digest()
        blocks.append(StoredBlock(id, id[:16], number, number, id * 50))
    store.append(blocks, [Fact("last", b"%d" % number)])
    print(number, flush=True)
"""
LIMITED = """
import resource, sys
from pathlib import Path
from credimus.kernel.errors import StorageError
from credimus.runtime.store.interface import StoredBlock
from credimus.runtime.store.sqlite import SqliteStore

def block(number):
    return StoredBlock(bytes([number]) * 32, bytes(16), number, number, bytes(4_000))

store = SqliteStore(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
held = 0
try:
    while True:
        store.append([block(held), block(held + 1)])
        held += 2
except StorageError as problem:
    print(problem.code, problem.definite, problem.retry, store.block_count == held)
print(len(list(store.blocks())) == held)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
store.append([block(held), block(held + 1)])
print([one.sequence for one in store.blocks()] == list(range(held + 2)))
store.close()
"""


def run(script: str, path: Path) -> subprocess.Popen[str]:
    """A Python process with this script and path."""
    return subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    )


def test_a_second_owner_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "node" / "log.db"
    store = SqliteStore(path)
    with pytest.raises(Conflict, match=f"node is in use by process {os.getpid()}") as refusal:
        SqliteStore(path)
    assert refusal.value.code == "folder-in-use"
    store.remember("still", b"ours")
    store.close()
    store.close()
    again = SqliteStore(path)
    assert again.recall("still") == b"ours"
    again.close()


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.db")
    store.close()
    with pytest.raises(StorageError, match="open it again"):
        store.recall("x")


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="file can not be made") as refusal:
        SqliteStore(tmp_path / "file" / "log.db")
    assert refusal.value.code == "disk"
    (tmp_path / "node" / "log.db").mkdir(parents=True)
    with pytest.raises(StorageError, match=r"log\.db"):
        SqliteStore(tmp_path / "node" / "log.db")


def test_others_can_not_read_the_file(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "node" / "log.db")
    store.remember("identity", b"secret")
    modes = {one.name: one.stat().st_mode & 0o777 for one in (tmp_path / "node").iterdir()}
    store.close()
    assert modes == {"log.db": 0o600, "log.db-wal": 0o600, "log.db.lock": 0o600}


def test_what_was_acknowledged_survives_sigkill(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    for acknowledged_count in (3, 40, 150):
        process = run(WRITER, path)
        assert process.stdout is not None
        last = 0
        for _ in range(acknowledged_count):
            last = int(process.stdout.readline())
        with pytest.raises(Conflict, match=f"process {process.pid}"):
            SqliteStore(path)
        process.send_signal(signal.SIGKILL)
        last = max([last, *map(int, process.stdout.read().split())])  # what came meanwhile
        process.stdout.close()
        process.wait()
        store = SqliteStore(path)
        sequences = [one.sequence for one in store.blocks()]
        fact = store.recall("last")
        store.close()
        assert sequences == list(range(1, len(sequences) + 1))
        assert len(sequences) >= last
        assert fact == b"%d" % len(sequences)  # blocks and facts are one transaction


def test_a_limit_on_the_size_of_files_is_a_full_disk(tmp_path: Path) -> None:
    process = run(LIMITED, tmp_path / "log.db")
    printed, _ = process.communicate()
    assert printed.splitlines() == ["disk-full True True True", "True", "True"]
    assert process.returncode == 0


def test_a_full_database_writes_nothing_and_recovers(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.db")
    blocks = [StoredBlock(bytes([n]) * 32, bytes(16), n, n, bytes(9_000)) for n in range(30)]
    store.append(blocks[:5])
    pages = store.database.connection.execute("PRAGMA page_count").fetchone()[0]
    store.database.connection.execute(f"PRAGMA max_page_count = {pages + 10}")
    with pytest.raises(StorageError, match=r"log\.db: no space is left") as refusal:
        store.append(blocks[5:], [Fact("fleet", b"x"), Fact("receipt/1", b"x", 2)])
    assert refusal.value.code == "disk-full"
    assert refusal.value.definite
    assert list(store.blocks()) == blocks[:5]
    assert store.wires([blocks[9].id]) == []
    assert store.facts("receipt") == []
    store.database.connection.execute("PRAGMA max_page_count = 100000")
    store.append(blocks[5:], [Fact("receipt/2", b"x", 1)])
    assert list(store.blocks()) == blocks
    store.close()


def test_the_write_ahead_log_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    store = SqliteStore(path)
    number = 0
    for _ in range(120):
        blocks = []
        for _ in range(20):
            number += 1
            id_ = number.to_bytes(32, "little")
            blocks.append(StoredBlock(id_, bytes(16), number, number, bytes(3_000)))
        store.append(blocks)
        assert path.with_name("log.db-wal").stat().st_size < 4_000_000
    store.close()
    assert not path.with_name("log.db-wal").exists()


def test_the_cache_is_bounded_by_bytes(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.db", cache_bytes_max=2_500)
    blocks = [StoredBlock(bytes([n]) * 32, bytes(16), n, n, bytes([n]) * 1_000) for n in range(9)]
    store.append(blocks)
    store.append([StoredBlock(b"x" * 32, bytes(16), 9, 9, bytes(3_000))])
    assert store._cache.get(blocks[6].id) is None
    assert store._cache.get(blocks[7].id) == blocks[7].wire
    assert store.wires([blocks[0].id]) == [blocks[0].wire]
    assert store._cache.get(blocks[8].id) is None
    assert store._cache.get(blocks[7].id) == blocks[7].wire
    store.close()

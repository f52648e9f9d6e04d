"""The whole log, checked: the first place that was altered is named, whoever altered it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from credimus.kernel.codec import encode
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import UsageError
from credimus.kernel.ids import fleet_id
from credimus.kernel.instant import Instant, Now
from credimus.lace.block import open_wire
from credimus.node.commands import AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.runtime.audit.check import LogCheck, check_log
from credimus.runtime.audit.journal import Journal
from credimus.runtime.joining.founding import stored
from credimus.runtime.store.checksum import block_checksum
from credimus.runtime.store.interface import StoredBlock
from credimus.runtime.store.sqlite import SqliteStore
from credimus.state.member_operations import CategoryLimit, Limit
from credimus.state.operations import Assert
from strategies import FLEET, FOUND, SIGNERS, WALL_MS, make_block

COUNT = 9


def written(path: Path) -> Path:
    """A log of nine blocks, and a journal."""
    node = Node(FLEET, [SIGNERS[0]], Config(), Entropy(b"log"))
    node.found(FOUND)
    store = SqliteStore(path)
    journal = Journal(store, SIGNERS[0])
    for number in range(COUNT):
        now = Now(Instant(number), WALL_MS + number)
        if number:
            said = AssertBelief(content=f"said {number}", propose=False)
            node.execute(said, now)
        store.append([stored(block) for block in node.collect(now).persist])
    journal.note("started")
    store.close()
    return path


def check(path: Path, head: str | None = None) -> LogCheck:
    return check_log(path, FLEET, SIGNERS[0].public, head)


def change(path: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(*statement)
    connection.close()


def rows_of(path: Path) -> list[StoredBlock]:
    store = SqliteStore(path)
    rows = list(store.blocks())
    store.close()
    return rows


def put(path: Path, rows: list[StoredBlock]) -> None:
    """Write these in place of what is there, with checksums that are right: an able intruder."""
    change(
        path,
        ("DELETE FROM blocks", ()),
        *(
            (
                "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?)",
                (at, b.id, b.author, b.sequence, b.stamp, block_checksum(at, b), b.wire),
            )
            for at, b in enumerate(rows, 1)
        ),
    )


def test_a_log_that_is_whole_holds(tmp_path: Path) -> None:
    found = check(written(tmp_path / "log.db"))
    assert found.broken is None
    assert (found.blocks, found.authors, found.actions) == (COUNT, 1, 1)
    assert found.head.startswith(f"{COUNT}:")


def test_a_byte_in_a_row_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "log.db")
    wire = bytearray(rows_of(path)[4].wire)
    wire[-3] ^= 1
    change(path, ("UPDATE blocks SET wire = ? WHERE position = 5", (bytes(wire),)))
    broken = check(path).broken
    assert broken is not None
    assert (broken.table, broken.row) == ("blocks", 5)
    assert "row 5 was altered" in broken.why


def test_a_row_that_is_gone_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "log.db")
    change(path, ("DELETE FROM blocks WHERE position = 4", ()))
    broken = check(path).broken
    assert broken is not None
    assert broken.row == 4
    assert "missing" in broken.why


def swap(rows: list[StoredBlock]) -> None:
    rows[3], rows[4] = rows[4], rows[3]


def drop(rows: list[StoredBlock]) -> None:
    del rows[3]


def bend(rows: list[StoredBlock]) -> None:
    wire = bytearray(rows[3].wire)
    wire[-3] ^= 1
    rows[3] = StoredBlock(rows[3].id, rows[3].author, rows[3].sequence, rows[3].stamp, bytes(wire))


def resign(rows: list[StoredBlock]) -> None:
    """Another signature over the same header."""
    parts = open_wire(rows[3].wire)
    other = bytearray(parts.signature)
    other[0] ^= 1
    wire = encode(parts._replace(signature=bytes(other)))
    rows[3] = StoredBlock(rows[3].id, rows[3].author, rows[3].sequence, rows[3].stamp, wire)


def rename(rows: list[StoredBlock]) -> None:
    rows[3] = StoredBlock(b"x" * 32, rows[3].author, rows[3].sequence, rows[3].stamp, rows[3].wire)


@pytest.mark.parametrize(
    ("alter", "row", "why"),
    [
        (swap, 4, "above a block that it names"),
        (drop, 4, "is missing"),
        (bend, 4, "wrong-root"),
        (resign, 4, "bad-signature"),
        (rename, 4, "columns"),
        (list.pop, 9, "the end is gone"),
    ],
    ids=["swap", "drop", "bend", "resign", "rename", "cut"],
)
def test_an_intruder_who_makes_the_checksums_good_is_seen(
    tmp_path: Path, alter: Callable[[list[StoredBlock]], object], row: int, why: str
) -> None:
    path = written(tmp_path / "log.db")
    rows = rows_of(path)
    alter(rows)
    put(path, rows)
    broken = check(path).broken
    assert broken is not None
    assert broken.row == row
    assert why in broken.why


def test_a_head_that_was_noted_is_found_again_and_shows_what_was_cut(tmp_path: Path) -> None:
    path = written(tmp_path / "log.db")
    head = check(path).head
    assert check(path, head).broken is None
    count, _, fingerprint = head.partition(":")
    other = f"{count}:{fingerprint[::-1]}"
    changed = check(path, other).broken
    assert changed is not None
    assert changed.why.startswith("up to here")
    cut = check(path, f"{COUNT + 3}:{fingerprint}").broken
    assert cut is not None
    assert "were noted" in cut.why
    with pytest.raises(UsageError, match="is no head"):
        check(path, "nonsense")


def test_a_block_over_a_limit_by_category_is_named(tmp_path: Path) -> None:
    limit = Limit((CategoryLimit("alarm", 1, 2),))
    fleet = fleet_id(SIGNERS[0].public, FOUND.nonce, FOUND.left_out_max, 0, (encode(limit),))
    blocks = [make_block(SIGNERS[0], [FOUND, limit], header_fleet=fleet)]
    for number in (1, 2, 3):
        said = [Assert(number, f"shed {number} burns", "alarm", 1)]
        blocks.append(make_block(SIGNERS[0], said, blocks[-1], header_fleet=fleet))
    path = tmp_path / "log.db"
    store = SqliteStore(path)
    store.append([stored(one) for one in blocks])
    store.close()
    broken = check_log(path, fleet, SIGNERS[0].public).broken
    assert broken is not None
    assert broken.row == 4
    assert "more beliefs of category alarm" in broken.why
    assert "over-limit" in broken.why


def test_a_damaged_file_is_told_as_such(tmp_path: Path) -> None:
    path = written(tmp_path / "log.db")
    raw = bytearray(path.read_bytes())
    raw[200:4_000] = b"\xff" * 3_800
    path.write_bytes(raw)
    broken = check(path).broken
    assert broken is not None
    assert (broken.table, broken.block) == ("blocks", None)


def test_the_journal_is_checked_with_the_nodes_own_key(tmp_path: Path) -> None:
    path = written(tmp_path / "log.db")
    found = check_log(path, FLEET, SIGNERS[1].public)
    assert found.broken is not None
    assert (found.broken.table, found.broken.row) == ("journal", 1)

"""What every store keeps: one suite over memory and SQLite."""

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from credimus.kernel.errors import StorageError, UsageError
from credimus.runtime.store import interface
from credimus.runtime.store.interface import Fact, Store, StoredBlock
from credimus.runtime.store.memory import MemoryStore
from credimus.runtime.store.snapshots import keep_snapshot, kept_snapshot
from credimus.runtime.store.sqlite import SqliteStore


def block(number: int, size: int = 300) -> StoredBlock:
    """A block unlike every other."""
    seed = sha256(number.to_bytes(8, "big")).digest()
    return StoredBlock(seed, seed[:16], number, number << 16, (seed * (size // 32 + 1))[:size])


BLOCKS = [block(number) for number in range(40)]


@pytest.fixture(params=["memory", "sqlite", "sqlite without cache"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    kinds: dict[str, Callable[[], Store]] = {
        "memory": MemoryStore,
        "sqlite": lambda: SqliteStore(tmp_path / "log.db"),
        "sqlite without cache": lambda: SqliteStore(tmp_path / "log.db", 0),
    }
    opened = kinds[request.param]()
    yield opened
    opened.close()


def test_blocks_come_back_in_the_order_of_appending(store: Store) -> None:
    store.append(BLOCKS[20:40])
    store.append(BLOCKS[:20])
    assert list(store.blocks()) == BLOCKS[20:40] + BLOCKS[:20]
    assert store.block_count == 40


def test_an_empty_store_has_nothing(store: Store) -> None:
    store.append([])
    assert list(store.blocks()) == []
    assert store.wires([BLOCKS[0].id]) == []
    assert store.recall("fleet") is None
    assert store.facts("receipt") == []
    assert store.block_count == 0


def test_appending_a_known_block_changes_nothing(store: Store) -> None:
    store.append(BLOCKS[:10])
    store.append([BLOCKS[3], BLOCKS[10], BLOCKS[10], BLOCKS[4], BLOCKS[11]])
    store.append(BLOCKS[:12])
    assert list(store.blocks()) == BLOCKS[:12]
    assert store.block_count == 12


def test_wires_keep_the_order_asked_and_leave_out_what_is_missing(store: Store) -> None:
    store.append(BLOCKS[:10])
    asked = [BLOCKS[7].id, BLOCKS[30].id, BLOCKS[2].id, BLOCKS[7].id, b"short"]
    assert store.wires(asked) == [BLOCKS[7].wire, BLOCKS[2].wire, BLOCKS[7].wire]


def test_appending_goes_on_while_blocks_are_read(store: Store) -> None:
    store.append(BLOCKS[:20])
    reader = iter(store.blocks())
    first = next(reader)
    store.append(BLOCKS[20:])
    assert [first, *reader][:20] == BLOCKS[:20]


def test_blocks_of_any_size_and_number_survive(store: Store) -> None:
    large = [block(100, 0), block(101, 262_144), StoredBlock(bytes(32), bytes(16), 0, 0, b"")]
    large.append(StoredBlock(b"\xff" * 32, b"\xff" * 16, (1 << 63) - 1, (1 << 63) - 1, b"\0"))
    store.append(large)
    assert list(store.blocks()) == large
    assert store.wires([one.id for one in large]) == [one.wire for one in large]


@pytest.mark.parametrize(
    "bad",
    [
        StoredBlock(b"short", bytes(16), 0, 0, b""),
        StoredBlock(bytes(32), bytes(15), 0, 0, b""),
        StoredBlock(bytes(32), bytes(16), -1, 0, b""),
        StoredBlock(bytes(32), bytes(16), 0, 1 << 63, b""),
    ],
)
def test_a_bad_block_is_refused_and_nothing_is_kept(store: Store, bad: StoredBlock) -> None:
    with pytest.raises(UsageError, match="Block") as refusal:
        store.append([BLOCKS[0], bad], [Fact("fleet", b"x")])
    assert refusal.value.code == "bad-block"
    assert list(store.blocks()) == []
    assert store.recall("fleet") is None


def test_a_fact_is_replaced_and_forgotten(store: Store) -> None:
    store.remember("fleet", b"one")
    store.remember("fleet", b"two")
    store.remember("a/b/c", b"")
    assert store.recall("fleet") == b"two"
    assert store.facts("") == [("fleet", b"two")]
    assert store.facts("a/b") == [("a/b/c", b"")]
    store.forget("fleet")
    store.forget("never known")
    assert store.recall("fleet") is None


def test_a_fact_without_a_value_is_dropped_in_the_same_transaction(store: Store) -> None:
    store.append([], [Fact("a/1", b"one"), Fact("a/2", b"two")])
    store.append(BLOCKS[:1], [Fact("a/1", None), Fact("a/3", b"three"), Fact("a/4", None)])
    assert store.facts("a") == [("a/2", b"two"), ("a/3", b"three")]
    store.append([], [Fact("a/5", b"five"), Fact("a/5", None), Fact("a/2", b"again")])
    assert store.facts("a") == [("a/3", b"three"), ("a/2", b"again")]


def test_a_bounded_family_lets_its_oldest_go(store: Store) -> None:
    for number in range(6):
        store.remember(f"receipt/{number}", bytes([number]), kept=3)
    store.remember("receipt/3", b"again", kept=3)
    store.remember("other/1", b"stays", kept=3)
    assert [key for key, _ in store.facts("receipt")] == ["receipt/4", "receipt/5", "receipt/3"]
    assert store.recall("receipt/2") is None
    assert store.recall("other/1") == b"stays"


def test_facts_travel_with_blocks(store: Store) -> None:
    store.append(BLOCKS[:2], [Fact("receipt/a", b"1", 2), Fact("receipt/b", b"2", 2)])
    store.append(BLOCKS[:3], [Fact("receipt/c", b"3", 2)])
    assert store.facts("receipt") == [("receipt/b", b"2"), ("receipt/c", b"3")]
    assert store.block_count == 3


@pytest.mark.parametrize(
    "bad", [Fact("", b""), Fact("x" * 257, b""), Fact("x", bytes(65_537)), Fact("x", b"", -1)]
)
def test_a_fact_out_of_bounds_is_refused(store: Store, bad: Fact) -> None:
    with pytest.raises(UsageError) as refusal:
        store.append(BLOCKS[:1], [Fact("fleet", b"x"), bad])
    assert refusal.value.code == "bad-fact"
    assert store.recall("fleet") is None
    assert store.block_count == 0


def test_a_family_that_keeps_all_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interface, "FACTS_MAX", 3)
    for number in range(3):
        store.remember(f"ticket/{number}", b"")
    with pytest.raises(UsageError, match="forget some first"):
        store.remember("ticket/3", b"")
    store.forget("ticket/0")
    store.remember("ticket/3", b"")
    assert [key for key, _ in store.facts("ticket")] == ["ticket/1", "ticket/2", "ticket/3"]


class SqliteIsMemoryThatSurvives(RuleBasedStateMachine):
    """Whatever is done, SQLite holds what memory holds, also after it was opened again."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.oracle = MemoryStore()
        self.path = Path(self.folder.name) / "log.db"
        self.store = SqliteStore(self.path, cache_bytes_max=1_000)

    @rule(numbers=st.lists(st.integers(0, 39), max_size=6), kept=st.integers(0, 3))
    def append(self, numbers: list[int], kept: int) -> None:
        facts = [
            Fact(f"f{number % 2}/{number % 5}", bytes([number]) if number % 7 else None, kept)
            for number in numbers
        ]
        for one in (self.oracle, self.store):
            one.append([BLOCKS[number] for number in numbers], facts)

    @rule(number=st.integers(0, 4))
    def forget(self, number: int) -> None:
        for one in (self.oracle, self.store):
            one.forget(f"f{number % 2}/{number}")

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = SqliteStore(self.path, cache_bytes_max=1_000)

    @invariant()
    def same(self) -> None:
        ids = [one.id for one in BLOCKS]
        assert list(self.store.blocks()) == list(self.oracle.blocks())
        assert self.store.block_count == self.oracle.block_count
        assert self.store.wires(ids) == self.oracle.wires(ids)
        for family in ("f0", "f1"):
            assert self.store.facts(family) == self.oracle.facts(family)

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()


TestSqliteIsMemoryThatSurvives = SqliteIsMemoryThatSurvives.TestCase
TestSqliteIsMemoryThatSurvives.settings = settings(
    max_examples=25, stateful_step_count=12, deadline=None
)


def test_blocks_that_are_let_go_are_gone_and_the_rest_stays_in_order(store: Store) -> None:
    store.append(BLOCKS)
    store.let_go([one.id for one in BLOCKS[5:20]] + [BLOCKS[2].id, b"?" * 32, BLOCKS[2].id])
    left = [*BLOCKS[:2], *BLOCKS[3:5], *BLOCKS[20:]]
    assert list(store.blocks()) == left
    assert store.block_count == len(left)
    assert store.wires([BLOCKS[7].id, BLOCKS[2].id, BLOCKS[30].id]) == [BLOCKS[30].wire]
    store.append([BLOCKS[7]])
    assert list(store.blocks()) == [*left, BLOCKS[7]]
    assert store.wires([BLOCKS[7].id]) == [BLOCKS[7].wire]
    store.let_go([one.id for one in store.blocks()])
    assert list(store.blocks()) == []
    assert store.block_count == 0
    store.append(BLOCKS[:3])
    assert list(store.blocks()) == BLOCKS[:3]


def test_a_snapshot_replaces_the_one_before(store: Store) -> None:
    assert kept_snapshot(store, failures_none) is None
    for image in (bytes(200_000), b"small", b"x" * 70_000):
        keep_snapshot(store, image, len(image))
        assert kept_snapshot(store, failures_none) == (image, len(image))
        assert len(store.facts("snapshot")) == -(-len(image) // interface.FACT_BYTES_MAX)


def test_what_was_let_go_is_gone_after_opening_again(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.db")
    store.append(BLOCKS)
    store.let_go([one.id for one in BLOCKS[:39]])
    store.close()
    again = SqliteStore(tmp_path / "log.db")
    assert list(again.blocks()) == BLOCKS[39:]
    again.append(BLOCKS[:1])
    assert list(again.blocks()) == [BLOCKS[39], BLOCKS[0]]
    again.database.connection.execute("DELETE FROM blocks WHERE position = 40")
    with pytest.raises(StorageError, match="is missing"):
        list(again.blocks())
    again.close()


def failures_none(what: str) -> StorageError:
    """An error for a snapshot that is not whole."""
    return StorageError("corrupt", what)

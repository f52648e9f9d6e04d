"""A damaged database is read for what is intact, put aside, and gone on with."""

import sqlite3
from pathlib import Path

import pytest

from credimus.kernel.errors import Conflict, StorageError, Unavailable
from credimus.kernel.instant import SECOND, Instant, Now
from credimus.node.commands import AssertBelief
from credimus.node.node import Node
from credimus.protocol.recovery.interface import Phase
from credimus.runtime import recovering
from credimus.runtime.backup import copy_stopped
from credimus.runtime.daemon import Daemon
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import load_node_key
from credimus.runtime.identity.rotating import rotate_key
from credimus.runtime.joining.founding import facts_of, stored
from credimus.runtime.joining.joining import Plan, found_home
from credimus.runtime.recovering import Recovered, recover
from credimus.runtime.settings.settings import read_settings
from credimus.runtime.store.sqlite import SqliteStore

PLAN = Plan(name="n0", listen="127.0.0.1:1", api="127.0.0.1:0", link="tls")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A node that has stated four beliefs, each in a block of its own, and stands still."""
    found = Home(tmp_path / "n0")
    found_home(found, "harbour", PLAN)
    daemon = Daemon.load(found)
    for number in range(4):
        step(daemon.node, daemon.store, number, f"pump {number} leaks")
    daemon.store.close()
    return found


def step(node: Node, store: SqliteStore, second: int, content: str = "") -> None:
    now = Now(Instant(second * SECOND), 1_900_000_000_000 + second * 1_000)
    if content:
        node.execute(AssertBelief(content=content), now)
    node.tick(now)
    effects = node.collect(now)
    store.append([stored(one) for one in effects.persist], facts_of(effects.remember))


def mend(home: Home) -> Recovered:
    return recover(home, read_settings(home.config), load_node_key(home.key))


def execute(home: Home, statement: str) -> None:
    connection = sqlite3.connect(home.database)
    connection.execute(statement)
    connection.commit()
    connection.close()


def contents(node: Node) -> set[str]:
    return {one.content for one in node.state.beliefs}


def test_what_stood_behind_an_altered_row_is_said_again(home: Home) -> None:
    """The row says which block it was, but nobody else is there to give it."""
    rows = SqliteStore(home.database)
    count = rows.block_count
    rows.close()
    damage = "UPDATE blocks SET wire = zeroblob(9) WHERE position = ?"
    execute(home, damage.replace("?", str(count - 1)))
    with pytest.raises(StorageError, match="altered"):
        Daemon.load(home)
    done = mend(home)
    assert (len(done.session.awaited), done.session.loose_count) == (1, 1)
    assert done.session.is_accounted
    assert (done.aside / home.database.name).exists()
    daemon = Daemon.load(home)
    node, store = daemon.node, daemon.store
    node.resume(Now(Instant(0), 1_900_000_100_000))
    assert contents(node) == {"pump 0 leaks", "pump 1 leaks"}
    with pytest.raises(Unavailable, match="writes nothing"):
        node.execute(AssertBelief(content="too soon"), Now(Instant(0), 1_900_000_100_000))
    sealed = node.lace.head(node.id)
    for second in range(101, 105):
        step(node, store, second)
    assert node.lace.head(node.id) == sealed, "it waits for what may be under way"
    for second in range(105, 120):
        step(node, store, second)
    assert contents(node) == {"pump 0 leaks", "pump 1 leaks", "pump 3 leaks"}
    session = node.recovery.session
    assert session is not None
    assert (session.phase, session.lost_count) == (Phase.ENDED, 1)
    assert store.facts("recovery-loose") == []
    store.close()
    daemon = Daemon.load(home)
    assert "pump 3 leaks" in contents(daemon.node)
    daemon.store.close()


def test_a_row_that_is_missing_leaves_the_store_unaccounted(home: Home) -> None:
    execute(home, "DELETE FROM blocks WHERE position = 2")
    session = mend(home).session
    assert (session.is_accounted, session.awaited) == (False, ())
    assert session.loose_count > 0


@pytest.mark.parametrize("is_lock_gone", [False, True])
def test_a_log_that_is_gone_has_one_way_out(home: Home, is_lock_gone: bool) -> None:
    home.database.unlink()
    if is_lock_gone:
        home.database.with_name("credimus.db.lock").unlink()
    for attempt in (
        Daemon.load,
        mend,
        Daemon.load,
        rotate_key,
        lambda at: copy_stopped(at, at.copy),
    ):
        with pytest.raises(StorageError, match="join anew with a new folder") as caught:
            attempt(home)
        assert caught.value.code in ("corrupt", "not-recoverable")
        left = {one.name for one in home.folder.iterdir()}
        assert not {one for one in left if "credimus.db" in one} - {"credimus.db.lock"}
        assert not left & {"recovery", ".recovery"}


def test_an_empty_database_is_no_sound_one(home: Home) -> None:
    home.database.unlink()
    home.database.with_name("credimus.db.lock").unlink()
    SqliteStore(home.database).close()
    for attempt, code in ((Daemon.load, "corrupt"), (mend, "not-recoverable")):
        with pytest.raises(StorageError, match="join anew with a new folder") as caught:
            attempt(home)
        assert caught.value.code == code


def test_a_recovery_that_was_broken_off_is_to_be_run_again(home: Home) -> None:
    aside = home.folder / "recovery" / "1"
    aside.mkdir(parents=True)
    execute(home, "DELETE FROM blocks WHERE position = 2")
    home.database.replace(aside / home.database.name)
    (home.folder / ".credimus.db.recovered").write_text("half of one")
    with pytest.raises(StorageError, match="Run `credimus recover` again"):
        Daemon.load(home)
    mend(home)
    Daemon.load(home).store.close()
    home.database.unlink()
    for attempt in (Daemon.load, mend):  # what lies aside is old: the node has signed more since
        with pytest.raises(StorageError, match="join anew with a new folder"):
            attempt(home)


def test_a_sound_store_is_left_alone(home: Home) -> None:
    before = home.database.read_bytes()
    with pytest.raises(Conflict, match="sound"):
        mend(home)
    assert home.database.read_bytes() == before


def test_a_lost_record_of_messages_can_not_be_recovered(home: Home) -> None:
    store = SqliteStore(home.database)
    store.remember("delivery/self", b"numbers")
    store.close()
    execute(home, "UPDATE facts SET value = x'00' WHERE key = 'delivery/self'")
    with pytest.raises(StorageError, match="delivered twice") as refused:
        mend(home)
    assert refused.value.code == "not-recoverable"


def test_a_crash_between_the_moves_is_taken_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(home, "UPDATE blocks SET wire = zeroblob(9) WHERE position = 3")
    moved = recovering._set_aside

    def crash(home: Home, aside: Path) -> None:
        moved(home, aside)
        raise KeyboardInterrupt

    monkeypatch.setattr(recovering, "_set_aside", crash)
    with pytest.raises(KeyboardInterrupt):
        mend(home)
    assert not home.database.exists()
    monkeypatch.undo()
    assert len(mend(home).session.awaited) == 1
    Daemon.load(home).store.close()


def test_pages_that_can_not_be_read_cost_only_what_is_on_them(home: Home) -> None:
    raw = bytearray(home.database.read_bytes())
    store = SqliteStore(home.database)
    wires = [one.wire for one in store.blocks()]
    store.close()
    at = raw.find(wires[-2][:64])
    assert at > 0
    raw[at + 5] ^= 1
    home.database.write_bytes(raw)
    session = mend(home).session
    assert session.intact_count == len(wires) - 1

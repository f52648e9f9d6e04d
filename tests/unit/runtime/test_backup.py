"""A backup is the folder, whole or not at all; of a node that does not run."""

import stat
from pathlib import Path

import pytest

from credimus.kernel.errors import Conflict, StorageError, UsageError
from credimus.runtime.backup import back_up, copy_stopped
from credimus.runtime.home import Home
from credimus.runtime.joining.joining import Plan, found_home
from credimus.runtime.store.database import Database
from credimus.runtime.store.ownership import FolderLock
from credimus.runtime.store.sqlite import SqliteStore


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "n0")
    found_home(made, "harbour", Plan(name="n0"))
    (made.folder / "rules").mkdir()
    (made.folder / "rules" / "own.toml").write_text("# none\n")
    made.running.write_text("{}")
    return made


def take(home: Home, target: Home) -> None:
    back_up(home, target, lambda path: copy_stopped(home, path))


def test_a_backup_is_the_folder(home: Home, tmp_path: Path) -> None:
    target = Home(tmp_path / "copy")
    take(home, target)
    store, copied = SqliteStore(home.database), SqliteStore(target.database)
    assert list(copied.blocks()) == list(store.blocks())
    assert copied.facts("identity") == store.facts("identity")
    store.close()
    copied.close()
    for path in home.folder.iterdir():
        if path.is_file() and not path.name.startswith("credimus.db") and path != home.running:
            there = target.folder / path.name
            assert there.read_bytes() == path.read_bytes()
            assert stat.S_IMODE(there.stat().st_mode) == stat.S_IMODE(path.stat().st_mode)
    assert (target.folder / "rules" / "own.toml").read_text() == "# none\n"
    assert not target.running.exists()
    assert stat.S_IMODE(target.database.stat().st_mode) == 0o600


def test_a_backup_that_fails_leaves_nothing(home: Home, tmp_path: Path) -> None:
    for wrong, code in (
        (home.folder / "copy", "bad-destination"),
        (home.folder, "bad-destination"),
    ):
        with pytest.raises(UsageError) as refused:
            take(home, Home(wrong))
        assert refused.value.code == code
    lock = FolderLock(home.database)
    with pytest.raises(Conflict) as busy:
        take(home, Home(tmp_path / "copy"))
    lock.close()
    assert busy.value.code == "folder-in-use"
    home.database.unlink()
    with pytest.raises(StorageError):
        take(home, Home(tmp_path / "copy"))
    assert [path.name for path in tmp_path.iterdir()] == ["n0"]


def test_a_copy_takes_the_place_of_an_older_one_or_leaves_none(home: Home, tmp_path: Path) -> None:
    database = Database(home.database)
    path = tmp_path / "copy.db"
    path.write_text("older")
    database.copy(path)
    assert path.read_bytes().startswith(b"SQLite format 3")
    with pytest.raises(StorageError) as refused:
        database.copy(tmp_path / "absent" / "copy.db")
    assert refused.value.code == "disk"
    database.close()

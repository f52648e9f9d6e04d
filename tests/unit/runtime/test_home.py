"""A node's folder: made whole or not at all, and where its node answers."""

import json
import os
from pathlib import Path

import pytest

from credimus.kernel.errors import Conflict, NotFound, StorageError, Unavailable, UsageError
from credimus.runtime.access.tokens import make_token, own_token, read_token
from credimus.runtime.home import Home


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "n0")
    home.folder.parent.mkdir()
    with pytest.raises(FileNotFoundError), home.made_whole() as draft:
        (draft.folder / "file").rename(draft.folder / "absent" / "file")
    assert list((tmp_path / "deep").iterdir()) == []


def test_a_folder_in_one_that_is_not_there_is_taken_for_mistyped(tmp_path: Path) -> None:
    home = Home(tmp_path / "tpyo" / "in" / "n0")
    with pytest.raises(NotFound, match="mkdir -p") as caught, home.made_whole():
        pass
    assert (caught.value.code, caught.value.definite) == ("parent-missing", True)
    assert list(tmp_path.iterdir()) == []


def test_a_bare_name_is_made_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Home(Path("n0")).made_whole():
        pass
    assert (tmp_path / "n0").is_dir()


def test_a_token_that_is_gone_is_made_anew_at_the_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "token"
    with pytest.raises(NotFound, match="start the node again"):
        read_token(path)
    made = own_token(path)
    assert "new token" in caplog.text
    assert made not in caplog.text
    assert made == own_token(path) == read_token(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("garbled")
    with pytest.raises(StorageError, match="Remove the file"):
        own_token(path)


def test_an_empty_folder_is_taken_and_is_its_owners_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "n0")
    home.folder.mkdir()
    with home.made_whole() as draft:
        (draft.folder / "file").write_text("whole")
    assert (home.folder / "file").read_text() == "whole"
    assert home.folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(Conflict, match="other files, such as file"), home.made_whole():
        pass


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "n0").write_text("")
    for folder in (tmp_path / "n0", tmp_path / "n0" / "in"):
        with pytest.raises(Conflict), Home(folder).made_whole():
            pass


def test_only_the_own_note_is_taken_back(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.config.write_text("")
    home.note_running("http://127.0.0.1:1")
    assert home.url() == "http://127.0.0.1:1"
    home.note_stopped()
    assert not home.running.exists()
    with pytest.raises(Unavailable):
        home.url()
    home.running.write_text(json.dumps({"pid": os.getppid(), "url": "http://x"}))
    home.note_stopped()
    assert home.running.exists()


def test_a_token_is_read_from_a_private_file_only(tmp_path: Path) -> None:
    path = tmp_path / "token"
    with pytest.raises(NotFound):
        read_token(path)
    token = make_token()
    path.write_text(token + "\n")
    path.chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        read_token(path)
    path.chmod(0o600)
    assert read_token(path) == token
    path.write_text("something else")
    with pytest.raises(StorageError):
        read_token(path)

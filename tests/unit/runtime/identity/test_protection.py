"""A key under a passphrase: opened by the right one only, and shown by nothing."""

import stat
from pathlib import Path

import pytest

from credimus.kernel.errors import CredimusError, NotPermitted, StorageError, UsageError
from credimus.runtime.identity import protection
from credimus.runtime.identity.credentials import (
    create_node_key,
    load_node_key,
    name_of_key,
    protect_node_key,
    unprotect_node_key,
    write_file,
)
from credimus.runtime.identity.protection import CREDENTIAL, VARIABLE, read_passphrase
from credimus.runtime.joining.joining import Plan

RIGHT, WRONG = b"correct horse battery", b"incorrect horse battery"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least that libsodium takes: the test is not about the cost."""
    monkeypatch.setattr(protection, "OPERATIONS", 1)
    monkeypatch.setattr(protection, "MEMORY_BYTES", 1_048_576)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "node.key"


def test_the_right_passphrase_opens_it_and_nothing_of_the_secret_is_in_the_file(path: Path) -> None:
    key = create_node_key(path, RIGHT)
    text = path.read_text()
    assert key._seed().hex() not in text
    assert text.startswith("credimus-node-key-2 1 1 ")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = load_node_key(path, lambda: RIGHT)
    assert again.sign(b"x") == key.sign(b"x")
    assert name_of_key(path).node_id == key.node_id
    assert name_of_key(path).protected


def test_a_wrong_one_is_told_and_so_is_none(path: Path) -> None:
    create_node_key(path, RIGHT)
    with pytest.raises(NotPermitted) as caught:
        load_node_key(path, lambda: WRONG)
    assert caught.value.code == "passphrase-wrong"
    with pytest.raises(NotPermitted, match="CREDIMUS_PASSPHRASE_FILE") as caught:
        load_node_key(path)
    assert caught.value.code == "passphrase-missing"


def test_protecting_and_unprotecting_keep_the_key(path: Path) -> None:
    key = create_node_key(path)
    protect_node_key(path, RIGHT)
    protect_node_key(path, WRONG, lambda: RIGHT)
    assert load_node_key(path, lambda: WRONG).public == key.public
    unprotect_node_key(path, lambda: WRONG)
    assert load_node_key(path).public == key.public
    assert not name_of_key(path).protected
    assert [one.name for one in path.parent.iterdir()] == ["node.key"], "no draft is left"


def test_a_file_a_variable_or_a_credential_names_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = create_node_key(path, RIGHT)
    file = path.with_name(CREDENTIAL)
    write_file(file, RIGHT + b"\n", private=True)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(path.parent))
    assert load_node_key(path).public == key.public
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    monkeypatch.setenv(VARIABLE, str(file))
    assert load_node_key(path).public == key.public
    file.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        load_node_key(path)


@pytest.mark.parametrize("passphrase", [b"", b"short", b"x" * 1_025])
def test_passphrases_that_protect_nothing_are_refused(path: Path, passphrase: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        create_node_key(path, passphrase)
    assert caught.value.code == "passphrase-unusable"
    assert not path.exists()
    write_file(path.with_name("p"), passphrase, private=True)
    with pytest.raises(UsageError):
        read_passphrase(path.with_name("p"))


@pytest.mark.parametrize(
    ("place", "word"),
    [(1, "99"), (1, "x"), (2, "999999"), (3, "00"), (4, "ff"), (5, "00"), (5, "zz"), (0, "other")],
)
def test_an_altered_file_is_told_and_costs_no_memory(path: Path, place: int, word: str) -> None:
    create_node_key(path, RIGHT)
    words = path.read_text().split()
    words[place] = word
    path.write_text(" ".join(words))
    with pytest.raises((StorageError, NotPermitted)):
        load_node_key(path, lambda: RIGHT)


def test_neither_passphrase_nor_key_is_shown_by_errors_or_values(path: Path) -> None:
    key = create_node_key(path, RIGHT)
    secrets = (RIGHT.decode(), WRONG.decode(), key._seed().hex())
    told: list[str] = [repr(key), repr(Plan(name="n0", passphrase=RIGHT)), repr(name_of_key(path))]
    for attempt in (lambda: load_node_key(path, lambda: WRONG), lambda: load_node_key(path)):
        try:
            attempt()
        except CredimusError as problem:
            told += [repr(problem), str(problem), repr(problem.__cause__), repr(problem.args)]
    assert len(told) == 11
    for text in told:
        assert not any(secret in text for secret in secrets)

"""A protected key, the journal and the log's check, on the command line and a real process."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import Failed, Fleet, credimus

from credimus.runtime.identity.credentials import name_of_key, write_file

PASSPHRASE = "several random words"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path)
    yield made
    made.close()


@pytest.fixture
def passphrase(tmp_path: Path) -> str:
    path = tmp_path / "passphrase"
    write_file(path, PASSPHRASE.encode() + b"\n", private=True)
    return str(path)


def test_a_protected_node_runs_is_checked_and_leaks_nothing(
    fleet: Fleet, passphrase: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    limited = "--category-limit", "alarm=1/hour", "--category-limit", "alert=10/50"
    node = fleet.found("--passphrase-file", passphrase, "--member-units-per-s", "5000", *limited)
    home = str(node.home)
    assert name_of_key(node.home / "node.key").protected
    with pytest.raises(AssertionError, match="passphrase-missing"):
        node.up()
    assert node.process is not None
    node.process.wait(10)
    node.process.stdout.close()  # type: ignore[union-attr]
    node.up("--passphrase-file", passphrase, "--log-level", "debug")
    node.run("assert", "the north gate is open", "--wait", "decided")
    node.run("token", "create", "--name", "robot", "--scope", "read", "--writes-per-s", "5")
    node.run("assert", "the mill burns", "--category", "alarm")
    with pytest.raises(Failed) as caught:
        node.run("assert", "the barn burns", "--category", "alarm")
    assert caught.value.error["code"] == "rate-limited"
    doors = node.status()["doors"]
    assert doors["units_per_s_max"] == 5_000
    alarm, alert = doors["categories"]
    assert (alarm["per_hour"], alarm["burst"], alarm["left"]) == (1, 1, 0)
    assert (alert["per_hour"], alert["burst"], alert["left"]) == (36_000, 50, 50)
    whats = [one["what"] for one in node.run("log", "--local")["actions"]]
    assert whats == ["token-created", "started"]
    checked = node.run("log", "--verify")
    assert checked["broken"] is None
    assert checked["actions"] == 3, "the copy that was checked is entered too"
    assert node.stop() == 0
    again = node.run("log", "--verify", "--head", checked["head"])
    assert again["blocks"] >= checked["blocks"] > 1
    for path in (one for one in tmp_path.rglob("*") if one.is_file()):
        if str(path) != passphrase:
            assert PASSPHRASE.encode() not in path.read_bytes(), path
    credimus("key", "unprotect", home, "--passphrase-file", passphrase)
    assert not name_of_key(node.home / "node.key").protected
    seed = (node.home / "node.key").read_text().split()[1]
    said = "".join(capfd.readouterr())
    assert "DEBUG" in said, "the node's log was seen"
    assert PASSPHRASE not in said
    assert seed not in said
    assert not any(
        seed.encode() in one.read_bytes() or bytes.fromhex(seed) in one.read_bytes()
        for one in node.home.iterdir()
        if one.is_file() and one.name != "node.key"
    )


def test_what_was_altered_is_named_and_the_exit_code_says_so(fleet: Fleet) -> None:
    node = fleet.found()
    with sqlite3.connect(node.home / "credimus.db") as connection:
        connection.execute("UPDATE blocks SET stamp = stamp + 1 WHERE position = 1")
    connection.close()
    with pytest.raises(Failed) as caught:
        node.run("log", "--verify")
    assert caught.value.code == 1
    broken = caught.value.error["data"]["broken"]
    assert (broken["table"], broken["row"]) == ("blocks", 1)

"""Messages between the shells of two running nodes, and over kills of either process."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from processes import Failed, Fleet, Proc, until

from credimus.cli.main import run


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path)
    yield made
    made.close()


def pair(fleet: Fleet) -> tuple[Proc, Proc]:
    """Two nodes that see each other."""
    first = fleet.found()
    first.up()
    second = fleet.join()
    second.up()
    until(lambda: len(first.status()["neighbours"]) == 1)
    return first, second


def test_an_order_goes_from_shell_to_shell_and_survives_a_kill_of_either(
    fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = pair(fleet)
    sent = first.run("send", "open the gate", "--to", "n1", "--key", "gate")
    assert first.run("send", "open the gate", "--to", "n1", "--key", "gate")["id"] == sent["id"]
    until(lambda: _state(first, sent["id"]) == "taken")
    second.kill()
    first.kill()
    second.up()
    first.up()
    until(lambda: len(first.status()["neighbours"]) == 1)
    (waiting,) = second.run("inbox")["messages"]
    assert (waiting["text"], waiting["again"], waiting["name"]) == ("open the gate", True, "n0")
    assert second.run("done", sent["id"], "it is open") == {"id": sent["id"]}
    until(lambda: _state(first, sent["id"]) == "done")
    (line,) = first.run("sent", "--limit", "5")["messages"]
    assert (line["to"][0]["name"], line["to"][0]["text"]) == ("n1", "it is open")
    path = tmp_path / "payload"
    path.write_bytes(b"\x00\xff")
    with pytest.raises(Failed) as late:
        first.run("send", "--file", str(path), "--to", "all", "--wait", "0.2s")
    assert late.value.code == 1
    run(["send", "hurry", "--to", "n1", "--wait", "0.1s", "--home", str(first.home)])
    assert "Not done by 1 of 1 after 0.1s; it is tried on" in capsys.readouterr().err
    assert "that are no text" in _text(second, "inbox", "--finish")
    assert _text(second, "inbox") == ""
    first.run("send", "last", "--to", "n1", "--mode", "at-most-once")
    (line,) = _text(second, "inbox", "--follow", "--count", "1", "--json").splitlines()
    assert json.loads(line)["mode"] == "at-most-once"
    with pytest.raises(Failed) as wrong:
        first.run("send", "x", "--to", "nobody")
    assert wrong.value.code == 2


def _text(node: Proc, *given: str) -> str:
    """What a command prints for people."""
    said = io.StringIO()
    with redirect_stdout(said):
        assert run([*given, "--home", str(node.home)]) == 0
    return said.getvalue()


def _state(node: Proc, message: str) -> str:
    return str(node.run("sent", message)["to"][0]["state"])

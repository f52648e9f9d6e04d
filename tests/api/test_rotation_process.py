"""A running node takes a new key: the same process goes on with it, and reads what it could."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import PATIENCE_S, Failed, Fleet, Proc

from credimus.runtime.identity.protection import VARIABLE


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Nodes that are ended in any case."""
    made = Fleet(tmp_path)
    yield made
    made.close()


def until(holds: Callable[[], bool]) -> None:
    """Ask again until it holds; while a node begins anew nobody answers."""
    ends = time.monotonic() + PATIENCE_S
    while True:
        try:
            if holds():
                return
        except Failed as problem:
            if problem.error["kind"] != "unavailable":
                raise
        assert time.monotonic() < ends
        time.sleep(0.05)


def id_of(node: Proc) -> str:
    """Under which id it answers."""
    return str(node.run("status")["node"])


def text_at(node: Proc, belief: str) -> str:
    """What a belief says to a node."""
    return str(node.client().get(f"/v1/beliefs/{belief}")["content"])


def test_a_running_node_takes_a_new_key(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = tmp_path / "passphrase"
    words.touch(mode=0o600)
    words.write_text("correct horse battery")
    monkeypatch.setenv(VARIABLE, str(words))
    first = fleet.found("--passphrase-file", str(words))
    first.up()
    second = fleet.join()
    second.up()
    said = ("assert", "bed 4 is free", "--readers", "n0", "--wait", "decided")
    belief = second.run(*said)["belief"]
    assert first.process is not None
    process, old, url = first.process.pid, id_of(first), first.client().get("/v1/status")["api"]
    made = first.run("key", "rotate")
    assert made["old"] == old
    until(lambda: id_of(first) == made["new"])
    assert (first.process.pid, first.client().get("/v1/status")["api"]) == (process, url)
    assert text_at(first, belief) == "bed 4 is free"
    assert first.run("assert", "bed 5 is free", "--wait", "decided")["verdict"] == "accepted"
    until(lambda: made["new"] in {one["id"] for one in second.run("members")})
    with pytest.raises(Failed):
        second.run("assert", "x", "--readers", old)
    later = second.run("assert", "bed 6 is free", "--readers", "n0", "--wait", "decided")
    assert text_at(first, later["belief"]) == "bed 6 is free"
    assert first.run("log", "--verify")["authors"] == 3  # one of them has two keys
    assert first.stop() == 0

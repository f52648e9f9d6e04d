"""Real nodes: founded, joined, killed at any moment, started where they can not be."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes import Failed, Fleet, Proc, credimus, until

from credimus import connect
from credimus.kernel.errors import Unavailable


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path)
    yield made
    made.close()


def refused(node: Proc, *options: str) -> tuple[int, str]:
    """Exit code and error code of a node that must not start."""
    with pytest.raises(Failed) as caught:
        credimus("up", str(node.home), *options)
    return caught.value.code, caught.value.error["code"]


def test_a_fleet_outlives_the_death_of_a_node(fleet: Fleet) -> None:
    """The whole way: init, invite, join, up, assert, kill -9 while it writes, up again."""
    first = fleet.found()
    first.up("--scheme", "majority")
    second, third = fleet.join(), fleet.join()
    second.up()
    third.up()
    until(lambda: len(first.status()["neighbours"]) == 2)
    receipt = second.run("assert", "the north gate is open", "--wait", "decided")
    assert receipt["verdict"] == "accepted"
    assert third.run("why", receipt["belief"])["content"] == "the north gate is open"

    acknowledged = _write_until_killed(third)
    assert len(acknowledged) >= 90
    for number in range(3):
        first.run("assert", f"written while the third was away, {number}", "--wait", "decided")
    third.up()
    until(lambda: len({one.status()["fingerprint"] for one in fleet.nodes}) == 1)
    page = third.run("beliefs", "--limit", "1000")
    held = {one["id"] for one in page["beliefs"]}
    assert acknowledged <= held
    assert sum("third was away" in one["content"] for one in page["beliefs"]) == 3
    until(lambda: all(one.status()["rounds"]["open"] == 0 for one in fleet.nodes))
    status = third.status()
    assert status["rounds"]["contested"] == 0, "no vote was contradicted"
    assert status["faults"] == []
    assert len({one.status()["fingerprint"] for one in fleet.nodes}) == 1
    assert [one.stop() for one in fleet.nodes] == [0, 0, 0]
    assert not (first.home / "api.json").exists()


def _write_until_killed(node: Proc) -> set[str]:
    """Asserts from four threads while the node is killed; the beliefs that were acknowledged."""

    def write(lane: int) -> set[str]:
        client = node.client()
        done: set[str] = set()
        while True:
            content = f"gauge {lane} reads {len(done)}"
            try:
                done.add(client.post("/v1/beliefs", content=content)["belief"])
            except Unavailable:
                return done

    with ThreadPoolExecutor(4) as pool:
        lanes = [pool.submit(write, lane) for lane in range(4)]
        until(lambda: int(node.status()["beliefs"]) >= 100)
        node.kill()
        return set().union(*(lane.result() for lane in lanes))


def test_a_keyed_write_outlives_the_death_of_its_node(fleet: Fleet) -> None:
    node = fleet.found()
    node.up()
    first = connect(node.home).assert_belief("the north gate is open", key="gate/1")
    node.kill()
    with pytest.raises(Unavailable):
        connect(node.home)
    node.up()
    here = connect(node.home)
    again = here.assert_belief("the north gate is open", key="gate/1", wait_for="decided")
    assert (again.belief, again.sequence, again.verdict) == (
        first.belief, first.sequence, "accepted"
    )  # fmt: skip
    assert len(here.belief(first.belief).assertions) == 1
    assert node.stop() == 0


def test_a_node_that_can_not_start_says_why(fleet: Fleet, tmp_path: Path) -> None:
    node = fleet.found()
    node.up()
    assert refused(node) == (2, "folder-in-use")
    status = node.status()
    assert node.stop() == 0

    (tmp_path / "other").mkdir()
    other = Fleet(tmp_path / "other")
    stranger = other.found()
    settings = (node.home / "config.toml").read_text()
    stranger_id = _fleet_id(stranger)
    assert stranger_id != status["fleet"]
    (node.home / "config.toml").write_text(settings.replace(status["fleet"], stranger_id))
    assert refused(node) == (2, "wrong-fleet")
    (node.home / "config.toml").write_text(settings)
    key = (node.home / "node.key").read_bytes()
    (node.home / "node.key").write_bytes((stranger.home / "node.key").read_bytes())
    assert refused(node) == (2, "wrong-node")
    (node.home / "node.key").write_bytes(key)
    (node.home / "node.key").chmod(0o644)
    assert refused(node) == (2, "key-readable-by-others")
    (node.home / "node.key").chmod(0o600)
    assert refused(node, "--knowledge", str(tmp_path / "absent.toml")) == (2, "knowledge-missing")

    for address in (status["listen"], "127.0.0.1:0"):
        with socket.socket() as taken:
            host, _, port = address.partition(":")
            taken.bind((host, int(port)))
            taken.listen()
            if port == "0":
                api = f"127.0.0.1:{taken.getsockname()[1]}"
                (node.home / "config.toml").write_text(settings.replace("127.0.0.1:0", api))
            assert refused(node) == (2, "port-in-use")
            assert not (node.home / "api.json").exists()
    (node.home / "credimus.db").unlink()
    assert refused(node) == (4, "corrupt")


def _fleet_id(node: Proc) -> str:
    line = next(
        one for one in (node.home / "config.toml").read_text().splitlines() if one.startswith("id")
    )
    found: str = json.loads(line.partition("=")[2])
    return found


def test_what_a_node_knows_is_how_it_votes(fleet: Fleet, tmp_path: Path) -> None:
    facts = tmp_path / "facts.toml"
    facts.write_text('[[fact]]\ncontent = "the north gate is open"\nholds = false\n')
    node = fleet.found("--link", "tcp")
    node.up("--knowledge", str(facts), "--scheme", "majority", "--timeout-ms", "60000")
    with pytest.raises(Failed) as caught:
        node.run("assert", "the north gate is open", "--wait", "decided")
    assert caught.value.code == 1, "the fleet does not accept it"
    found = node.run("beliefs", "--verdict", "rejected")["beliefs"]
    assert [one["content"] for one in found] == ["the north gate is open"]
    for given, code in (
        (("vote", found[0]["id"][:8], "accept"), "already-voted"),
        (("vote", "ffff" * 8, "accept"), "unknown-belief"),
        (("retract", "../status"), "bad-belief-id"),
        (("assert", "x" * 1_025), "belief-too-long"),
        (("assert", "x", "--confidence", "2"), "out-of-range"),
        (("assert", "x", "--evidence", "none"), "bad-evidence"),
        (("assert", "x", *("--evidence", "a:b") * 11), "too-much-evidence"),
        (("assert", "x", "--wait", "soon"), "bad-field"),
    ):
        with pytest.raises(Failed) as caught:
            node.run(*given)
        assert (caught.value.code, caught.value.error["code"]) == (2, code)
    with pytest.raises(Failed) as late:
        node.run("assert", "x", "--wait", "replicated:1", "--timeout", "0")
    assert late.value.code == 2
    assert node.stop() == 0

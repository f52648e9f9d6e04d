"""A real node whose database was damaged goes on under its identity."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import Failed, Fleet, Proc, contents, credimus, until

from credimus.runtime.store.sqlite import SqliteStore


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path)
    yield made
    made.close()


def damage(node: Proc, statement: str) -> None:
    """Alter the row of a node's own first block; it does not run."""
    row = own_row(node)
    connection = sqlite3.connect(node.home / "credimus.db")
    connection.execute(statement, (row,))
    connection.commit()
    connection.close()


def own_row(node: Proc) -> int:
    """Where a node's own first block stands."""
    store = SqliteStore(node.home / "credimus.db")
    own = (store.recall("identity/owner") or b"")[16:]
    found = [at for at, block in enumerate(store.blocks(), 1) if block.author == own]
    store.close()
    return found[0]


def test_a_damaged_node_comes_back_as_itself(fleet: Fleet) -> None:
    first = fleet.found()
    first.up()
    second, third = fleet.join(), fleet.join()
    for one in (second, third):
        one.up()
    until(lambda: all(len(one.run("members")) == 3 for one in fleet.nodes))
    own = second.status()["node"]
    second.run("assert", "pump 1 leaks")
    second.run("assert", "pump 2 leaks")
    until(lambda: len(contents(first)) == 2)
    assert second.run("recovery") == {"recovery": None, "reunion": None}
    with pytest.raises(Failed, match="in use"):
        credimus("recover", str(second.home))
    since = second.client().get("/v1/events")["cursor"]
    second.stop()

    damage(second, "UPDATE blocks SET wire = zeroblob(8) WHERE position = ?")
    done = credimus("recover", str(second.home))
    assert (done["awaited"], done["accounted"], done["records_lost"]) == (1, True, [])
    assert (Path(done["aside"]) / "credimus.db").exists()
    second.up()
    until(lambda: second.run("recovery")["recovery"]["health"] == "ended")
    kinds = {one["kind"] for one in second.client().get("/v1/events", after=since)["events"]}
    assert "recovered" in kinds, "that it began stands before the cursor: facts are counted anew"
    assert second.status()["node"] == own
    second.run("assert", "pump 3 leaks")
    until(lambda: contents(first) == contents(second) == {f"pump {n} leaks" for n in (1, 2, 3)})

    second.stop()
    damage(second, "DELETE FROM blocks WHERE position = ?")
    assert not credimus("recover", str(second.home))["accounted"]
    third.kill()
    with (second.home / "config.toml").open("a") as file:
        file.write("\n[recovery]\nsettle_ms = 500\n")
    second.up()
    until(lambda: len(second.run("recovery")["recovery"]["unanswered"]) == 1)
    with pytest.raises(Failed, match="writes nothing"):
        second.run("assert", "too soon")
    third.up()
    until(lambda: second.run("recovery", "--follow")["recovery"]["health"] == "ended")
    second.run("assert", "pump 4 leaks")
    until(lambda: all("pump 4 leaks" in contents(one) for one in fleet.nodes))
    assert all(one.status()["faults"] == [] for one in fleet.nodes)


def test_a_reunion_is_planned_begun_and_taken_back_at_the_command_line(fleet: Fleet) -> None:
    node = fleet.found()
    node.up()
    node.run("assert", "pump 1 leaks", "--wait", "decided")
    asked = ("--strategy", "last_writer", "--partition", "all")
    until(lambda: node.run("recovery", "plan", *asked)["plan"]["near"]["accepted"] == 1)
    plan = node.run("recovery", "plan", *asked)["plan"]
    begun = node.run("recovery", "begin", plan["id"], *asked)["reunion"]
    assert begun["plan"] == plan["id"]
    ended = node.run("recovery", "--follow")["reunion"]
    assert (ended["health"], ended["steps_total"]) == ("ended", 0)
    node.kill()
    node.up()
    assert node.run("recovery")["reunion"]["health"] == "ended", "it is remembered"
    node.run("recovery", "abort")
    assert node.run("recovery", "--follow")["reunion"]["health"] == "undone"
    with pytest.raises(Failed, match="give newest, all"):
        node.run("recovery", "plan", "--partition", "yesterday")

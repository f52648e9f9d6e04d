"""Who can be reached, among real nodes: as the status tells it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import Fleet, Proc, until


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path)
    yield made
    made.close()


def statuses(node: Proc) -> list[str]:
    return [one["status"] for one in node.status()["peers"]]


def test_a_killed_node_is_dead_to_the_others_and_alive_when_it_is_back(fleet: Fleet) -> None:
    first = fleet.found()
    first.up()
    second, third = fleet.join(), fleet.join()
    second.up()
    third.up()
    until(lambda: all(statuses(one) == ["alive", "alive"] for one in fleet.nodes))
    until(lambda: all(one["rtt_us"] is not None for one in first.status()["peers"]))
    start = first.client().get("/v1/events")["cursor"]
    before = {one["id"]: one["incarnation"] for one in first.status()["peers"]}
    gone = third.status()["node"]

    third.kill()
    until(lambda: sorted(statuses(first)) == sorted(statuses(second)) == ["alive", "dead"])
    (dead,) = [one for one in first.status()["peers"] if one["status"] == "dead"]
    assert dead["id"] == gone
    until(lambda: first.client().get("/v1/partitions")["level"] == "minor")
    receipt = first.run("assert", "two of three go on")
    assert receipt["standing"] == "degraded"
    assert "2 of 3 members are in reach" in receipt["reason"]

    third.up()
    until(lambda: all(statuses(one) == ["alive", "alive"] for one in fleet.nodes))
    after = {one["id"]: one["incarnation"] for one in first.status()["peers"]}
    assert after[gone] > before[gone]
    for one in fleet.nodes:
        assert one.status()["faults"] == []
    until(lambda: _healed(first))
    (entry,) = first.client().get("/v1/partitions")["partitions"]
    assert [one["member"] for one in entry["absent"]] == [gone]
    kinds = [one["kind"] for one in first.client().get("/v1/events", after=start)["events"]]
    assert {"alive", "suspected", "dead", "partition", "healed"} <= set(kinds)


def _healed(node: Proc) -> bool:
    found = node.client().get("/v1/partitions")
    return found["level"] == "none" and bool(found["partitions"][0]["healed_ms"])

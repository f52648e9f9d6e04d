"""What a node knows of what the others hold: also where nobody writes any more."""

import pytest
from by_hand import Fleet

from credimus.kernel.ids import NodeId
from credimus.node.commands import AssertBelief
from credimus.node.node import Node
from credimus.node.showing.queries import LATE_MS, Lags
from strategies import WALL_MS

A_WHILE_MS = LATE_MS + 1_000


def lags(fleet: Fleet, node: Node) -> dict[NodeId, int]:
    behind = Lags(node)
    return {one.id: behind.blocks(one.id) for one in fleet.nodes}


def late(fleet: Fleet, node: Node) -> list[NodeId]:
    behind = Lags(node)
    return [one.id for one in fleet.nodes if behind.is_late(one.id, WALL_MS + fleet.ms)]


@pytest.mark.parametrize(("count", "rest_ms"), [(2, 2_000), (5, 2_000), (16, 60_000)])
def test_nobody_lags_at_rest(count: int, rest_ms: int) -> None:
    fleet = Fleet(count)
    fleet.wait(3_000)
    for node in fleet.nodes:
        node.execute(AssertBelief("the bridge is closed"), fleet.now)
    fleet.settle()
    fleet.wait(rest_ms)
    for node in fleet.nodes:
        assert set(lags(fleet, node).values()) == {0}
        assert late(fleet, node) == []


@pytest.mark.parametrize("count", [3, 16])
def test_who_lacks_a_block_lags_at_once_and_is_late_after_a_while(count: int) -> None:
    fleet = Fleet(count)
    fleet.wait(3_000)
    writer = fleet.nodes[0]
    listeners = writer.spreading.machine.listeners() or [fleet.nodes[-1].id]
    lacking = next(one for one, node in enumerate(fleet.nodes) if node.id == listeners[0])
    fleet.away.add(lacking)
    before = writer.authors[0].sequence
    writer.execute(AssertBelief("the bridge is closed"), fleet.now)
    fleet.settle()
    lost = writer.authors[0].sequence - before
    assert lost > 0
    who = fleet.nodes[lacking].id
    assert lags(fleet, writer)[who] >= lost
    assert late(fleet, writer) == [], "it is on its way"
    fleet.ms += A_WHILE_MS
    assert who in late(fleet, writer)
    fleet.away.clear()
    fleet.wait(15_000)
    assert lags(fleet, writer)[who] == 0
    assert late(fleet, writer) == []


def test_above_twelve_nodes_only_neighbours_can_be_late() -> None:
    fleet = Fleet(16)
    fleet.wait(3_000)
    writer = fleet.nodes[0]
    neighbours = writer.spreading.machine.listeners()
    assert neighbours is not None
    fleet.away.update(range(1, 16))
    writer.execute(AssertBelief("the bridge is closed"), fleet.now)
    fleet.settle()
    fleet.ms += A_WHILE_MS
    assert sorted(late(fleet, writer)) == sorted(neighbours)

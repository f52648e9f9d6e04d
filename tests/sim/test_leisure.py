"""What has time wakes nobody in a large fleet at rest."""

from collections import Counter

import pytest

from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import SECOND, Now
from credimus.node.node import Node
from credimus.sim.fleet import Fleet
from credimus.sim.fleet_config import FleetConfig


@pytest.mark.parametrize(("nodes", "most"), [(5, 6), (16, 3)])
def test_a_node_at_rest_wakes_for_its_probes_and_little_else(
    nodes: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet(FleetConfig(nodes=nodes), Entropy(b"leisure"))
    fleet.found()
    fleet.run_for(10 * SECOND)
    ticks: Counter[str] = Counter()
    tick = Node.tick

    def counted(node: Node, now: Now) -> None:
        ticks["all"] += 1
        tick(node, now)

    monkeypatch.setattr(Node, "tick", counted)
    sent = [fleet.network.count_of((tag,))[0] for tag in (2, 27)]
    fleet.run_for(10 * SECOND)
    assert 2 * nodes <= ticks["all"] / 10 < most * nodes, "two probes a second"
    said = [fleet.network.count_of((tag,))[0] for tag in (2, 27)]
    assert sum(said) - sum(sent) >= 5 * nodes, "beacons and digests are not put off for ever"

"""What has time wakes nobody in a large fleet at rest."""

from collections import Counter

import pytest

from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import SECOND, Now
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.membership.interface import MembershipConfig
from credimus.sim.fleet import Fleet
from credimus.sim.fleet_config import FleetConfig


def test_what_is_calm_is_taken_also_where_probes_are_rare() -> None:
    """A neighbour that keeps us says so calmly: where that lay for long, it was taken for gone."""
    membership = MembershipConfig(period_ns=30 * SECOND)
    config = FleetConfig(nodes=14, node=Config(membership=membership))
    fleet = Fleet(config, Entropy(b"rare"))
    fleet.found()
    fleet.run_for(10 * SECOND)
    waiting = 0
    before = [host.running.spreading.machine.overlay.neighbours for host in fleet.hosts]
    for _ in range(35):
        fleet.run_for(SECOND)
        waiting = max(waiting, *(len(host.calm) for host in fleet.hosts))
    assert waiting < 40
    after = [host.running.spreading.machine.overlay.neighbours for host in fleet.hosts]
    kept = sum(len({*one} & {*other}) for one, other in zip(before, after, strict=True))
    assert kept > 0.8 * sum(map(len, before))


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

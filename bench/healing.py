"""How a fleet of any size heals, and what it costs at rest: `python bench/healing.py --nodes 50`.

Simulated time, so the same on every machine for the same version and seed; only the last figure,
how fast the simulation goes, is not. A fleet is founded, rests, splits in two halves of which each
writes, and heals; measured is the time until all nodes hold equal blocks and states.
"""

import argparse
import json
import resource
import time
from typing import NamedTuple

from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.node.commands import AssertBelief
from credimus.sim.fleet import Fleet
from credimus.sim.fleet_config import FleetConfig
from credimus.sim.network import Weather
from credimus.sim.once import signatures_checked_once

NAMES = {
    1: "Blocks", 2: "Beacon", 3: "Pull", 4: "Ping", 5: "Ack", 6: "PingFor", 7: "Relayed",
    8: "Notice", 9: "Push", 10: "IHave", 11: "Graft", 12: "Prune", 13: "Relay", 14: "Neighbour",
    23: "Claim", 24: "Accusation", 27: "Digest",
}  # fmt: skip
LOOK_NS = 20 * MILLISECOND


class Given(NamedTuple):
    """What is asked for."""

    nodes: int
    seed: int
    rest_s: int
    split_s: int
    blocks: int
    loss_ppm: int


def measure(given: Given) -> dict[str, object]:
    """All figures of one fleet."""
    cpu = time.process_time()
    fleet = Fleet(FleetConfig(nodes=given.nodes), Entropy(b"healing %d" % given.seed))
    fleet.found()
    founded_s = fleet.agenda.now_ns / SECOND
    fleet.run_for(4 * SECOND)
    fleet.order(0, AssertBelief(content="what all vote on"))  # so that every chain has blocks
    fleet.run_for(given.rest_s * SECOND)
    idle = _sent(fleet)
    cpu_idle = time.process_time()
    fleet.run_for(given.rest_s * SECOND)
    cpu_idle = time.process_time() - cpu_idle
    idle = {tag: _less(now, idle.get(tag, (0, 0))) for tag, now in _sent(fleet).items()}
    fleet.network.weather = Weather(loss_ppm=given.loss_ppm)
    healed_s, sent = _split_and_heal(fleet, given)
    share = given.nodes * given.rest_s
    return {
        "nodes": given.nodes,
        "seed": given.seed,
        "founded_s": founded_s,
        "idle_messages_per_node_s": round(sum(one[0] for one in idle.values()) / share, 2),
        "idle_bytes_per_node_s": round(sum(one[1] for one in idle.values()) / share),
        "idle_by_kind": {
            NAMES.get(tag, str(tag)): [round(one[0] / share, 2), round(one[1] / share)]
            for tag, one in idle.items()
            if one[0]
        },
        "healed_s": healed_s,
        "heal_messages_per_node": round(sent[0] / given.nodes, 1),
        "heal_bytes_per_node": round(sent[1] / given.nodes),
        "idle_node_s_per_cpu_s": round(share / max(cpu_idle, 1e-9), 1),
        "node_s_per_cpu_s": round(
            given.nodes * fleet.agenda.now_ns / SECOND / (time.process_time() - cpu), 1
        ),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024,
    }


def _split_and_heal(fleet: Fleet, given: Given) -> tuple[float, tuple[int, int]]:
    """Seconds from the end of a split to equal states (-1 when not within two minutes), and what
    was sent meanwhile."""
    network = fleet.network
    network.isolate(range(given.nodes // 2), fleet.places)
    draws = Entropy(b"authors %d" % given.seed).stream("")
    for number in range(given.blocks):
        command = AssertBelief(content=f"said apart {number}", propose=False)
        fleet.order(draws.below(given.nodes), command)
        fleet.run_for(max(1, given.split_s * SECOND // given.blocks))
    network.heal()
    begun_ns, before = fleet.agenda.now_ns, (network.message_count, network.byte_count)
    healed_s = -1.0
    while fleet.agenda.now_ns < begun_ns + 120 * SECOND:
        fleet.run_for(LOOK_NS)
        if fleet.agree():
            healed_s = (fleet.agenda.now_ns - begun_ns) / SECOND
            break
    return healed_s, _less((network.message_count, network.byte_count), before)


def _sent(fleet: Fleet) -> dict[int, tuple[int, int]]:
    return {tag: fleet.network.count_of((tag,)) for tag in range(1, 30)}


def _less(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] - other[0], one[1] - other[1]


def main() -> None:
    """Print a line for each size, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[5, 50])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rest", type=int, default=10, help="seconds of rest that are measured")
    parser.add_argument("--split", type=int, default=10, help="seconds that the split lasts")
    parser.add_argument("--blocks", type=int, default=20, help="blocks written during the split")
    parser.add_argument("--loss-ppm", type=int, default=0, help="messages lost from then on")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with signatures_checked_once():
        for nodes in asked.nodes:
            given = Given(nodes, asked.seed, asked.rest, asked.split, asked.blocks, asked.loss_ppm)
            found = measure(given)
            if asked.json:
                print(json.dumps(found), flush=True)
            else:
                for name, value in found.items():
                    print(f"{name:26} {value}", flush=True)
                print()


if __name__ == "__main__":
    main()

"""How large certificates are in fleets of any size: `python bench/certificates.py --nodes 100`.

Simulated, so the same on every machine for the same version and seed: members join one after the
other, each by an admission of its own, then all propose their share of beliefs in one instant, no
two votes alike. `credimus bench certificate` asks the same of real processes.
"""

import argparse
import json
from collections.abc import Callable
from statistics import median

from credimus.bench.certificate import GOAL_BYTES, GOAL_BYTES_PER_VOTE, SAMPLE
from credimus.certificate import Archive, Trust, make_certificate, verify
from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.node.commands import AdmitMember, AssertBelief
from credimus.protocol.voting.interface import Ballot, Question
from credimus.sim.fleet import Fleet
from credimus.sim.fleet_config import FleetConfig
from credimus.sim.once import signatures_checked_once
from credimus.state.member_operations import AdmissionRule, Charter
from credimus.state.operations import Choice

PATIENCE_NS = 60 * SECOND


class Believes:
    """Accepts everything, and is sure of each thing in another degree, other than its peers: equal
    votes would be told once for all."""

    def __init__(self, place: int) -> None:
        self._asked = 1_000 * place

    def evaluate(self, _: Question) -> Ballot:
        self._asked += 1
        return Ballot(Choice.ACCEPT, 800_000 + self._asked % 200_000)


def joined(nodes: int, quorum: int, seed: int) -> Fleet:
    """A fleet whose members came one after the other."""
    charter = Charter(AdmissionRule.QUORUM, quorum) if quorum > 1 else None
    config = FleetConfig(nodes=1, joiners=nodes - 1, charter=charter)
    entropy = Entropy(b"certificates %d" % seed)
    fleet = Fleet(config, entropy, lambda place, _: Believes(place))
    fleet.found()
    for host in fleet.hosts[1:]:
        fleet.admit(host.place)
        for by in range(1, min(host.place, quorum)):
            for name, signer in host.members:
                fleet.order(by, AdmitMember(public_key=signer.public, name=name))
        _wait(fleet, lambda node=host.running: node.id in node.state.roster.current)
    _wait(fleet, lambda: all(len(one.running.state.roster.current) == nodes for one in fleet.hosts))
    return fleet


def measure(nodes: int, in_flight: int, quorum: int, seed: int) -> dict[str, int]:
    """The figures of one fleet."""
    fleet = joined(nodes, quorum, seed)
    for number in range(in_flight):
        fleet.order(number % nodes, AssertBelief(content=f"pump {number} leaks"))
    host = fleet.hosts[-1]
    state = host.running.state
    _wait(fleet, lambda: sum(one.verdict.decided for one in state.rounds) == in_flight)
    fleet.run_for(SECOND)  # so that all of it is on the disk
    archive = Archive(fleet.id, host.running.lace, state, host.disk.wires_of)
    beliefs = list(state.beliefs)
    made = [make_certificate(archive, one) for one in beliefs[:: -(-len(beliefs) // SAMPLE)]]
    votes = [len(verify(text, Trust(fleet.id)).voters) for text in made]
    spare = [
        GOAL_BYTES + GOAL_BYTES_PER_VOTE * count - len(text)
        for text, count in zip(made, votes, strict=True)
    ]
    return {
        "nodes": nodes,
        "quorum": quorum,
        "in_flight": in_flight,
        "votes": int(median(votes)),
        "bytes": int(median(map(len, made))),
        "bytes_max": max(map(len, made)),
        "goal_bytes": GOAL_BYTES + GOAL_BYTES_PER_VOTE * min(votes),
        "over_goal": sum(one < 0 for one in spare),
    }


def _wait(fleet: Fleet, done: Callable[[], bool]) -> None:
    until_ns = fleet.agenda.now_ns + PATIENCE_NS
    while not done():
        if fleet.agenda.now_ns > until_ns:
            raise SystemExit("not all joined, or not all was decided, in a simulated minute")
        fleet.run_for(50 * MILLISECOND)


def main() -> None:
    """Print a line of JSON for each fleet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[3, 5, 7, 20, 50])
    parser.add_argument("--in-flight", type=int, nargs="+", default=[1, 256])
    parser.add_argument("--quorum", type=int, default=1, help="how many must admit each")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with signatures_checked_once():
        for nodes in asked.nodes:
            for in_flight in asked.in_flight:
                found = measure(nodes, in_flight, asked.quorum, asked.seed)
                print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()

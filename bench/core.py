"""CPU of the sans-I/O core alone: five nodes in one process, in lockstep, no disk and no network.

`python bench/core.py [beliefs] [in flight]` prints microseconds for each belief and node, and what
of it signing and checking signatures take. Repeats better than a whole fleet on a shared machine.
"""

import gc
import json
import sys
import time

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import fleet_id
from credimus.kernel.instant import MILLISECOND, Instant, Now
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AdmitMember, AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.node.supply import payload_of
from credimus.protocol.sync.interface import Supply
from credimus.state.operations import Evidence, Found

NODES = 5
GAP_MS = 8
"""Virtual time between two steps of the fleet."""


def moment(step: int) -> Now:
    """The clocks at a step."""
    return Now(Instant(step * GAP_MS * MILLISECOND), 1_800_000_000_000 + step * GAP_MS)


def step(nodes: list[Node], inboxes: list[list[tuple[bytes, bytes]]], count: int) -> None:
    """Every node takes what came, decides, and sends to all others."""
    at = moment(count)
    sent = []
    for node, inbox in zip(nodes, inboxes, strict=True):
        for sender, payload in inbox:
            node.receive(sender, payload, at)  # type: ignore[arg-type]
        inbox.clear()
        deadline = node.deadline()
        if deadline is not None and deadline <= at.instant:
            node.tick(at)
        for send in node.collect(at).send:
            assert not isinstance(send.message, Supply), "nothing is lost, so nobody pulls"
            sent.append((node.id, payload_of(send.message, lambda _: [])))
    for sender, payload in sent:
        for node, inbox in zip(nodes, inboxes, strict=True):
            if node.id != sender:
                inbox.append((sender, payload))


def main(beliefs: int, in_flight: int) -> None:
    """Decide `beliefs`, `in_flight` of them proposed in every second step."""
    signers = [SeedSigner(bytes([i]) * 32) for i in range(1, NODES + 1)]
    fleet = fleet_id(signers[0].public, bytes(16))
    nodes = [Node(fleet, [one], Config(), Entropy(one.public)) for one in signers]
    inboxes: list[list[tuple[bytes, bytes]]] = [[] for _ in nodes]
    nodes[0].found(Found("bench", bytes(16), signers[0].public, "n0", ""))
    steps = 1
    step(nodes, inboxes, steps)
    for number, one in enumerate(signers[1:], 1):
        nodes[0].execute(AdmitMember(public_key=one.public, name=f"n{number}"), moment(steps))
    for _ in range(4):
        step(nodes, inboxes, steps := steps + 1)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    began, said = time.process_time(), 0
    while said < beliefs:
        steps += 1
        for i in range(in_flight):
            said += 1
            command = AssertBelief(
                content=f"route {said} of depot {i % NODES} is blocked by fallen trees",
                category="observation",
                confidence=900_000,
                evidence=(Evidence("sensor", f"camera {said % 40} frame {steps}"),),
            )
            nodes[i % NODES].execute(command, moment(steps))
        step(nodes, inboxes, steps)
        step(nodes, inboxes, steps := steps + 1)
    for _ in range(8):
        step(nodes, inboxes, steps := steps + 1)
    took = time.process_time() - began
    assert all(one.verdict.decided for node in nodes for one in node.state.rounds)
    assert len({node.state.fingerprint() for node in nodes}) == 1
    each_us = 1e6 * took / said / NODES
    print(
        json.dumps(
            {
                "beliefs": said,
                "us_per_belief_and_node": round(each_us, 2),
                "blocks_per_belief": round(len(nodes[0].lace) / said, 3),
            }
        )
    )


if __name__ == "__main__":
    main(*(int(one) for one in (*sys.argv[1:], *("10000", "64")[len(sys.argv) - 1 :])))

"""`credimus bench certificate`: how large certificates of a real fleet's verdicts are.

Once with one belief in flight, so that blocks hold little and name few others, and once under load.
Of members that were admitted together, or each by a ticket; where that is worth it, one has vouched
for all since.
The goal is 2,048 bytes and 300 for each vote.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any, Literal

from credimus.harness.local_fleet import LocalFleet
from credimus.kernel.instant import SECOND
from credimus.protocol.vouching.interface import VouchingConfig

GOAL_BYTES, GOAL_BYTES_PER_VOTE = 2_048, 300
Joined = Literal["together", "tickets"]
SAMPLE = 50
"""Certificates made for each figure."""


def bench_certificate(
    nodes: int = 5,
    in_flight: int = 64,
    seconds: float = 3.0,
    progress: Callable[[str], None] = lambda _: None,
    joined: Joined = "together",
) -> dict[str, Any]:
    """Run a fleet, certify some of what it decides; returns the figures.

    Args:
        joined: how its members did.
    """
    figures: dict[str, Any] = {"nodes": nodes, "in_flight": in_flight, "joined": joined}
    progress(f"setting up {nodes} nodes")
    fleet = LocalFleet("credimus.bench.certificate_node", nodes)
    fleet.by_ticket = joined != "together"
    with fleet:
        if nodes - 1 > VouchingConfig().scattered_max:
            progress("waiting until one member vouches for all")
            one = {"in_flight": 1, "until_ns": time.monotonic_ns() + SECOND}
            fleet.ask([one, *[{**one, "in_flight": 0}] * (nodes - 1)])
            figures["vouched"] = fleet.ask([{"vouched": True}] * nodes)[0]["vouched"]
        for name, load in (("idle", 1), ("busy", in_flight)):
            progress(f"{name}: {load} in flight for {seconds} s")
            until_ns = time.monotonic_ns() + int(seconds * 1e9)
            shares = [load // nodes + (i < load % nodes) for i in range(nodes)]
            answers = fleet.ask([{"in_flight": one, "until_ns": until_ns} for one in shares])
            proposed = [belief for one in answers for belief in one["proposed_ns"]]
            asked = proposed[:: max(1, len(proposed) // SAMPLE)][:SAMPLE]
            progress(f"{name}: {len(asked)} certificates of {len(proposed)} beliefs")
            orders: list[dict[str, Any]] = [{"certify": asked}, *[{"certify": []}] * (nodes - 1)]
            made = fleet.ask(orders)[0]["certificates"]
            figures |= {f"{name}_{key}": value for key, value in _figures(made).items()}
    return figures


def _figures(made: list[dict[str, int]]) -> dict[str, Any]:
    votes = int(median(one["votes"] for one in made))
    goal = GOAL_BYTES + GOAL_BYTES_PER_VOTE * votes
    middle = {key: int(median(one[key] for one in made)) for key in made[0]}
    return {
        **middle,
        "bytes_max": max(one["bytes"] for one in made),
        "goal_bytes": goal,
        "of_goal": round(middle["bytes"] / goal, 2),
    }

"""`credimus bench certificate`: how large certificates of a real fleet's verdicts are.

Once with one belief in flight, so that blocks hold little and name few others, and once under load.
The goal is 2,048 bytes and 300 for each vote.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from credimus.harness.local_fleet import LocalFleet

GOAL_BYTES, GOAL_BYTES_PER_VOTE = 2_048, 300
SAMPLE = 50
"""Certificates made for each figure."""


def bench_certificate(
    nodes: int = 5,
    in_flight: int = 64,
    seconds: float = 3.0,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Run a fleet, certify some of what it decides; returns the figures."""
    figures: dict[str, Any] = {"nodes": nodes, "in_flight": in_flight}
    progress(f"setting up {nodes} nodes")
    with LocalFleet("credimus.bench.certificate_node", nodes) as fleet:
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

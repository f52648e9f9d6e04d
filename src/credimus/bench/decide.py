"""`credimus bench decide`: how many beliefs a fleet of real processes decides per second.

The unit of work: a belief proposed at one node, every node's signed vote verified by every node,
decided, visible on all nodes. Real processes on loopback, mutual TLS, SQLite with synchronous FULL.
`time_shares` says where a node's time went, as shares of the wall time: taking blocks in, deciding
(voting, concluding, sealing), persisting, sending, telling callers; the rest is waiting.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from credimus.harness.local_fleet import LocalFleet


def bench_decide(
    nodes: int = 5,
    in_flight: int = 64,
    seconds: float = 5.0,
    link: str = "tls",
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Run a fleet under a closed loop; returns the figures."""
    progress(f"setting up {nodes} nodes")
    with LocalFleet("credimus.bench.decide_node", nodes, link) as fleet:
        progress("warming up")
        _phase(fleet, _shares(in_flight, nodes), 1.0)
        progress("one in flight")
        alone = _phase(fleet, [1] + [0] * (nodes - 1), min(2.0, seconds))
        progress(f"{in_flight} in flight for {seconds} s")
        loaded = _phase(fleet, _shares(in_flight, nodes), seconds)
    figures = _figures(loaded, seconds)
    figures["one_in_flight_p50_ms"] = _quantile(alone[0]["latencies_ns"], 0.5) / 1e6
    figures["one_in_flight_p99_ms"] = _quantile(alone[0]["latencies_ns"], 0.99) / 1e6
    return {"nodes": nodes, "in_flight": in_flight, "link": link, **figures}


def _figures(answers: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    latencies = sorted(ns for one in answers for ns in one["latencies_ns"])
    proposed = {belief: ns for one in answers for belief, ns in one["proposed_ns"].items()}
    visible: list[int] = []
    for belief, begun in proposed.items():
        seen = [one["seen_ns"].get(belief) for one in answers]
        if all(seen):
            visible.append(max(seen) - begun)
    decided = len(visible)
    cpu_s = sum(one["cpu_s"] for one in answers)
    blocks = median(one["blocks"] for one in answers)
    return {
        "decided": decided,
        "undecided": len(proposed) - decided,
        "decided_per_s": round(decided / seconds, 1),
        "p50_ms": _quantile(latencies, 0.5) / 1e6,
        "p99_ms": _quantile(latencies, 0.99) / 1e6,
        "visible_p50_ms": _quantile(visible, 0.5) / 1e6,
        "visible_p99_ms": _quantile(visible, 0.99) / 1e6,
        "cpu_s_per_1000": round(1_000 * cpu_s / max(1, decided), 3),
        "rss_mib_max": round(max(one["rss_kib"] for one in answers) / 1_024, 1),
        "steps_per_s": round(sum(one["steps"] for one in answers) / seconds / len(answers), 1),
        "blocks_per_s": round(blocks / seconds, 1),
        "time_shares": {
            name: round(sum(one["spent"][name] for one in answers) / len(answers), 3)
            for name in answers[0]["spent"]
        },
        "votes_missing": sum(one["votes_missing"] for one in answers),
        "agree": len({one["fingerprint"] for one in answers}) == 1,
    }


def _phase(fleet: LocalFleet, shares: list[int], seconds: float) -> list[dict[str, Any]]:
    until_ns = time.monotonic_ns() + int(seconds * 1e9)
    return fleet.ask([{"in_flight": share, "until_ns": until_ns} for share in shares])


def _shares(in_flight: int, nodes: int) -> list[int]:
    return [in_flight // nodes + (i < in_flight % nodes) for i in range(nodes)]


def _quantile(values: list[int], share: float) -> float:
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(share * len(ordered)))]) if ordered else 0.0

"""How soon real nodes hear what one says, and notice that one stands still:
`python bench/detection.py --nodes 100`.

Real processes with real links over loopback and default settings, all on one machine. Some state
beliefs; measured is how long until all have each. Then one after another stops answering; measured
is, at each of the others, how long until it is suspected and held for dead. Prints JSON; times in
ms, median and greatest.
"""

import argparse
import json
import time
from statistics import median
from typing import Any

from credimus.harness.local_fleet import LocalFleet

STILL_S = 6.0
"""So long one stands still: twice as long as it should take."""


def main() -> None:
    """Print the figures of one fleet."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--nodes", type=int, default=100)
    asked.add_argument("--stops", type=int, default=3, help="how many stand still, in turn")
    asked.add_argument("--patience", type=int, default=180, help="seconds until all must be alive")
    asked.add_argument("--rest", type=int, default=30, help="seconds at rest before the first does")
    asked.add_argument("--events", type=int, default=10, help="beliefs of each of three nodes")
    asked.add_argument(
        "--together", type=int, default=1, help="nodes in a process; above 1 one only falls silent"
    )
    told = asked.parse_args()
    begun = time.monotonic()
    made = LocalFleet("credimus.bench.detect_node", told.nodes)
    made.together = told.together
    with made as fleet:
        who = fleet.ask([{"patience_s": told.patience}] * told.nodes)
        settled_s = time.monotonic() - begun
        time.sleep(told.rest)
        events: list[float] = []
        for turn in range(3):
            speaker = who[turn * told.nodes // 3]["id"]
            order = {"events": told.events, "speaker": speaker}
            events += _spread(fleet.ask([order] * told.nodes))
        suspected: list[float] = []
        dead: list[float] = []
        wronged = 0
        for turn in range(told.stops):
            victim = who[(turn * 7 + 1) % told.nodes]["id"]
            order = {"victim": victim, "still_s": STILL_S, "alone": told.together == 1}
            answers = fleet.ask([order] * told.nodes)
            suspected += _after(answers, "suspected_ns")
            dead += _after(answers, "dead_ns")
            wronged += sum(one.get("wronged", 0) for one in answers)
            fleet.ask([{"patience_s": 20}] * told.nodes)
    figures = {
        "nodes": told.nodes,
        "together": told.together,
        "alive_before": min(one["alive"] for one in who),
        "settled_s": round(settled_s, 1),
        "all_heard_ms": [round(median(events)), round(max(events))],
        "heard": [len(events), 3 * told.events],
        "first_suspected_ms": round(min(suspected, default=-1)),
        "suspected_ms": [round(median(suspected)), round(max(suspected))],
        "dead_ms": [round(median(dead)), round(max(dead))],
        "noticed": [len(suspected), len(dead), told.stops * (told.nodes - 1)],
        "wrongly_dead": wronged,
    }
    print(json.dumps(figures))


def _spread(answers: list[dict[str, Any]]) -> list[float]:
    """Milliseconds from each word to when all had it; of those that all have by now."""
    said_ns = {belief: at for one in answers for belief, at in one["said_ns"].items()}
    return [
        (max(one["heard_ns"][belief] for one in answers) - at) / 1e6
        for belief, at in said_ns.items()
        if all(belief in one["heard_ns"] for one in answers)
    ]


def _after(answers: list[dict[str, Any]], name: str) -> list[float]:
    """Milliseconds from the stop to a moment, of all nodes that had it."""
    stopped_ns = next(one["stopped_ns"] for one in answers if "stopped_ns" in one)
    return [(one[name] - stopped_ns) / 1e6 for one in answers if one.get(name)]


if __name__ == "__main__":
    main()

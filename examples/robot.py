"""A robot that tells its fleet what blocks the way, votes by its own map, and goes where all agree.

Run it beside its node, from this folder: python robot.py FOLDER 9000

FOLDER is that of the node, which asks here how to vote: see docs/guides/robot.md.
"""

import re
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from webhook_receiver import receiver

import credimus

FRESH_S = 60.0
"""How long what was seen counts as known."""
LIFE_S = 600.0
"""How long a statement counts after a robot that said it has gone silent."""
TYPED = re.compile(r"(\S+) (blocked|clear)")
BLOCKED = re.compile(r"corridor (\S+) is blocked")


class Sight(NamedTuple):
    """A corridor, as the lidar last saw it."""

    blocked: bool
    sureness: float
    at_s: float


class Robot:
    """What one robot has seen, and what it makes of it.

    Args:
        node: its node.
        clock_s: seconds that only go up.
    """

    def __init__(
        self, node: credimus.RemoteNode, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._node = node
        self._clock_s = clock_s
        self._seen: dict[str, Sight] = {}
        self._said: dict[str, tuple[str, float]] = {}  # what it told of a corridor, and when

    def sense(self, corridor: str, *, blocked: bool, sureness: float, frame: str) -> None:
        """Take in what the lidar sees: tell the fleet what is blocked, take back what is clear."""
        self._seen[corridor] = Sight(blocked, sureness, self._clock_s())
        belief, said_s = self._said.get(corridor, ("", -LIFE_S))
        if blocked and self._clock_s() - said_s > LIFE_S / 2:  # new, or soon too old to count
            receipt = self._node.assert_belief(
                f"corridor {corridor} is blocked",
                confidence=sureness,
                evidence=[("lidar", frame)],
                ttl_ms=round(LIFE_S * 1_000),
                wait_for="local",
            )
            self._said[corridor] = receipt.belief, self._clock_s()
        elif belief and not blocked:
            self._node.retract(belief, "seen to be clear", wait_for="local")
            del self._said[corridor]

    def judge(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to one question of the node: how would this robot vote?"""
        named = BLOCKED.fullmatch(question["content"].lower())
        if named is None:
            return {"choice": "next"}  # not about corridors: the node's next evaluator answers
        sight = self._seen.get(named[1])
        if sight is None or self._clock_s() - sight.at_s > FRESH_S:
            return {"choice": "abstain", "reason": "not been there lately"}
        choice = "accept" if sight.blocked else "reject"
        return {"choice": choice, "confidence": sight.sureness, "reason": "seen by lidar"}

    def may_enter(self, corridor: str) -> bool:
        """Whether neither its own eyes nor the fleet's verdicts speak against it."""
        sight = self._seen.get(corridor)
        if sight is not None and sight.blocked:
            return False
        content = f"corridor {corridor} is blocked"
        told = self._node.beliefs(text=content, verdict="accepted").beliefs
        return not any(one.content == content and self._stands(one.id) for one in told)

    def _stands(self, belief: str) -> bool:
        """Whether somebody still says so: a verdict stays when what led to it was taken back."""
        now_ms = time.time() * 1_000
        said = self._node.belief(belief).assertions
        return any(not one.ttl_ms or one.asserted_ms + one.ttl_ms > now_ms for one in said)


def main(folder: str, port: int) -> None:
    """Answer the node of a folder until stopped; here your own loop would sense and drive."""
    with credimus.connect(folder) as node:
        robot = Robot(node)
        with receiver(node.status().node, port, robot.judge) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            for line in sys.stdin:  # in place of a lidar: "7 blocked" or "7 clear"
                typed = TYPED.fullmatch(line.strip())
                if typed is None:
                    print("not understood: type 7 blocked or 7 clear", flush=True)
                    continue
                corridor, state = typed.groups()
                robot.sense(corridor, blocked=state == "blocked", sureness=0.9, frame="typed")
                print("enter" if robot.may_enter(corridor) else "keep out", flush=True)
            server.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

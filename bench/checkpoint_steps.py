"""The longest step of a node that takes two checkpoints, in CPU time: `checkpoint_steps.py`.

One real node, alone in its fleet, states as many beliefs as asked, all of them accepted for good.
Then two checkpoints come: the first writes a snapshot, the second reads that back before.

    python bench/checkpoint_steps.py [--beliefs 2000,20000]
"""

import argparse
import time

from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import MILLISECOND, Instant, Now
from credimus.lace.block import Block
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.checkpointing.interface import HOUR_MS, CheckpointConfig
from credimus.runtime.joining.founding import found_fleet

BELIEFS_AT_ONCE = 20
BETWEEN_MS = 50
FOUNDER = SeedSigner(b"f" * 32)


class Alone:
    """A node of one member, on a clock that is set by hand."""

    def __init__(self) -> None:
        fleet, blocks = found_fleet(FOUNDER, "alone", "n0", "")
        self._wires = {block.id: block.wire for block in blocks}
        self._began_ms = (blocks[0].header.stamp >> 16) + 1
        self.passed_ms = 0
        self.node = Node(fleet, [FOUNDER], Config(checkpoints=CheckpointConfig()), Entropy(b"one"))
        self.node.compacting.read = lambda ids: [
            self._wires[one] for one in ids if one in self._wires
        ]
        self.node.restore(block.wire for block in blocks)

    def assert_all(self, texts: list[str]) -> None:
        """Some beliefs, stated in one step."""
        now = self._now()
        for text in texts:
            self.node.execute(AssertBelief(content=text), now)
        self._collect(now)

    def step(self) -> float:
        """One step of the node; the seconds of CPU that it took."""
        now, began = self._now(), time.process_time()
        self.node.tick(now)
        self._collect(now)
        return time.process_time() - began

    def _collect(self, now: Now) -> None:
        for block in self.node.collect(now).persist:
            if isinstance(block, Block):
                self._wires[block.id] = block.wire
        self.node.compacting.done()

    def _now(self) -> Now:
        return Now(Instant(self.passed_ms * MILLISECOND), self._began_ms + self.passed_ms)


def measure(beliefs: int) -> float:
    """The longest step, in ms."""
    alone = Alone()
    for first in range(0, beliefs, BELIEFS_AT_ONCE):
        alone.passed_ms += BETWEEN_MS
        alone.assert_all([f"belief {first + one} holds" for one in range(BELIEFS_AT_ONCE)])
    longest_s, line = 0.0, alone.node.state.checkpoints
    for number in (1, 2):
        alone.passed_ms += 31 * HOUR_MS
        for one in range(9):  # more than a checkpoint is worth
            alone.assert_all([f"later {number} {one}"])
        alone.passed_ms += 31 * HOUR_MS
        while line.number < number:
            alone.passed_ms += BETWEEN_MS
            longest_s = max(longest_s, alone.step())
    return longest_s * 1_000


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beliefs", default="2000,20000", help="comma-separated (2000,20000)")
    for count in parser.parse_args().beliefs.split(","):
        print(f"{int(count):,} beliefs: the longest step took {measure(int(count)):.0f} ms of CPU")


if __name__ == "__main__":
    main()

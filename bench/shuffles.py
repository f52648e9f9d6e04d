"""Whether the order in which blocks come can be seen: real answers, shuffled and merged.

    python bench/shuffles.py FOLDER [--shuffles 100] [--sets rte,slr] [--seed 0]

FOLDER is that of bench/truth.py. The answers of a set are decided by skill once; that gives signed
blocks. Then, so many times, each time by another draw:

    split    2 to 5 replicas hold a random part of the blocks each, with all that these build on
    shuffle  each takes its part in an order of its own in which causes come first
    merge    two of them, drawn, become one: it takes what it lacks, again in a drawn order

At the end there is one replica. The fingerprint of its state, and that of all that is worked out
from it (skills, credences, conduct, weights, echoes), must be those of the first run.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from credimus.kernel.entropy import Entropy, Stream
from credimus.kernel.hlc import HybridClock
from credimus.lace.block import Block, open_wire, read_block
from credimus.lace.lace import Lace
from credimus.node.taking.ingress import Ingress
from credimus.sim.once import signatures_checked_once
from credimus.sim.replay.plan import ReplayOptions, ReplayPlan
from credimus.sim.replay.replay import Replay
from credimus.state.fleet import FleetState

SETS = "rte,d_product,d_possent,slr,zencrowd_in"
REPLICAS = 2, 5
LATER_MS = 1 << 45


class Replica:
    """A state and the blocks that made it."""

    def __init__(self, fleet: bytes) -> None:
        self.lace = Lace()
        self.state = FleetState(fleet)  # type: ignore[arg-type]
        self._ingress = Ingress(fleet, self.lace, self.state, HybridClock(1 << 44))  # type: ignore[arg-type]
        self.held: dict[bytes, Block] = {}

    def take(self, blocks: Sequence[Block]) -> None:
        """Fold some blocks, causes first."""
        for block in blocks:
            if len(self._ingress.take(block.wire, LATER_MS)) != 1:
                raise SystemExit("a block came before its causes")
            self.held[block.id] = block

    def fingerprint(self) -> str:
        """Of the state and of all that follows from it."""
        return self.state.fingerprint().hex() + self.state.standing.fingerprint().hex()


def main() -> None:
    """Print a row for each set; exit with 1 where two fingerprints differ."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--shuffles", type=int, default=100)
    asked.add_argument("--sets", default=SETS, help="names, with commas")
    asked.add_argument("--seed", type=int, default=0)
    told = asked.parse_args()
    print("| set | answers | blocks | shuffles and merges | fingerprints | seconds |")
    print("|---|---|---|---|---|---|")
    differ = False
    for name in told.sets.split(","):
        began = time.monotonic()
        plan = ReplayPlan(
            told.folder / name / "answers.csv", None, ReplayOptions(aggregation="skill", nodes=1)
        )
        with signatures_checked_once():
            blocks, fleet, answers = decided(plan)
            found = {shuffled(blocks, fleet, None)}
            for number in range(told.shuffles):
                stream = Entropy(f"shuffles {name} {told.seed} {number}".encode()).stream("order")
                found.add(shuffled(blocks, fleet, stream))
        differ = differ or len(found) > 1
        print(
            f"| {name} | {answers} | {len(blocks)} | {told.shuffles} | {len(found)} "
            f"| {time.monotonic() - began:.0f} |",
            flush=True,
        )
    raise SystemExit(differ)


def decided(plan: ReplayPlan) -> tuple[list[Block], bytes, int]:
    """The blocks in which a set is decided, causes first; the fleet, and how many answers."""
    played = Replay(plan)
    played.play(None)
    wires = played.fleet.hosts[0].disk.wires()
    rounds = played.fleet.hosts[0].running.state.rounds
    answers = sum(found.voted.bit_count() for found in rounds)
    return [read_block(open_wire(wire), wire) for wire in wires], played.fleet.id, answers


def shuffled(blocks: Sequence[Block], fleet: bytes, stream: Stream | None) -> str:
    """The fingerprint after one split and merge; in the order that came when there is no draw."""
    if stream is None:
        whole = Replica(fleet)
        whole.take(blocks)
        return whole.fingerprint()
    by_id: dict[bytes, Block] = {block.id: block for block in blocks}
    count = stream.between(*REPLICAS)
    replicas = [Replica(fleet) for _ in range(count)]
    for number, replica in enumerate(replicas):
        heads = blocks if number == 0 else stream.sample(blocks, stream.below(len(blocks)) + 1)
        drawn = stream.sample(heads, max(1, len(heads) // count)) if number == 0 else heads
        replica.take(ordered(closed(drawn, by_id), stream))
    replicas[0].take(ordered({i: b for i, b in by_id.items() if i not in replicas[0].held}, stream))
    while len(replicas) > 1:
        stream.shuffle(replicas)
        gone = replicas.pop()
        missing = {i: b for i, b in gone.held.items() if i not in replicas[-1].held}
        replicas[-1].take(ordered(missing, stream))
    return replicas[0].fingerprint()


def closed(heads: Sequence[Block], by_id: dict[bytes, Block]) -> dict[bytes, Block]:
    """Some blocks and all that they build on."""
    found: dict[bytes, Block] = {}
    waiting = list(heads)
    while waiting:
        block = waiting.pop()
        if block.id not in found:
            found[block.id] = block
            waiting += [by_id[one] for one in causes(block)]
    return found


def ordered(blocks: dict[bytes, Block], stream: Stream) -> list[Block]:
    """Blocks in a drawn order in which causes come first."""
    waits = {one: sum(cause in blocks for cause in causes(b)) for one, b in blocks.items()}
    effects: dict[bytes, list[bytes]] = {}
    for one, block in blocks.items():
        for cause in causes(block):
            effects.setdefault(cause, []).append(one)
    ready = [one for one, count in waits.items() if not count]
    order: list[Block] = []
    while ready:
        place = stream.below(len(ready))
        ready[place], ready[-1] = ready[-1], ready[place]
        one = ready.pop()
        order.append(blocks[one])
        for after in effects.get(one, ()):
            waits[after] -= 1
            if not waits[after]:
                ready.append(after)
    return order


def causes(block: Block) -> list[bytes]:
    """The blocks that a block names."""
    return [one for one in (block.header.previous, *block.header.parents) if one]


if __name__ == "__main__":
    main()

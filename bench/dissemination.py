"""How blocks spread in simulated fleets: `python bench/dissemination.py [--nodes 100]`.

Prints a table in simulated time: until all have a block, and what that costs each node, by urgency,
under loss and crashes, against flooding. The same seed gives the same table.
"""

import argparse
from collections.abc import Callable, Iterator
from typing import NamedTuple

from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import SECOND
from credimus.node.config import Config
from credimus.protocol.dissemination.interface import DisseminationConfig
from credimus.protocol.dissemination.urgency import Selection, Strategy, Urgency
from credimus.sim.fleet import Fleet, FleetConfig
from credimus.sim.measuring import Spread, percentile, spread
from credimus.sim.network import Weather
from credimus.sim.once import signatures_checked_once

AUTHORS = 5
WARMING = 3
"""Blocks of each author before those that are measured: its tree is there then."""
LOSSY = Weather(loss_ppm=100_000)
FLOOD = Strategy(
    fanout=32, rounds=255, selection=Selection.RANDOM, redundancy_percent=3_300,
    announce_ns=SECOND, patience_ns=SECOND, wait_ns=0,
)  # fmt: skip
USUAL = DisseminationConfig()


class Row(NamedTuple):
    """One line: what is measured."""

    name: str
    config: DisseminationConfig
    urgency: Urgency
    trouble: Callable[[Fleet], None]


def nothing(_: Fleet) -> None:
    """No trouble."""


def loss(fleet: Fleet) -> None:
    """One in ten messages is lost."""
    fleet.network.weather = LOSSY


def crash(fleet: Fleet) -> None:
    """One in ten members fails, all at once, and nobody knows yet."""
    draws = Entropy(b"crash").stream("")
    others = fleet.hosts[AUTHORS:]
    for host in draws.sample(others, len(fleet.hosts) // 10):
        fleet.crash(host)


def rows() -> Iterator[Row]:
    """All lines."""
    for urgency in reversed(Urgency):
        yield Row(urgency.word, USUAL, urgency, nothing)
    for urgency in reversed(Urgency):
        yield Row(f"{urgency.word}, 10 % lost", USUAL, urgency, loss)
    for urgency in reversed(Urgency):
        yield Row(f"{urgency.word}, 10 % crash", USUAL, urgency, crash)
    flood = DisseminationConfig(normal=FLOOD)
    yield Row("flood on the overlay", flood, Urgency.NORMAL, nothing)
    yield Row("flood, 10 % lost", flood, Urgency.NORMAL, loss)
    direct = DisseminationConfig(direct_count_max=1_000)
    yield Row("author sends to all", direct, Urgency.NORMAL, nothing)
    yield Row("to all, 10 % lost", direct, Urgency.NORMAL, loss)


def measure(row: Row, nodes: int, blocks: int, seed: int) -> list[Spread]:
    """The ways of some blocks of several authors, one after the other."""
    config = FleetConfig(nodes=nodes, node=Config(dissemination=row.config))
    fleet = Fleet(config, Entropy(b"spreading %d" % seed))
    fleet.found()
    fleet.run_for(4 * SECOND)
    for number in range(WARMING * AUTHORS):
        spread(fleet, number % AUTHORS, row.urgency, f"warming {number}", 600)
    row.trouble(fleet)
    within_ms = 600 if row.trouble is crash else 3_000  # before membership knows who is dead
    return [
        spread(fleet, number % AUTHORS, row.urgency, f"measured {number}", within_ms)
        for number in range(blocks)
    ]


def line(row: Row, spreads: list[Spread]) -> str:
    """What came out, as a line of a table."""
    whole = [one.reached_all_ms for one in spreads if one.reached_all_ms is not None]
    each = [ms for one in spreads for ms in one.took_ms[1:]]
    awaited = sum(one.awaited for one in spreads)
    delivered = sum(len(one.took_ms) for one in spreads)
    count = awaited - len(spreads)
    return (
        f"| {row.name} | {percentile(whole, 50):.1f} | {percentile(whole, 99):.1f} "
        f"| {percentile(each, 50):.1f} | {percentile(each, 99):.1f} "
        f"| {100 * delivered / awaited:.2f} % "
        f"| {sum(one.messages for one in spreads) / count:.2f} "
        f"| {sum(one.bytes for one in spreads) / count:,.0f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"{given.nodes} nodes, {given.blocks} blocks of {AUTHORS} authors, seed {given.seed}\n")
    print(
        "| how | all reached, median ms | p99 | a node reached, median ms | p99 | delivered "
        "| messages per block and node | bytes |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    with signatures_checked_once():
        for row in rows():
            print(line(row, measure(row, given.nodes, given.blocks, given.seed)), flush=True)


if __name__ == "__main__":
    main()

"""How blocks spread in simulated fleets: `python bench/dissemination.py [--nodes 100]`.

Prints a table in simulated time: until all have a block, and what that costs each node, by urgency,
under loss and crashes, against flooding. The same seed gives the same table.
"""

import argparse
from collections.abc import Iterator
from typing import NamedTuple

from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import SECOND
from credimus.node.config import Config
from credimus.protocol.dissemination.interface import DisseminationConfig
from credimus.protocol.dissemination.urgency import Selection, Strategy, Urgency
from credimus.sim.fleet import Fleet, FleetConfig
from credimus.sim.measuring import Spread, percentile, spread
from credimus.sim.network import CALM, Weather
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
    urgency: Urgency
    weather: Weather = CALM


class Part(NamedTuple):
    """Lines that are measured in one fleet, one after the other."""

    config: DisseminationConfig
    rows: tuple[Row, ...]
    crashes: bool = False


def parts() -> Iterator[Part]:
    """All lines."""
    by_urgency = tuple(Row(urgency.word, urgency) for urgency in reversed(Urgency))
    lossy = tuple(Row(f"{row.name}, 10 % lost", row.urgency, LOSSY) for row in by_urgency)
    yield Part(USUAL, (*by_urgency, *lossy))
    for row in by_urgency:
        yield Part(USUAL, (row._replace(name=f"{row.name}, 10 % crash"),), crashes=True)
    flood = DisseminationConfig(normal=FLOOD)
    normal = Urgency.NORMAL
    yield Part(flood, (Row("flood", normal), Row("flood, 10 % lost", normal, LOSSY)))
    direct = DisseminationConfig(direct_count_max=1_000)
    rows = Row("author to all", normal), Row("author to all, 10 % lost", normal, LOSSY)
    yield Part(direct, rows)


def settled(part: Part, nodes: int, seed: int) -> Fleet:
    """A fleet with its overlay and trees; when it is to crash, one in ten has just failed."""
    config = FleetConfig(nodes=nodes, node=Config(dissemination=part.config))
    fleet = Fleet(config, Entropy(b"spreading %d" % seed))
    fleet.found()
    fleet.run_for(4 * SECOND)
    for urgency in dict.fromkeys(row.urgency for row in part.rows):
        for number in range(WARMING * AUTHORS):
            spread(fleet, number % AUTHORS, urgency, f"warming {urgency} {number}")
    if part.crashes:
        draws = Entropy(b"crash").stream("")
        for host in draws.sample(fleet.hosts[AUTHORS:], nodes // 10):
            fleet.crash(host)
    return fleet


def measure(fleet: Fleet, row: Row, blocks: int) -> list[Spread]:
    """The ways of some blocks of several authors, one after the other."""
    fleet.network.weather = row.weather
    return [
        spread(fleet, number % AUTHORS, row.urgency, f"{row.name} {number}")
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
    parser.add_argument("--blocks", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"{given.nodes} nodes, {given.blocks} blocks of {AUTHORS} authors, seed {given.seed}\n")
    print(
        "| how | all reached, median ms | p99 | a node reached, median ms | p99 | delivered "
        "| messages per block and node | bytes |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    with signatures_checked_once():
        for part in parts():
            fleet = settled(part, given.nodes, given.seed)
            for row in part.rows:
                print(line(row, measure(fleet, row, given.blocks)), flush=True)


if __name__ == "__main__":
    main()

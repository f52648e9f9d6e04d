"""Storage of one node over a year of churn, in virtual time: `python bench/retention.py`.

Five real nodes in the simulator, on a coarse clock: members are probed and frontiers shown every
few hours, and a day brings some beliefs, of which some are accepted for good, some with an end
(`ttl`), some rejected and some never decided. Every few days a node is down for a day or two; every
month one leaves for good and a new one joins. Prints a line for each month and writes the curve.

    python bench/retention.py [--days 365] [--beliefs 12] [--svg docs/retention.svg]

All of it but the seconds is a function of the seed.
"""

import argparse
import time
from pathlib import Path

from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.node.commands import AssertBelief, LeaveFleet
from credimus.node.config import Config
from credimus.protocol.checkpointing.interface import HOUR_MS, CheckpointConfig
from credimus.protocol.dissemination.interface import DisseminationConfig
from credimus.protocol.membership.interface import MembershipConfig
from credimus.protocol.partition.interface import PartitionConfig, Policy
from credimus.protocol.sync.interface import SyncConfig
from credimus.protocol.vigilance.interface import VigilanceConfig
from credimus.protocol.voting.interface import VotingConfig
from credimus.sim.fleet import Fleet, FleetConfig
from credimus.sim.host import Host
from credimus.sim.once import signatures_checked_once

HOUR_NS = HOUR_MS * MILLISECOND
DAY_MS = 24 * HOUR_MS
NODES = 5
LASTING_PER_MONTH = 4
"""Beliefs of a month that are accepted for good."""


class Sample:
    """One node at the end of a day."""

    def __init__(self, day: int, host: Host, written: int) -> None:
        node = host.running
        self.day = day
        self.blocks = len(host.disk)
        self.stored = host.disk.byte_count
        self.snapshot = len(host.disk.snapshot or b"")
        self.beliefs = len(node.state.beliefs)
        self.number = node.state.checkpoints.number
        self.written = written
        """Bytes of all blocks that ever were: what a node without checkpoints would store."""


class Written:
    """Counts the bytes of every block, once."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self.bytes = self.blocks = 0

    def persisted(self, host: Host, blocks: object) -> None:  # noqa: ARG002
        """Blocks became durable somewhere."""
        for block in blocks:  # type: ignore[attr-defined]
            if block.id not in self._seen:
                self._seen.add(block.id)
                self.bytes += len(block.wire)
                self.blocks += 1

    def emitted(self, *_: object) -> None:
        """A step ended."""

    def started(self, host: Host) -> None:
        """A node began."""

    def replaced(self, *_: object) -> None:
        """A disk was replaced."""


def year(days: int, beliefs_a_day: int, seed: str) -> list[Sample]:
    """A sample for each day."""
    fleet, stream = _fleet(days // 30, seed), Entropy(seed.encode()).stream("year")
    written = Written()
    fleet.watchers.append(written)
    fleet.found()
    places, samples = list(range(NODES)), []
    for day in range(days):
        for number in range(beliefs_a_day):
            place = stream.choose(places)
            lasting = day % 30 < LASTING_PER_MONTH and number == 0
            ends = 0 if lasting else stream.choose((DAY_MS, 3 * DAY_MS, 7 * DAY_MS))
            sure = 0 if stream.happens(250_000) and not lasting else 1_000_000
            said = AssertBelief(
                content=f"day {day}: reading {number} is {stream.below(1_000)}",
                ttl_ms=ends, confidence=sure,
            )  # fmt: skip
            fleet.order(place, said)
            fleet.run_for(24 * HOUR_NS // beliefs_a_day)
        _churn(fleet, places, day, stream.below(NODES - 1))
        samples.append(Sample(day + 1, fleet.hosts[0], written.bytes))
    return samples


def _fleet(joiners: int, seed: str) -> Fleet:
    node = Config(
        voting=VotingConfig(timeout_ms=HOUR_MS, aggregation_ms=60_000, attempts_max=1),
        sync=SyncConfig(beacon_period_ns=2 * HOUR_NS, full_period_ns=6 * HOUR_NS),
        membership=MembershipConfig(
            period_ns=12 * HOUR_NS, call_period_ns=12 * HOUR_NS, row_period_ns=24 * HOUR_NS
        ),
        dissemination=DisseminationConfig(look_period_ns=6 * HOUR_NS),
        partition=PartitionConfig(look_ns=6 * HOUR_NS, policy=Policy.OPEN),
        vigilance=VigilanceConfig(quiet_ns=HOUR_NS, claim_period_ns=24 * HOUR_NS),
        checkpoints=CheckpointConfig(
            interval_ms=DAY_MS, look_ns=HOUR_NS, attempt_ns=HOUR_NS, slice_count=256,
            slice_pause_ns=SECOND,
        ),
    )  # fmt: skip
    config = FleetConfig(nodes=NODES, joiners=joiners, node=node)
    return Fleet(config, Entropy(seed.encode()))


def _churn(fleet: Fleet, places: list[int], day: int, drawn: int) -> None:
    """A node is down for two days in five; each month the one that is there longest but the first
    leaves, and a new one joins."""
    if day % 5 == 0:
        fleet.crash(fleet.hosts[places[1 + drawn]])
    elif day % 5 == 2:
        for place in places:
            fleet.start(fleet.hosts[place])
            fleet.wake(fleet.hosts[place])
    if day % 30 == 29 and len(fleet.hosts) > max(places) + 1:
        new = max(places) + 1
        fleet.admit(new)
        places.append(new)
        fleet.order(places[1], LeaveFleet())
        del places[1]


def drawn(samples: list[Sample]) -> str:
    """The curve as SVG: bytes stored, beside those of all blocks ever written."""
    width, height, top = 640, 260, max(one.written for one in samples)
    days = samples[-1].day

    def line(values: list[int], colour: str) -> str:
        points = " ".join(
            f"{60 + (width - 80) * one.day / days:.1f},{height - 30 - (height - 50) * v / top:.1f}"
            for one, v in zip(samples, values, strict=True)
        )
        return f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{points}"/>'

    def text(x: float, y: float, said: str) -> str:
        return (
            f'<text x="{x:.0f}" y="{y:.0f}" font-family="sans-serif" font-size="12">{said}</text>'
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<path d="M60 20V{height - 30}H{width - 20}" stroke="black" fill="none"/>',
        line([one.written for one in samples], "#999999"),
        line([one.stored for one in samples], "#0060c0"),
        line([one.snapshot for one in samples], "#c06000"),
        text(4, 26, f"{top / 1e6:.1f} MB"), text(30, height - 30, "0"),
        text(width - 70, height - 12, f"day {days}"),
        text(70, 32, "grey: all blocks ever written"),
        text(70, 48, "blue: what a node stores; brown: the snapshot in it"),
        "</svg>",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def main() -> None:
    """Run it, print the months, write the curve."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--beliefs", type=int, default=12, help="a day")
    parser.add_argument("--seed", default="year")
    parser.add_argument("--svg", type=Path)
    asked = parser.parse_args()
    began = time.monotonic()
    with signatures_checked_once():
        samples = year(asked.days, asked.beliefs, asked.seed)
    print("day  checkpoint  beliefs  blocks  stored bytes  snapshot bytes  all blocks ever, bytes")
    for one in samples:
        if one.day % 30 == 0 or one is samples[-1]:
            print(
                f"{one.day:3}  {one.number:10}  {one.beliefs:7}  {one.blocks:6}  {one.stored:12,}"
                f"  {one.snapshot:14,}  {one.written:22,}"
            )
    later = [one.stored for one in samples[len(samples) // 3 :]]
    print(f"stored over the last two thirds: {min(later):,} to {max(later):,} bytes")
    print(f"{time.monotonic() - began:.0f} s")
    if asked.svg is not None:
        asked.svg.write_text(drawn(samples))


if __name__ == "__main__":
    main()

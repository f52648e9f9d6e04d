"""How long a block takes to reach all: a formula by size and topology, fitted to what was measured.

    expected = delay_factor * (base + hops * delay) + merge_factor * nodes * merge

`base` and `hops` follow from the topology, `delay` is the measured one-way delay of links, `merge`
what a node needs for one block. The two factors are least squares over the measurements, drawn
towards 1 as long as these are few.

Source: the bases of the full mesh and the small world are the seed's (2.4); those of the others are
built alike.
"""

from collections.abc import Sequence
from enum import Enum
from math import ceil, log, sqrt
from typing import NamedTuple

import msgspec

from credimus.protocol.dissemination.urgency import Urgency


class Topology(Enum):
    """The shapes of networks that can be asked about."""

    FULL_MESH = "full-mesh"
    RING = "ring"
    STAR = "star"
    RANDOM = "random"
    """Bounded degree, links by chance: what the overlay is."""
    SMALL_WORLD = "small-world"


class Measured(NamedTuple):
    """One block that reached all."""

    duration_us: int
    nodes: int
    topology: Topology


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected, how sure that is, and how far off the formula was so far. In ms."""

    topology: str
    nodes: int
    urgency: str
    """Of the blocks that it is about, and that it is fitted to."""
    expected_ms: float
    low_ms: float
    """Nineteen of twenty blocks take longer than this, and less than `high_ms`; without
    measurements it is half and twice what is expected."""
    high_ms: float
    base_ms: int
    network_delay_ms: float
    merge_ms: float
    delay_factor: float
    merge_factor: float
    measured_count: int
    error_ms: float | None
    """Mean absolute error of the fitted formula over the measurements; None of none."""
    error_percent: float | None
    """The same in percent of what was measured on average."""


MERGE_MS = 0.1
"""What a node needs to take in one block. [measured: some 100 us of Python per belief]"""
DELAY_MS = 1.0
"""One-way delay of a link, while none was measured. [guess: a local network]"""
_DEGREE = 8
_TOWARDS_ONE = 4.0
"""How many measurements of usual size a factor of 1 counts for. [guess]"""
_SURE = 1.96
"""Standard deviations to either side that hold 95 % of a normal distribution."""


def base_ms(topology: Topology, nodes: int) -> int:
    """The base in whole ms: 10 for a first hop, and what further ones add."""
    n = max(1, nodes)
    base = {
        Topology.FULL_MESH: 10 + 5 * log(n),
        Topology.RING: 10 + 5 * (n // 2),
        Topology.STAR: 20 + 5 * log(n),
        Topology.RANDOM: 10 + 10 * log(n),
        Topology.SMALL_WORLD: 20 + 10 * log(n),
    }
    return round(base[topology])


def hops(topology: Topology, nodes: int) -> int:
    """Links between the two nodes that are farthest apart, about."""
    n = max(2, nodes)
    count = {
        Topology.FULL_MESH: 1,
        Topology.RING: n // 2,
        Topology.STAR: 2,
        Topology.RANDOM: ceil(log(n) / log(_DEGREE - 1)),
        Topology.SMALL_WORLD: ceil(log(n)),
    }
    return count[topology]


def estimate(
    topology: Topology,
    nodes: int,
    delay_ms: float,
    measured: Sequence[Measured],
    urgency: Urgency = Urgency.NORMAL,
) -> Estimate:
    """What to expect of a fleet of that size and shape.

    Args:
        delay_ms: one-way delay of its links.
        measured: what the factors are fitted to; of any sizes and shapes, of that urgency alone,
            because each waits otherwise on its way.
    """
    rows = [
        (*_terms(one.topology, one.nodes, delay_ms), one.duration_us / 1_000) for one in measured
    ]
    delay_factor, merge_factor = _fitted(rows)
    far, near = _terms(topology, nodes, delay_ms)
    expected = delay_factor * far + merge_factor * near
    low, high, error, error_percent = expected / 2, expected * 2, None, None
    if rows:
        misses = [took - delay_factor * x - merge_factor * y for x, y, took in rows]
        average = sum(took for _, _, took in rows) / len(rows)
        usual = sum(delay_factor * x + merge_factor * y for x, y, _ in rows) / len(rows)
        freedom = max(1, len(rows) - 2)
        deviation = sqrt(sum(miss * miss for miss in misses) / freedom)
        if len(rows) > 1:
            spread = _SURE * deviation * sqrt(1 + 1 / len(rows)) * expected / usual
            low, high = max(0.0, expected - spread), expected + spread
        error = sum(abs(miss) for miss in misses) / len(rows)
        error_percent = 100 * error / average if average else None
    return Estimate(
        topology=topology.value,
        nodes=nodes,
        urgency=urgency.word,
        expected_ms=round(expected, 3),
        low_ms=round(low, 3),
        high_ms=round(high, 3),
        base_ms=base_ms(topology, nodes),
        network_delay_ms=round(hops(topology, nodes) * delay_ms, 3),
        merge_ms=round(near, 3),
        delay_factor=round(delay_factor, 6),
        merge_factor=round(merge_factor, 6),
        measured_count=len(rows),
        error_ms=None if error is None else round(error, 3),
        error_percent=None if error_percent is None else round(error_percent, 1),
    )


def percentile_us(measured: Sequence[Measured], percent: int) -> int | None:
    """The least duration that so many percent do not exceed (nearest rank); None of none."""
    if not measured:
        return None
    ordered = sorted(one.duration_us for one in measured)
    return ordered[max(1, -(-percent * len(ordered) // 100)) - 1]


def _terms(topology: Topology, nodes: int, delay_ms: float) -> tuple[float, float]:
    return base_ms(topology, nodes) + hops(topology, nodes) * delay_ms, nodes * MERGE_MS


def _fitted(rows: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """The two factors: least squares, with a pull towards 1; neither is below 0."""
    if not rows:
        return 1.0, 1.0
    count = len(rows)
    xx, yy, xy = (sum(a) for a in zip(*((x * x, y * y, x * y) for x, y, _ in rows), strict=True))
    xt, yt = (sum(a) for a in zip(*((x * t, y * t) for x, y, t in rows), strict=True))
    pull_x, pull_y = _TOWARDS_ONE * xx / count, _TOWARDS_ONE * yy / count
    determinant = (xx + pull_x) * (yy + pull_y) - xy * xy
    x = ((xt + pull_x) * (yy + pull_y) - xy * (yt + pull_y)) / determinant
    y = ((xx + pull_x) * (yt + pull_y) - xy * (xt + pull_x)) / determinant
    if y < 0:
        return max(0.0, (xt + pull_x) / (xx + pull_x)), 0.0
    if x < 0:
        return 0.0, max(0.0, (yt + pull_y) / (yy + pull_y))
    return x, y

"""Broadcast as Maelstrom's challenges set it: 25 nodes, links of 100 ms, 100 requests a second.

The counts are stricter than Maelstrom's, whose operations include reads: here only broadcasts do.
"""

import pytest

from credimus.bench.maelstrom import Trial, bench_maelstrom
from credimus.maelstrom.modes import Mode

SECONDS = 6


def test_efficient_takes_fewer_than_20_messages_a_broadcast_and_less_than_2_s() -> None:
    figures = bench_maelstrom(Trial(mode=Mode.EFFICIENT, seconds=SECONDS))
    assert figures["lost"] == figures["invented"] == 0
    assert figures["messages_per_broadcast"] < 20
    assert figures["median_ms"] < 1_000
    assert figures["max_ms"] < 2_000


def test_fast_takes_fewer_than_30_messages_a_broadcast_and_less_than_600_ms() -> None:
    figures = bench_maelstrom(Trial(mode=Mode.FAST, seconds=SECONDS))
    assert figures["lost"] == figures["invented"] == 0
    assert figures["messages_per_broadcast"] < 30
    assert figures["median_ms"] < 400
    assert figures["max_ms"] < 600


@pytest.mark.parametrize("mode", Mode)
def test_everything_arrives_after_partitions(mode: Mode) -> None:
    figures = bench_maelstrom(Trial(mode=mode, seconds=SECONDS, partitions=True, nodes=13, seed=3))
    assert figures["max_ms"] > 1_000, "the partitions kept nothing back"
    assert figures["lost"] == figures["invented"] == 0


def test_the_same_seed_gives_the_same_figures() -> None:
    trial = Trial(mode=Mode.FAST, seconds=1, nodes=4, seed=5)
    assert bench_maelstrom(trial) == bench_maelstrom(trial)

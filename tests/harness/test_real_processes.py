"""Fleets of real processes: the measurement and the replay, small, end to end."""

from pathlib import Path

import pytest

from credimus.bench.certificate import bench_certificate
from credimus.bench.decide import bench_decide
from credimus.harness.replay import replay_on_processes
from credimus.sim.replay.plan import ReplayOptions
from credimus.sim.replay.replay import replay

ANSWERS = """item,worker,label
moon,ann,1
moon,bob,1
moon,cyd,0
sun,ann,0
sun,bob,0
sun,cyd,0
star,ann,1
star,bob,0
"""
TRUTH = "item,label\nmoon,1\nsun,0\nstar,1\n"


def test_a_measurement_decides_everything_it_proposes_and_all_nodes_agree() -> None:
    figures = bench_decide(nodes=3, in_flight=6, seconds=0.5)
    assert figures["decided"] > 0
    assert figures["undecided"] == 0
    assert figures["votes_missing"] == 0
    assert figures["agree"] is True


def test_certificates_of_real_verdicts_are_measured() -> None:
    figures = bench_certificate(nodes=5, in_flight=6, seconds=0.5, joined="tickets")
    assert figures["vouched"] is True
    for name in ("idle", "busy"):
        parts = [figures[f"{name}_{part}_bytes"] for part in ("roster", "proposal", "votes")]
        assert figures[f"{name}_votes"] == 4
        assert figures[f"{name}_bytes"] > sum(parts) > 0


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A small crowd and what is true."""
    answers, truth = tmp_path / "answers.csv", tmp_path / "truth.csv"
    answers.write_text(ANSWERS)
    truth.write_text(TRUTH)
    return answers, truth


def test_a_replay_on_processes_comes_to_the_verdicts_of_virtual_time(
    files: tuple[Path, Path],
) -> None:
    options = ReplayOptions(nodes=2)
    real = replay_on_processes(*files, options)
    virtual = replay(*files, options)
    assert real.verdicts == virtual.verdicts
    assert real.verdicts == {"moon": "accepted", "sun": "rejected", "star": "expired"}
    assert real.accuracy == virtual.accuracy == pytest.approx(2.5 / 3)
    assert real.agree
    assert virtual.agree

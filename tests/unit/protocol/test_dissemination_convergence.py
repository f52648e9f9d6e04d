"""How long blocks take to reach all: what is measured, and the formula that is fitted to it."""

import pytest

from credimus.kernel import limits
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND, Instant
from credimus.protocol.dissemination.convergence import Convergence
from credimus.protocol.dissemination.estimating import (
    MERGE_MS,
    Measured,
    Topology,
    base_ms,
    estimate,
    hops,
    percentile_us,
)
from credimus.protocol.dissemination.urgency import Selection, Strategy, Urgency

A, B = NodeId(b"a" * 16), NodeId(b"b" * 16)
MESH = Topology.FULL_MESH


def at(ms: int) -> Instant:
    return Instant(ms * MILLISECOND)


def test_a_block_is_measured_when_the_last_is_known_to_hold_it() -> None:
    seen = Convergence()
    seen.sealed(3, Urgency.NORMAL, at(10))
    seen.sealed(5, Urgency.CRITICAL, at(20))
    seen.held({A: 3}, [A, B], MESH, at(30))
    assert not any(map(seen.measured, Urgency)), "nobody knows of the second"
    seen.held({A: 5, B: 4}, [A, B], MESH, at(40))
    assert seen.measured(Urgency.NORMAL)[0] == Measured(30_000, 3, MESH)
    assert not seen.measured(Urgency.CRITICAL)
    seen.held({A: 5, B: 4}, [A], MESH, at(50))
    assert seen.measured(Urgency.CRITICAL)[0] == Measured(30_000, 2, MESH), "the dead do not count"


def test_nothing_is_measured_alone() -> None:
    seen = Convergence()
    seen.sealed(1, Urgency.LOW, at(0))
    seen.held({}, [], MESH, at(5))
    assert not seen.measured(Urgency.LOW)


def test_the_last_thousand_of_each_urgency_are_kept() -> None:
    seen = Convergence()
    for number in range(1, limits.CONVERGENCE_KEPT_MAX + 3):
        seen.sealed(number, Urgency.LOW, at(number))
        seen.held({A: number}, [A], MESH, at(2 * number))
    kept = seen.measured(Urgency.LOW)
    assert len(kept) == limits.CONVERGENCE_KEPT_MAX
    assert kept[0].duration_us == 3_000


def test_what_nobody_answers_is_let_go_and_counted() -> None:
    seen = Convergence()
    for number in range(limits.CONVERGENCE_WAITING_MAX + 4):
        seen.sealed(number + 1, Urgency.LOW, at(0))
    assert seen.unmeasured_count == 4
    later = at(0) + 61_000 * MILLISECOND
    seen.held({A: 2_000}, [A], MESH, Instant(later))
    assert not seen.measured(Urgency.LOW), (
        "a minute late is no measurement: the answer was to something else"
    )
    assert seen.unmeasured_count == limits.CONVERGENCE_WAITING_MAX + 4


@pytest.mark.parametrize(
    ("topology", "base", "links"),
    [
        (Topology.FULL_MESH, 33, 1), (Topology.RING, 260, 50), (Topology.STAR, 43, 2),
        (Topology.RANDOM, 56, 3), (Topology.SMALL_WORLD, 66, 5),
    ],
)  # fmt: skip
def test_the_base_follows_from_size_and_topology(topology: Topology, base: int, links: int) -> None:
    assert base_ms(topology, 100) == base
    assert hops(topology, 100) == links
    assert base_ms(topology, 1) <= base_ms(topology, 2) <= base_ms(topology, 1_000)


def test_without_measurements_the_formula_stands_alone() -> None:
    one = estimate(Topology.RING, 50, 2.0, [])
    assert one.expected_ms == pytest.approx(135 + 25 * 2.0 + 50 * MERGE_MS)
    assert (one.low_ms, one.high_ms) == (one.expected_ms / 2, one.expected_ms * 2)
    assert (one.delay_factor, one.merge_factor, one.error_ms, one.error_percent) == (
        1,
        1,
        None,
        None,
    )


def test_factors_that_made_the_measurements_are_found_again() -> None:
    def took_us(nodes: int) -> int:
        slow = 0.25 * (base_ms(MESH, nodes) + hops(MESH, nodes) * 1.0)
        return round(1_000 * (slow + 3.0 * nodes * MERGE_MS))

    measured = [Measured(took_us(n), n, MESH) for n in (3, 5, 8, 12, 40, 100) for _ in range(100)]
    one = estimate(MESH, 60, 1.0, measured)
    assert one.delay_factor == pytest.approx(0.25, abs=0.02)
    assert one.merge_factor == pytest.approx(3.0, abs=0.1)
    assert one.expected_ms == pytest.approx(took_us(60) / 1_000, rel=0.02)
    assert one.error_percent is not None
    assert one.error_percent < 3


def test_the_error_and_the_range_say_how_well_it_fits() -> None:
    steady = [Measured(10_000, 5, MESH)] * 200
    loose = [Measured(5_000, 5, MESH), Measured(15_000, 5, MESH)] * 100
    first, second = estimate(MESH, 5, 1.0, steady), estimate(MESH, 5, 1.0, loose)
    assert first.expected_ms == pytest.approx(second.expected_ms)
    assert first.expected_ms == pytest.approx(10, rel=0.05)
    assert second.error_ms == pytest.approx(5, rel=0.05)
    assert second.high_ms - second.low_ms > 4 * (first.high_ms - first.low_ms)
    inside = sum(second.low_ms <= one.duration_us / 1_000 <= second.high_ms for one in loose)
    assert inside >= 0.95 * len(loose)


@pytest.mark.parametrize("fast_us", [1, 100_000_000])
def test_no_factor_is_negative(fast_us: int) -> None:
    measured = [Measured(fast_us, 3, MESH), Measured(1, 100, MESH)] * 50
    one = estimate(MESH, 50, 1.0, measured)
    assert one.delay_factor >= 0
    assert one.merge_factor >= 0
    assert 0 <= one.low_ms <= one.expected_ms <= one.high_ms


def test_percentiles_are_of_what_was_measured() -> None:
    measured = [Measured(one, 5, MESH) for one in (40, 10, 30, 20)]
    assert [percentile_us(measured, percent) for percent in (1, 50, 99)] == [10, 20, 40]
    assert percentile_us([], 50) is None


@pytest.mark.parametrize(
    "wrong", [{"fanout": 0}, {"rounds": -1}, {"redundancy_percent": 99}, {"wait_ns": -1}]
)
def test_a_strategy_has_ranges(wrong: dict[str, int]) -> None:
    usual = {"fanout": 3, "rounds": 5, "redundancy_percent": 150, "announce_ns": 0,
             "patience_ns": 0, "wait_ns": 0}  # fmt: skip
    with pytest.raises(ValueError, match="from"):
        Strategy(selection=Selection.RANDOM, **{**usual, **wrong})

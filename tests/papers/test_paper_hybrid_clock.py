"""Kulkarni et al., "Logical Physical Clocks" (OPODIS 2014): the theorems of section 3.

Theorem 1: if e happened before f, then the stamp of e is smaller. Theorem 2 and corollary 1: the
physical part is never behind the node's own clock, and ahead of it by at most the clocks' spread.
"""

from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel.hlc import LOGICAL_BITS, HybridClock, stamp_of, wall_ms_of

EPSILON_MS = 40
NODES = 4


class Process:
    """A node whose physical clock is up to EPSILON_MS ahead of true time."""

    def __init__(self, ahead_ms: int) -> None:
        self.ahead_ms = ahead_ms
        self.clock = HybridClock(skew_ms_max=EPSILON_MS)
        self.past: frozenset[int] = frozenset()


steps = st.lists(
    st.tuples(
        st.integers(0, NODES - 1),  # who acts
        st.integers(0, NODES - 1),  # whose last event it hears of; its own for none
        st.sampled_from((0, 0, 0, 1, 7)),  # ms that pass before
    ),
    max_size=60,
)


@given(st.lists(st.integers(0, EPSILON_MS), min_size=NODES, max_size=NODES), steps)
def test_stamps_respect_causality_and_stay_close_to_the_clock(
    ahead: list[int], story: list[tuple[int, int, int]]
) -> None:
    processes = [Process(one) for one in ahead]
    last: dict[int, int] = {}
    true_ms = 1_000_000
    for who, heard, passed_ms in story:
        true_ms += passed_ms
        process = processes[who]
        wall_ms = true_ms + process.ahead_ms
        if heard in last:
            process.clock.check(last[heard], wall_ms)  # a clock within epsilon is never refused
            process.clock.observe(last[heard])
            process.past |= processes[heard].past
        stamp = process.clock.next(wall_ms)
        assert all(earlier < stamp for earlier in process.past)
        assert 0 <= wall_ms_of(stamp) - wall_ms <= EPSILON_MS
        assert wall_ms_of(stamp) <= true_ms + EPSILON_MS
        process.past |= {stamp}
        last[who] = stamp


def test_a_remote_reading_equal_to_our_clock_still_advances_the_logical_part() -> None:
    clock = HybridClock(skew_ms_max=0)
    remote = stamp_of(5_000, 3)
    clock.observe(remote)
    assert clock.next(5_000) == stamp_of(5_000, 4)


def test_a_full_logical_part_carries() -> None:
    clock = HybridClock(skew_ms_max=0, last=stamp_of(5_000, (1 << LOGICAL_BITS) - 1))
    assert clock.next(5_000) == stamp_of(5_001)

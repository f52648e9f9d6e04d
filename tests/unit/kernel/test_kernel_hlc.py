"""Stamps: the paper's rules, in one integer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel.errors import PeerFault
from credimus.kernel.hlc import LOGICAL_BITS, STAMP_MAX, HybridClock, stamp_of, wall_ms_of

WALL = 1_700_000_000_000
walls = st.integers(0, 1 << 40)


class PaperClock:
    """Kulkarni et al. 2014, figure 5, with a pair (l, c): the oracle."""

    def __init__(self) -> None:
        self.reading = (0, 0)

    def send(self, wall: int) -> tuple[int, int]:
        level, count = self.reading
        now = max(level, wall)
        self.reading = (now, count + 1 if now == level else 0)
        return self.reading

    def receive(self, remote: tuple[int, int], wall: int) -> tuple[int, int]:
        level, count = self.reading
        now = max(level, remote[0], wall)
        if now == level == remote[0]:
            count = max(count, remote[1]) + 1
        elif now == level:
            count += 1
        elif now == remote[0]:
            count = remote[1] + 1
        else:
            count = 0
        self.reading = (now, count)
        return self.reading


@given(st.lists(st.tuples(walls, st.none() | st.tuples(walls, st.integers(0, 1_000)))))
def test_the_clock_follows_the_paper(steps: list) -> None:
    ours, paper = HybridClock(0), PaperClock()
    for wall, remote in steps:
        if remote is None:
            expected = paper.send(wall)
        else:
            expected = paper.receive(remote, wall)
            ours.observe(stamp_of(*remote))
        assert ours.next(wall) == stamp_of(*expected)


def test_a_remote_reading_equal_to_our_wall_clock_advances_the_logical_part() -> None:
    clock = HybridClock(0)
    clock.observe(stamp_of(WALL, 7))
    assert clock.next(WALL) == stamp_of(WALL, 8)


def test_the_wall_clock_resets_the_logical_part() -> None:
    clock = HybridClock(0, last=stamp_of(WALL, 9))
    assert clock.next(WALL + 1) == stamp_of(WALL + 1)


def test_a_wall_clock_set_back_repeats_nothing() -> None:
    clock = HybridClock(0)
    assert clock.next(WALL) < clock.next(WALL - 1_000_000) < clock.next(WALL)


def test_nothing_is_repeated_after_a_restart() -> None:
    before = HybridClock(0)
    stamps = [before.next(WALL) for _ in range(3)]
    after = HybridClock(0, last=before.last)
    assert after.next(WALL) not in stamps
    assert after.last > stamps[-1]


def test_a_full_logical_part_carries_into_the_milliseconds() -> None:
    clock = HybridClock(0, last=stamp_of(WALL, (1 << LOGICAL_BITS) - 1))
    assert clock.next(WALL) == stamp_of(WALL + 1, 0)


@pytest.mark.parametrize("ahead_ms", [-(10**12), 0, 59_999, 60_000])
def test_only_the_future_is_refused(ahead_ms: int) -> None:
    HybridClock(60_000).check(stamp_of(WALL + ahead_ms, 65_535), WALL)


@pytest.mark.parametrize("remote", [stamp_of(WALL + 60_001), STAMP_MAX])
def test_a_stamp_too_far_ahead_is_the_peer_s_fault_and_leaves_the_clock(remote: int) -> None:
    clock = HybridClock(60_000)
    with pytest.raises(PeerFault) as caught:
        clock.check(remote, WALL)
    assert caught.value.code == "stamp-too-far-in-future"
    assert clock.last == 0


@given(walls, st.integers(0, (1 << LOGICAL_BITS) - 1))
def test_a_stamp_tells_its_wall_clock(wall: int, logical: int) -> None:
    assert wall_ms_of(stamp_of(wall, logical)) == wall
    assert stamp_of(wall, logical) < stamp_of(wall + 1)


def test_observing_the_past_changes_nothing() -> None:
    clock = HybridClock(0, last=stamp_of(WALL))
    clock.observe(stamp_of(WALL - 1))
    assert clock.last == stamp_of(WALL)

"""Marks are token buckets, exactly."""

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.hlc import stamp_of
from credimus.state.category_limits import CategoryLimits, Marks
from credimus.state.member_operations import AdmissionRule, CategoryLimit, Charter, Limit
from credimus.state.membership.law import Law
from credimus.state.operations import Assert, Votes, read_operations
from strategies import WALL_MS

LIMITS = CategoryLimits(Limit((CategoryLimit("alarm", 7_000, 3), CategoryLimit("gossip", 60, 1))))
STEP_US = 3_600_000_000 // 7_000


def alarms(count: int, category: str = "alarm") -> list:
    return [Assert(n + 1, f"{n}", category, 1) for n in range(count)]


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 5)), max_size=12))
def test_a_mark_is_a_token_bucket(steps: list[tuple[int, int]]) -> None:
    marks: Marks = ()
    bucket, wall_ms = Fraction(3), WALL_MS
    for after_ms, count in steps:
        wall_ms += after_ms
        bucket = min(Fraction(3), bucket + Fraction(1_000 * after_ms, STEP_US))
        stamp = stamp_of(wall_ms, 5)
        after = LIMITS.after(marks, alarms(count), stamp)
        assert (LIMITS.exceeded(after, stamp) is not None) == (count > bucket)
        within, beyond = LIMITS.parted(marks, [*alarms(count), *alarms(2, "free")], stamp)
        assert len(within) == min(count, int(bucket)) + 2
        assert len(within) + len(beyond) == count + 2
        assert LIMITS.left(marks, "alarm", stamp) == int(bucket)
        if count <= bucket:
            marks, bucket = after, bucket - count


@given(st.integers(0, 5_000), st.integers(0, 3), st.integers(0, 3))
def test_who_waits_as_long_as_told_may_state_one_more(
    after_ms: int, stated: int, waiting: int
) -> None:
    marks = LIMITS.after((), alarms(stated), stamp_of(WALL_MS))
    now_ms = WALL_MS + after_ms
    free_ms = LIMITS.free_at_ms(marks, "alarm", now_ms, waiting)
    if free_ms <= now_ms:
        block = alarms(waiting + 1)
        assert not LIMITS.parted(marks, block, stamp_of(now_ms))[1]
    elif not LIMITS.parted(marks, alarms(waiting), stamp_of(now_ms))[1]:
        sealed = LIMITS.after(marks, alarms(waiting), stamp_of(now_ms))
        assert not LIMITS.parted(sealed, alarms(1), stamp_of(free_ms))[1]
        assert LIMITS.parted(sealed, alarms(1), stamp_of(free_ms - 1))[1]


def test_what_states_nothing_of_these_categories_changes_nothing() -> None:
    marks = LIMITS.after((), alarms(1), stamp_of(WALL_MS))
    assert LIMITS.after(marks, [Votes(()), *alarms(9, "free")], stamp_of(WALL_MS)) is marks
    assert LIMITS.of("free") is None


@pytest.mark.parametrize(
    "said",
    [
        Limit(()),
        Limit(tuple(CategoryLimit(f"c{n:03}", 1, 1) for n in range(65))),
        Limit((CategoryLimit("alarm", 0, 1),)),
        Limit((CategoryLimit("alarm", limits.CATEGORY_PER_HOUR_MAX + 1, 1),)),
        Limit((CategoryLimit("alarm", 1, 0),)),
        Limit((CategoryLimit("alarm", 1, limits.CATEGORY_BURST_MAX + 1),)),
        Limit((CategoryLimit("Alarm", 1, 1),)),
    ],
)
def test_limits_out_of_range_are_malformed(said: Limit) -> None:
    with pytest.raises(PeerFault) as fault:
        read_operations(encode([said]))
    assert fault.value.code == "malformed"


def test_limits_that_are_not_sorted_are_malformed() -> None:
    twice = msgspec.to_builtins([LIMITS.limits[0]] * 2)
    with pytest.raises(PeerFault, match="sorted"):
        read_operations(encode([[25, twice]]))
    with pytest.raises(ValueError, match="sorted"):
        Limit(LIMITS.limits[::-1])


@pytest.mark.parametrize("charter", [None, Charter(AdmissionRule.FOUNDER)])
def test_the_facts_of_a_view_hold_the_limits(charter: Charter | None) -> None:
    law = Law()
    law.charter, law.limit = charter, Limit(LIMITS.limits)
    assert law
    read = Law.read(law.to_bytes(), None)
    assert (read.charter, read.limit, read.to_bytes()) == (charter, law.limit, law.to_bytes())
    assert law.joined(Law()).to_bytes() == Law().joined(law).to_bytes() == law.to_bytes()

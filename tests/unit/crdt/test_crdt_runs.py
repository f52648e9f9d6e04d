"""Runs of counters beside plain sets."""

from hypothesis import given, settings
from hypothesis import strategies as st

from credimus.crdt import runs

counters = st.sets(st.integers(1, 24), max_size=16)


@settings(max_examples=200)
@given(left=counters, right=counters)
def test_runs_do_what_sets_do(left: set[int], right: set[int]) -> None:
    a, b = runs.of(sorted(left)), runs.of(sorted(right))
    assert runs.union(a, b) == runs.of(sorted(left | right))
    assert runs.difference(a, b) == runs.of(sorted(left - right))
    assert runs.intersection(a, b) == runs.of(sorted(left & right))
    assert runs.count(a) == len(left)
    assert [n for n in range(26) if runs.contains(a, n)] == sorted(left)


@settings(max_examples=200)
@given(pieces=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 6)), max_size=12))
def test_inserted_runs_close_up(pieces: list[tuple[int, int]]) -> None:
    bounds: runs.Bounds = []
    expected: set[int] = set()
    for low, length in pieces:
        runs.insert(bounds, low, low + length)
        expected |= set(range(low, low + length))
        assert bounds == runs.of(sorted(expected))

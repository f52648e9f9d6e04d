"""A delta does what the state does, in any order and any number of times."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from registry import CASES, NAMES, grow, steps

from credimus.crdt import ORSet, PNCounter, Version

SETS = CASES[0]
Set = ORSet[bytes, bytes]


@settings(max_examples=150)
@given(before=steps, after=steps)
def test_delta_equals_state(before: list[Any], after: list[Any]) -> None:
    ours, theirs, _ = grow(SETS, before)
    theirs.merge(ours)
    version = ours.version()
    context = ours.context
    other = grow(SETS, after)[1].copy()
    for step in after:
        SETS.change(ours, NAMES[0], step)
    ours.merge(_renamed(other))
    by_state = theirs.copy()
    by_state.merge(ours)
    for since in (version, context, context.vector()):
        by_delta = theirs.copy()
        delta = ours.delta_since(since)
        by_delta.merge(ORSet.from_bytes(delta.to_bytes()))
        assert by_delta.to_bytes() == by_state.to_bytes()
        assert not by_delta.merge(delta)


@settings(max_examples=100)
@given(played=steps, draws=st.data())
def test_deltas_merge_in_any_order_and_any_number_of_times(
    played: list[Any], draws: st.DataObject
) -> None:
    ours: Set = ORSet(NAMES[0])
    deltas = []
    for step in played:
        version = ours.version()
        SETS.change(ours, NAMES[0], step)
        deltas.append(ours.delta_since(version))
    shuffled = draws.draw(st.permutations(deltas + deltas[:5]))
    theirs: Set = ORSet()
    for delta in shuffled:
        theirs.merge(delta)
    assert theirs == ours
    assert theirs.to_bytes() == ours.to_bytes()


@settings(max_examples=60)
@given(amounts=st.lists(st.integers(-9, 9), max_size=12), draws=st.data())
def test_counter_deltas_equal_its_state(amounts: list[int], draws: st.DataObject) -> None:
    ours = PNCounter(b"a")
    deltas = [ours.change(amount) for amount in amounts]
    theirs = PNCounter()
    for delta in draws.draw(st.permutations(deltas + deltas)):
        theirs.merge(delta)
    assert theirs == ours
    assert theirs.value == sum(amounts)


def test_delta_is_empty_when_nothing_happened() -> None:
    ours: Set = ORSet(b"a")
    ours.add(b"k", b"r")
    delta = ours.delta_since(ours.version())
    assert len(delta) == 0
    assert len(delta.context) == 0
    assert isinstance(ours.version(), Version)


def _renamed(other: Set) -> Set:
    """The same contents as another history: its dots under names of their own."""
    result: Set = ORSet()
    for key in sorted(other.keys()):
        for dot in other.dots(key):
            record = other.record_at(*dot)
            assert record is not None
            result.insert(b"z" + dot.replica, dot.counter, key, record)
    for replica, counter in other.context:
        result.discard(b"z" + replica, counter) if counter % 2 else None
    return result

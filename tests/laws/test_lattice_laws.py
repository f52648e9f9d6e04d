"""The three laws, and canonical bytes, for every lattice."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry import CASES, Case, grow, joined, steps

from credimus.kernel.errors import PeerFault

every_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


@every_case
@settings(max_examples=60)
@given(played=steps)
def test_merge_is_commutative_associative_and_idempotent(case: Case, played: list[Any]) -> None:
    a, b, c = grow(case, played)
    whole = joined(case, a, b, c)
    for order in permutations((a, b, c)):
        assert joined(case, *order).to_bytes() == whole.to_bytes()
    right = joined(case, b, c)
    assert joined(case, a, right) == whole
    again = whole.to_bytes()
    for value in (a, b, c, right, joined(case, whole)):
        assert not whole.merge(value)
    assert whole.to_bytes() == again


@every_case
@settings(max_examples=60)
@given(played=steps)
def test_merge_says_whether_it_changed_anything(case: Case, played: list[Any]) -> None:
    a, b, _ = grow(case, played)
    before = a.to_bytes()
    changed = a.merge(b)
    assert changed == (a.to_bytes() != before)


@every_case
@settings(max_examples=60)
@given(played=steps)
def test_bytes_round_trip_and_are_canonical(case: Case, played: list[Any]) -> None:
    for value in grow(case, played):
        raw = value.to_bytes()
        read = case.read(raw)
        assert read == value
        assert read.to_bytes() == raw
        assert joined(case, read).to_bytes() == raw


@every_case
@settings(max_examples=150)
@given(raw=st.binary(max_size=80))
def test_any_bytes_are_a_value_or_a_peer_fault(case: Case, raw: bytes) -> None:
    _a_value_or_a_peer_fault(case, raw)


@every_case
@settings(max_examples=60)
@given(
    played=steps,
    edits=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=3),
    cut=st.integers(0, 4),
)
def test_altered_bytes_are_a_value_or_a_peer_fault(
    case: Case, played: list[Any], edits: list[tuple[int, int]], cut: int
) -> None:
    raw = bytearray(joined(case, *grow(case, played)).to_bytes())
    for at, octet in edits:
        raw[at % len(raw)] = octet
    altered = bytes(raw[: len(raw) - cut])
    _a_value_or_a_peer_fault(case, altered)


def _a_value_or_a_peer_fault(case: Case, raw: bytes) -> None:
    try:
        value = case.read(raw)
    except PeerFault as raised:
        fault = raised
    else:
        assert value.to_bytes() == raw
        return
    assert fault.code == "malformed"

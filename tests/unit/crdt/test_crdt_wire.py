"""The wire form: hostile bytes, columns of every shape, and a bench that runs."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credimus.bench.orset import bench_orset
from credimus.crdt import ORSet
from credimus.kernel import codec
from credimus.kernel.errors import PeerFault

Set = ORSet[bytes, bytes]


def _message(*header: object, columns: bytes = b"") -> bytes:
    encoded = codec.encode(header)
    return len(encoded).to_bytes(4, "big") + encoded + columns


NO_COLUMN = (0, 1, 0)
HUGE = 1 << 60


@pytest.mark.parametrize(
    "raw",
    [
        _message(2, [], NO_COLUMN, NO_COLUMN),
        _message(1, [], NO_COLUMN, NO_COLUMN, columns=b"x"),
        _message(1, [], (0, 0, 0), NO_COLUMN),
        _message(1, [], (0, 3, 0), NO_COLUMN),
        _message(1, [], (7, 1, 0), (7, 1, 0), columns=b""),
        _message(1, [(b"a", [1, HUGE], [1, HUGE])], (0, 0, 1), (0, 0, 1), columns=b"xx"),
        _message(1, [(b"a", [1, HUGE], [1, HUGE])], NO_COLUMN, NO_COLUMN),
        _message(1, [(b"a", [1, 2], [2, 3])], (0, 0, 1), (0, 0, 1), columns=b"kr"),  # not seen
        _message(1, [(b"a", [], [])], NO_COLUMN, NO_COLUMN),
        _message(1, [(b"a", [1, 2, 2, 3], [])], NO_COLUMN, NO_COLUMN),  # touching runs
        _message(1, [(b"b", [1, 2], []), (b"a", [1, 2], [])], NO_COLUMN, NO_COLUMN),
        _message(1, [(b"a", [1, 2], [1, 2])], (0, 1, 0), (0, 0, 1), columns=b"\x01kr"),
        _message(1, [(b"a", [1, 2], [1, 2])], (1, 0, 3), (0, 0, 1), columns=b"\xc4\x01kr"),
    ],
)
def test_hostile_bytes_are_the_peers_fault(raw: bytes) -> None:
    with pytest.raises(PeerFault) as caught:
        ORSet.from_bytes(raw)
    assert caught.value.code == "malformed"


def test_too_many_replicas_are_the_peers_fault() -> None:
    rows = [(number.to_bytes(3, "big"), [1, 2], []) for number in range(65_536)]
    with pytest.raises(PeerFault, match="too many"):
        ORSet.from_bytes(_message(1, rows, NO_COLUMN, NO_COLUMN))


@settings(max_examples=80)
@given(
    pairs=st.lists(
        st.tuples(st.binary(max_size=3), st.one_of(st.binary(max_size=4), st.just(b"l" * 300))),
        max_size=8,
    ),
    removed=st.sets(st.integers(1, 8)),
)
def test_columns_of_every_shape_round_trip(
    pairs: list[tuple[bytes, bytes]], removed: set[int]
) -> None:
    held: Set = ORSet()
    for at, (key, record) in enumerate(pairs):
        held.insert(b"r%d" % (at % 2), at + 1, key, record)
    for counter in removed:
        held.discard(b"r1", counter)
    raw = held.to_bytes()
    assert ORSet.from_bytes(raw).to_bytes() == raw
    assert ORSet.from_bytes(raw) == held


@settings(max_examples=60)
@given(records=st.lists(st.one_of(st.integers(), st.text(), st.binary()), max_size=5))
def test_mixed_records_round_trip(records: list[object]) -> None:
    held: ORSet[int, object] = ORSet(b"a")
    fits = [item for item in records if not isinstance(item, int) or abs(item) < 2**63]
    for at, item in enumerate(fits):
        held.add(at, item)
    raw = held.to_bytes()
    read: ORSet[int, object] = ORSet.from_bytes(raw, key_type=int, record_type=Any)
    assert read == held
    assert read.to_bytes() == raw


def test_the_bench_gives_every_figure() -> None:
    figures = bench_orset(200)
    assert figures["empty_bytes"] <= 64
    assert figures["payload_ratio"] <= 1.02
    assert {"adds_per_s", "removes_per_s", "merge_s", "serialize_s", "deserialize_s"} <= set(
        figures
    )
    assert {"serialize_s", "deserialize_s", "bytes_per_element"} <= set(figures)
    assert {"delta_ms", "delta_ms_at_10x"} <= set(figures)

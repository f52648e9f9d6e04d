"""Delta intervals with acknowledgements."""

import pytest

from credimus.crdt import DeltaBuffer, ORSet, deltas
from credimus.kernel.errors import UsageError

Set = ORSet[bytes, bytes]


def _add(held: Set, buffer: DeltaBuffer[Set], key: bytes) -> None:
    since = held.version()
    held.add(key, b"r")
    buffer.record(held.delta_since(since))


def test_an_interval_begins_where_the_peer_acknowledged() -> None:
    ours: Set = ORSet(b"a")
    theirs: Set = ORSet(b"b")
    mine: DeltaBuffer[Set] = DeltaBuffer(ORSet)
    yours: DeltaBuffer[Set] = DeltaBuffer(ORSet)
    _add(ours, mine, b"1")
    first = mine.interval_for(b"b", ours)
    assert first is not None
    assert (first.start, first.end) == (0, 2)
    end = yours.accept(b"a", first, theirs)
    assert end == 2
    mine.acknowledge(b"b", end)
    assert mine.interval_for(b"b", ours) is None
    assert len(mine) == 0
    _add(ours, mine, b"2")
    _add(ours, mine, b"3")
    second = mine.interval_for(b"b", ours)
    assert second is not None
    assert (second.start, second.end) == (2, 4)
    assert sorted(second.delta.keys()) == [b"2", b"3"]
    assert yours.accept(b"a", second, theirs) == 4
    assert yours.accept(b"a", first, theirs) == 4
    assert theirs == ours


def test_an_interval_after_a_hole_is_not_taken() -> None:
    ours: Set = ORSet(b"a")
    theirs: Set = ORSet(b"b")
    mine: DeltaBuffer[Set] = DeltaBuffer(ORSet)
    _add(ours, mine, b"1")
    mine.acknowledge(b"b", 2)
    _add(ours, mine, b"2")
    interval = mine.interval_for(b"b", ours)
    assert interval is not None
    assert DeltaBuffer[Set](ORSet).accept(b"a", interval, theirs) is None
    assert len(theirs) == 0
    mine.forget(b"b")
    whole = mine.interval_for(b"b", ours)
    assert whole is not None
    assert whole.start == 0
    assert DeltaBuffer[Set](ORSet).accept(b"a", whole, theirs) == 3
    assert theirs == ours


def test_past_the_limit_the_whole_state_is_sent() -> None:
    ours: Set = ORSet(b"a")
    mine: DeltaBuffer[Set] = DeltaBuffer(ORSet, limit=2)
    _add(ours, mine, b"0")
    mine.acknowledge(b"b", 2)
    for number in range(1, 5):
        _add(ours, mine, b"%d" % number)
    assert len(mine) == 2
    assert mine.dropped_count == 2
    interval = mine.interval_for(b"b", ours)
    assert interval is not None
    assert interval.start == 0
    assert interval.delta is ours


def test_absurd_acknowledgements_change_nothing() -> None:
    ours: Set = ORSet(b"a")
    mine: DeltaBuffer[Set] = DeltaBuffer(ORSet)
    _add(ours, mine, b"1")
    for end in (-1, 0, 99):
        mine.acknowledge(b"b", end)
    assert len(mine) == 1
    assert mine.end == 2


def test_peers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deltas, "PEERS_MAX", 2)
    ours: Set = ORSet(b"a")
    mine: DeltaBuffer[Set] = DeltaBuffer(ORSet)
    _add(ours, mine, b"1")
    for peer in (b"x", b"y", b"z"):
        mine.acknowledge(peer, 2)
    assert mine.interval_for(b"x", ours) is not None
    assert mine.interval_for(b"z", ours) is None


def test_a_buffer_keeps_at_least_one() -> None:
    with pytest.raises(UsageError):
        DeltaBuffer[Set](ORSet, limit=0)

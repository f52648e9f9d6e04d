"""Registers and the counter."""

import pytest

from credimus.crdt import LWWRegister, MVRegister, PNCounter
from credimus.kernel.errors import UsageError


def test_the_last_writer_wins_and_ties_are_decided_alike_everywhere() -> None:
    left: LWWRegister[str] = LWWRegister()
    right: LWWRegister[str] = LWWRegister()
    assert left.assign("early", 1, b"z")
    assert not left.assign("earlier", 0, b"z")
    assert left.assign("tie", 2, b"a")
    assert right.assign("winner", 2, b"b")
    assert left.merge(right)
    assert not right.merge(left)
    assert left.value == right.value == "winner"
    assert LWWRegister.from_bytes(left.to_bytes(), value_type=str).value == "winner"


def test_a_multi_value_register_keeps_concurrent_values_until_the_next() -> None:
    ann: MVRegister[bytes] = MVRegister(b"ann")
    bob: MVRegister[bytes] = MVRegister(b"bob")
    assert ann.values() == []
    ann.assign(b"a")
    bob.assign(b"b")
    ann.merge(bob)
    assert ann.values() == [b"a", b"b"]
    ann.assign(b"both seen")
    bob.merge(ann)
    assert bob.values() == [b"both seen"]


def test_a_counter_goes_up_and_down() -> None:
    ann, bob = PNCounter(b"ann"), PNCounter(b"bob")
    ann.change(5)
    bob.change(-7)
    bob.merge(ann)
    assert bob.value == -2
    with pytest.raises(UsageError):
        PNCounter().change(1)
    with pytest.raises(UsageError):
        ann.change(1 << 63)
    assert ann.value == 5

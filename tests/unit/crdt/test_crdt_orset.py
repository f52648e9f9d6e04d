"""The OR-Set, one behaviour at a time."""

from itertools import permutations, product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credimus.crdt import CausalContext, Dot, ORSet, VersionVector, store
from credimus.crdt.dot import COUNTER_MAX
from credimus.kernel.errors import PeerFault, UsageError

Set = ORSet[bytes, bytes]


def test_add_supersedes_what_was_seen_and_remove_removes_it() -> None:
    held: Set = ORSet(b"a")
    assert held.add(b"k", b"one") == 1
    assert held.add(b"k", b"two") == 2
    assert held.records(b"k") == [b"two"]
    assert held.dots(b"k") == [Dot(b"a", 2)]
    assert list(held.items()) == [(b"k", [b"two"])]
    assert held.record_at(b"a", 2) == b"two"
    assert held.record_at(b"a", 1) is None
    assert held.record_at(b"z", 1) is None
    assert held.remove(b"k")
    assert not held.remove(b"k")
    assert b"k" not in held
    assert held.records(b"k") == held.dots(b"k") == list(held.keys()) == []


def test_add_wins_over_a_concurrent_remove() -> None:
    ann: Set = ORSet(b"ann")
    ann.add(b"k", b"old")
    bob = ann.copy(b"bob")
    ann.add(b"k", b"new")
    bob.remove(b"k")
    ann.merge(bob)
    bob.merge(ann)
    assert ann.records(b"k") == bob.records(b"k") == [b"new"]


def test_concurrent_adds_are_siblings_in_order_of_dot() -> None:
    late: Set = ORSet(b"zed")
    early: Set = ORSet(b"amy")
    late.add(b"k", b"z")
    early.add(b"k", b"a")
    late.merge(early)
    assert late.records(b"k") == [b"a", b"z"]
    assert late.dots(b"k") == [Dot(b"amy", 1), Dot(b"zed", 1)]
    assert len(late) == 1
    assert late.remove(b"k")
    assert len(late) == 0


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_insert_and_discard_commute_also_for_forks(order: tuple[int, ...]) -> None:
    steps = [
        lambda held: held.insert(b"liar", 1, b"k", b"first"),
        lambda held: held.insert(b"liar", 1, b"other", b"second"),
        lambda held: held.insert(b"liar", 3, b"k", b"third"),
        lambda held: held.discard(b"liar", 3),
    ]
    expected: Set = ORSet()
    expected.discard(b"liar", 1)  # two contents void each other
    expected.discard(b"liar", 3)
    held: Set = ORSet()
    for step in order:
        steps[step](held)
    assert held == expected
    assert held.to_bytes() == expected.to_bytes()


def test_insert_says_whether_anything_changed() -> None:
    held: Set = ORSet()
    assert held.insert(b"r", 2, b"k", b"m")
    assert not held.insert(b"r", 2, b"k", b"m")
    assert held.insert(b"r", 2, b"k", b"n"), "both are void"
    assert held.record_at(b"r", 2) is None
    assert not held.insert(b"r", 2, b"k", b"m")
    assert held.insert(b"r", 3, b"k", b"a")
    assert held.discard(b"r", 3) == b"a"
    assert held.discard(b"r", 3) is None
    assert held.discard(b"r", 1) is None
    assert not held.insert(b"r", 1, b"k", b"a")
    assert held.context == CausalContext([(b"r", 1), (b"r", 2), (b"r", 3)])


def test_two_contents_under_one_dot_void_each_other_on_both_sides() -> None:
    sets: list[Set] = [ORSet(), ORSet()]
    for held, record in zip(sets, (b"x", b"y"), strict=True):
        held.insert(b"liar", 1, b"k", record)
        held.insert(b"liar", 2, b"key " + record, b"same")
        held.insert(b"liar", 3, b"k", b"honest")
    since = sets[1].version()
    assert sets[1].merge(sets[0])
    assert sets[0].merge(sets[1])
    assert sets[0].to_bytes() == sets[1].to_bytes()
    assert sets[0].records(b"k") == [b"honest"]
    assert list(sets[1].keys()) == [b"k"]
    third: Set = ORSet()
    third.insert(b"liar", 1, b"k", b"z")
    third.insert(b"liar", 3, b"k", b"honest")
    third.merge(sets[1].delta_since(since))
    assert third == sets[0]


def test_a_void_travels_in_later_deltas() -> None:
    ours: Set = ORSet()
    ours.insert(b"liar", 1, b"k", b"larger")
    theirs = ours.copy()
    since = ours.version()
    ours.insert(b"liar", 1, b"j", b"less")
    for moment in (since, since.context, since.context.vector()):
        copy = theirs.copy()
        copy.merge(ORSet.from_bytes(ours.delta_since(moment).to_bytes()))
        assert copy == ours
    ours.insert(b"liar", 1, b"k", b"larger")
    theirs.merge(ours.delta_since(since))
    assert theirs == ours
    assert len(theirs) == 0


def test_own_dots_that_come_back_from_others_are_never_made_again() -> None:
    before: Set = ORSet(b"a")
    before.add(b"k", b"one")
    since = before.version()
    before.add(b"k", b"two")
    restarted: Set = ORSet(b"a")
    restarted.merge(before.delta_since(since))
    restarted.insert(b"a", 7, b"far", b"r")
    assert restarted.add(b"new", b"r") == 8
    assert restarted.add(b"new", b"s") == 9


def test_a_set_without_a_replica_can_not_add() -> None:
    held: Set = ORSet()
    with pytest.raises(UsageError, match="no replica"):
        held.add(b"k", b"r")
    assert len(held.context) == 0


@pytest.mark.parametrize("counter", [0, -1, COUNTER_MAX + 1])
def test_counters_out_of_range_change_nothing(counter: int) -> None:
    held: Set = ORSet(b"a")
    before = held.to_bytes()
    with pytest.raises(UsageError):
        held.insert(b"r", counter, b"k", b"r")
    with pytest.raises(UsageError):
        held.discard(b"r", counter)
    assert held.to_bytes() == before


@pytest.mark.parametrize("replica", [b"n" * 256, "text"])
def test_unusable_names_are_refused(replica: bytes) -> None:
    with pytest.raises(UsageError):
        ORSet(replica)
    with pytest.raises(UsageError):
        ORSet[bytes, bytes](b"a").insert(replica, 1, b"k", b"r")


def test_nothing_is_left_of_what_is_removed() -> None:
    held: Set = ORSet(b"n" * 16)
    for number in range(2_000):
        held.add(b"%d" % number, b"r" * 300)
    for number in range(2_000):
        held.remove(b"%d" % number)
    assert len(held.to_bytes()) <= 64
    empty = ORSet.from_bytes(held.to_bytes())
    assert len(empty) == 0
    assert empty == held
    other: Set = ORSet()
    other.insert(b"n" * 16, 5, b"5", b"late")
    held.merge(other)
    assert len(held) == 0


def test_far_counters_cost_nothing() -> None:
    held: Set = ORSet(b"a")
    held.insert(b"r", COUNTER_MAX, b"k", b"r")
    held.discard(b"s", 2**50)
    read: Set = ORSet.from_bytes(held.to_bytes())
    assert read == held
    assert not held.merge(read)
    wide: Set = ORSet()
    context = CausalContext.of_runs({b"r": [1, COUNTER_MAX + 1], b"t": [2**40, 2**60]})
    wide.merge(held)
    assert len(wide.delta_since(context).context) == 1


def test_removals_beyond_those_remembered_still_travel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("credimus.crdt.orset.GONE_MAX", 8)
    monkeypatch.setattr(store, "GONE_MAX", 8)
    ours: Set = ORSet(b"a")
    for number in range(40):
        ours.add(b"%d" % number, b"r")
    theirs = ours.copy()
    since = ours.version()
    for number in range(30):
        ours.remove(b"%d" % number)
    theirs.merge(ours.delta_since(since))
    assert theirs == ours
    again = ours.delta_since(VersionVector({b"a": 40}))
    assert len(again.context) == 30


def test_values_of_other_types_travel_too() -> None:
    class Claim(msgspec.Struct, array_like=True, frozen=True):
        text: str
        stamp: int

    held: ORSet[str, Claim] = ORSet(b"a")
    held.add("key", Claim("text", 7))
    held.add("longer key", Claim("", 8))
    raw = held.to_bytes()
    read: ORSet[str, Claim] = ORSet.from_bytes(raw, key_type=str, record_type=Claim)
    assert read == held
    assert read.to_bytes() == raw
    with pytest.raises(PeerFault):
        ORSet.from_bytes(raw)


@settings(max_examples=100)
@given(draws=st.data())
def test_equal_states_write_equal_bytes_whatever_the_order(draws: st.DataObject) -> None:
    events = list(product((b"a", b"b", b"zz"), (1, 2, 3, 5)))
    gone = draws.draw(st.lists(st.sampled_from(events), max_size=4))
    written = set()
    for owner in (b"", b"b", b"zz"):
        held: Set = ORSet(owner)
        for replica, counter in draws.draw(st.permutations(events)):
            held.insert(replica, counter, b"k%d" % (counter % 3), replica * counter)
        for replica, counter in gone:
            held.discard(replica, counter)
        written.add(held.to_bytes())
    assert len(written) == 1

"""A delta-state OR-Set: add wins over a concurrent remove, and nothing is kept of what is removed.

Every add makes a dot, and the set remembers which dots it saw, so an absent dot that was seen is a
removed one: no tombstones. A key holds one record for each of its live dots; adds that did not see
each other leave siblings. Deliberately not here: how states travel (wire.py), who sends which delta
to whom (deltas.py).
Source: Shapiro et al., "Conflict-free replicated data types" (SSS 2011); Bieniusa et al., "An
optimized conflict-free replicated set" (RR-8083, 2012); Almeida, Shoker, Baquero, "Delta state
replicated data types" (JPDC 2018).
Departs: `insert` and `discard` take dots from outside, for a fold over a causal log.
"""

from collections.abc import Iterator, KeysView
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from credimus.crdt import merging, runs, wire
from credimus.crdt.context import CausalContext, VersionVector
from credimus.crdt.dot import STRIDE, Dot
from credimus.crdt.store import GONE_MAX, DotStore, check_counter, check_replica, packed
from credimus.kernel.errors import UsageError

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True, frozen=True)
class Version:
    """A moment of one set, from which `delta_since` can tell what happened later.

    Attributes:
        context: the dots seen by then.
        removals: how many removals the set had noted; means nothing to another set.
    """

    context: CausalContext
    removals: int


class ORSet(Generic[K, V]):
    """An observed-remove set of keys with records.

    Args:
        replica: the name that this set's own adds carry, 1 to 255 bytes, used by no other set; or
            b"" for a set without adds of its own: a fold, a delta or a copy to look at.

    K is hashable. Equality of K and of V must agree with their encoding: records that compare equal
    are taken for one record.

    Invariant: `merge` is commutative, associative, idempotent and total. Equal states give equal
    bytes. A call that raises changed nothing.
    """

    __slots__ = ("_dots_of", "_gone", "_key_of", "_reach", "_record_of", "_store")
    __hash__ = None  # type: ignore[assignment]  # mutable

    def __init__(self, replica: bytes = b"") -> None:
        if replica != b"":
            check_replica(replica)
        self._adopt(DotStore(replica))

    def _adopt(self, store: DotStore[K, V]) -> None:
        self._store = store
        self._reach = store.reach
        self._key_of = store.key_of
        self._record_of = store.record_of
        self._dots_of = store.dots_of
        self._gone = store.gone

    @property
    def replica(self) -> bytes:
        """The name that this set's adds carry; b"" when it makes none."""
        return self._store.names[0]

    # Changes. Each is also a delta mutator: take `version()` before, `delta_since` it after.

    def add(self, key: K, record: V) -> int:
        """Add a record under a key; the dots of that key that were seen here are superseded.

        Returns:
            The counter of the new dot; its replica is this set's.

        Raises:
            UsageError: `no-replica`, when this set was made without a name.

        Cost: constant. Its delta: the new dot with its record, and the superseded dots as seen.
        """
        if self._store.guarded:
            return self._add_beyond_gaps(key, record)
        dots_of = self._dots_of
        if key in dots_of:
            self.remove(key)
        self._reach[0] = counter = self._reach[0] + 1
        dots_of[key] = dot = counter * STRIDE
        self._key_of[dot] = key
        self._record_of[dot] = record
        return counter

    def insert(self, replica: bytes, counter: int, key: K, record: V) -> bool:
        """Take the add that made this dot, as a fold over a causal log does; siblings stay.

        A dot that was seen is not taken again, so an add that arrives after its removal is ignored.
        When the dot is live with another content (its author lied), both are void: the dot is
        removed, whichever came first.

        Returns:
            Whether anything changed.

        Raises:
            UsageError: `out-of-range` or `bad-replica`; `too-many-replicas`.

        Cost: constant; logarithmic in the gaps of that replica when dots arrive out of order.
        """
        check_counter(counter)
        hash(key)
        store = self._store
        index = store.intern(replica)
        dot = counter * STRIDE + index
        if store.saw(index, counter):
            held = (self._key_of.get(dot), self._record_of.get(dot))
            if dot not in self._record_of or held == (key, record):
                return False
            self.discard(replica, counter)
            return True
        store.see(index, counter, counter + 1)
        store.link(dot, key, record)
        return True

    def remove(self, key: K) -> bool:
        """Remove every dot of a key that was seen here. Returns whether there was one.

        Cost: constant for each dot. Its delta: those dots as seen, and no record.
        """
        dot = self._dots_of.pop(key, None)
        if dot.__class__ is int:
            del self._key_of[dot], self._record_of[dot]
            gone = self._gone
            gone.append(dot)
            if len(gone) > GONE_MAX:
                self._store.note_gone(())
            return True
        if dot is None:
            return False
        for sibling in dot:  # type: ignore[union-attr]
            del self._key_of[sibling], self._record_of[sibling]
        self._store.note_gone(dot)  # type: ignore[arg-type]
        return True

    def discard(self, replica: bytes, counter: int) -> V | None:
        """Remove one dot, seen or not: one not seen yet is from now on, so its add is ignored.

        Returns:
            The record that was live under this dot, or None.

        Raises:
            UsageError: `out-of-range` or `bad-replica`; `too-many-replicas`.
        """
        check_counter(counter)
        store = self._store
        index = store.intern(replica)
        dot = counter * STRIDE + index
        if dot in self._record_of:
            store.note_gone((dot,))
            return store.unlink(dot)
        if not store.saw(index, counter):
            store.see(index, counter, counter + 1)
            store.note_gone((dot,))
        return None

    def merge(self, other: "ORSet[K, V]") -> bool:
        """Take in a state or a delta, in place. Returns whether anything changed.

        Raises:
            UsageError: `too-many-replicas`.

        Cost: linear in `other`: for a delta, in the delta.
        """
        if other is self:
            return False
        return merging.join(self._store, other._store)  # noqa: SLF001

    # Questions.

    def __len__(self) -> int:
        """How many keys."""
        return len(self._dots_of)

    def __contains__(self, key: object) -> bool:
        return key in self._dots_of

    def __iter__(self) -> Iterator[K]:
        return iter(self._dots_of)

    def __eq__(self, other: object) -> bool:
        """Whether both have seen the same dots and hold the same contents."""
        if not isinstance(other, ORSet):
            return NotImplemented
        mine = {self._dot(dot): (self._key_of[dot], self._record_of[dot]) for dot in self._key_of}
        keys, records = other._key_of, other._record_of
        return (
            len(mine) == len(keys)
            and self.context == other.context
            and mine == {other._dot(dot): (keys[dot], records[dot]) for dot in keys}  # noqa: SLF001
        )

    def __repr__(self) -> str:
        return f"ORSet({self.replica!r}: {len(self)} keys, {len(self._key_of)} dots)"

    def keys(self) -> KeysView[K]:
        """A view of the keys, in order of arrival: replicas with one state may differ in it."""
        return self._dots_of.keys()

    def records(self, key: K) -> list[V]:
        """The records of a key in order of dot (replica, counter); empty when it is not there."""
        held = self._dots_of.get(key)
        if held.__class__ is int:
            return [self._record_of[held]]
        return [self._record_of[dot] for dot in self._store.siblings(key)]

    def items(self) -> Iterator[tuple[K, list[V]]]:
        """Each key with its records, in the order of `keys`."""
        return ((key, self.records(key)) for key in self._dots_of)

    def dots(self, key: K) -> list[Dot]:
        """The dots of a key in order; empty when it is not there."""
        return [self._dot(dot) for dot in self._store.siblings(key)]

    def voices(self, key: K) -> list[tuple[bytes, V]]:
        """The replica and record of each dot of a key, in order of dot."""
        held = self._dots_of.get(key)
        names = self._store.names
        if held.__class__ is int:
            return [(names[held % STRIDE], self._record_of[held])]
        return [(names[dot % STRIDE], self._record_of[dot]) for dot in self._store.siblings(key)]

    def record_at(self, replica: bytes, counter: int) -> V | None:
        """The record that is live under this dot, or None."""
        dot = self._store.locate(replica, counter)
        return None if dot is None else self._record_of.get(dot)

    def saw(self, replica: bytes, counter: int) -> bool:
        """Whether this dot was ever seen, live or removed."""
        store = self._store
        index = store.index_of.get(replica)
        return index is not None and store.saw(index, counter)

    @property
    def context(self) -> CausalContext:
        """Every dot seen, live or removed; a copy. Cost: the number of replicas and gaps."""
        store = self._store
        return CausalContext.of_runs({n: store.seen(i) for n, i in store.index_of.items()})

    def version(self) -> Version:
        """This moment, to be given to `delta_since` later."""
        return Version(self.context, self._store.base + len(self._gone))

    # Deltas.

    def delta_since(self, since: Version | CausalContext | VersionVector) -> "ORSet[K, V]":
        """What a set that holds our state of `since`, or has seen those dots, lacks of ours.

        Merging it there gives what merging this whole set gives. A context alone does not tell
        which removals were seen, so all of them are named. Nor does it tell which content a forked
        dot has, so where two sets each saw one of two contents, they void them when they exchange
        whole states, or the dot is removed.

        Returns:
            A set without a replica. Its context has gaps; it is no version vector.

        Cost: for a Version, the number of dots seen and removed since, flat in the size of the set,
        while at most half of `GONE_MAX` were removed since. Otherwise, once anything was removed,
        linear in the dots seen.
        """
        removals = None
        if isinstance(since, Version):
            removals, since = since.removals, since.context
        elif isinstance(since, VersionVector):
            since = CausalContext.of_vector(since)
        store = self._store
        delta: ORSet[K, V] = ORSet()
        target = delta._store
        for name, index in store.index_of.items():
            seen = store.seen(index)
            news = runs.difference(seen, since.runs_of(name)) if seen else seen
            if not news:
                continue
            into = target.intern(name)
            shift = into - index
            dots = store.live_within(index, news)
            for low, end in runs.pairs(news):
                target.see(into, low, end)
            keys = [self._key_of[dot] for dot in dots]
            records = [self._record_of[dot] for dot in dots]
            target.link_all([dot + shift for dot in dots], keys, records)
        for name, counter in self._removed_since(since, removals):
            into = target.intern(name)
            if not target.saw(into, counter):
                target.see(into, counter, counter + 1)
        return delta

    def copy(self, replica: bytes = b"") -> "ORSet[K, V]":
        """An equal set, with a replica of its own or none. Cost: linear."""
        twin: ORSet[K, V] = ORSet(replica)
        merging.join(twin._store, self._store)
        return twin

    # Bytes.

    def to_bytes(self) -> bytes:
        """The canonical bytes: equal states give equal bytes. The form is told in wire.py."""
        return wire.write(self._store)

    @classmethod
    def from_bytes(
        cls, raw: bytes, replica: bytes = b"", *, key_type: Any = bytes, record_type: Any = bytes
    ) -> Self:
        """The set that `to_bytes` wrote, whose own adds will be named `replica`.

        Args:
            raw: any bytes.
            replica: as in the constructor.
            key_type: the type of K, as msgspec understands types.
            record_type: the type of V, likewise.

        Raises:
            PeerFault: `malformed`, for any bytes that `to_bytes` does not write.
        """
        result = cls(replica)
        result._adopt(wire.read(raw, replica, wire.Types(key_type, record_type)))
        return result

    # Inner steps.

    def _dot(self, dot: int) -> Dot:
        return Dot(self._store.names[dot % STRIDE], dot // STRIDE)

    def _add_beyond_gaps(self, key: K, record: V) -> int:
        store = self._store
        if not self.replica:
            raise UsageError("no-replica", "this set has no replica; make it with ORSet(replica).")
        seen = store.seen(0)
        counter = seen[-1] if seen else 1
        check_counter(counter)
        self.remove(key)
        store.see(0, counter, counter + 1)
        store.link(counter * STRIDE, key, record)
        return counter

    def _removed_since(self, since: CausalContext, removals: int | None) -> Iterator[Dot]:
        """Removed dots that a set at `since` may hold as live; may name some that it does not."""
        store = self._store
        removed_count = store.seen_count() - len(self._record_of)
        if removals is not None and removals >= store.base:
            return map(self._dot, self._gone[removals - store.base :])
        if len(self._gone) == removed_count:  # all are remembered
            return (dot for dot in map(self._dot, self._gone) if dot in since)
        return (
            self._dot(dot)
            for name, index in store.index_of.items()
            for dot in packed(
                index, runs.intersection(store.seen(index), list(since.runs_of(name)))
            )
            if dot not in self._record_of
        )

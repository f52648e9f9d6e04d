"""The OR-Set beside the textbook one with tombstones, on four replicas that sync in every way.

Source of the oracle: Shapiro, Preguica, Baquero, Zawirski, "A comprehensive study of convergent
and commutative replicated data types" (RR-7506, 2011), specification 15.
"""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from credimus.crdt import DeltaBuffer, Interval, ORSet

NAMES = (b"ann", b"bob", b"cy", b"dee")
Set = ORSet[bytes, bytes]
Entry = tuple[bytes, bytes, int, bytes]
places = st.integers(0, 3)
keys = st.sampled_from([b"w", b"x", b"y", b"z"])
records = st.binary(max_size=2)


class TombstoneSet:
    """All entries (key, replica, counter, record) ever added, and all ever removed."""

    def __init__(self) -> None:
        self.added: set[Entry] = set()
        self.removed: set[Entry] = set()

    def live(self) -> set[Entry]:
        return self.added - self.removed

    def remove(self, key: bytes) -> None:
        self.removed |= {entry for entry in self.live() if entry[0] == key}

    def merge(self, added: set[Entry], removed: set[Entry]) -> None:
        self.added |= added
        self.removed |= removed


class Fleet(RuleBasedStateMachine):
    """Whatever happens, each replica shows what its oracle shows."""

    def __init__(self) -> None:
        super().__init__()
        self.sets: list[Set] = [ORSet(name) for name in NAMES]
        self.oracles = [TombstoneSet() for _ in NAMES]
        self.buffers: list[DeltaBuffer[Set]] = [DeltaBuffer(ORSet, limit=4) for _ in NAMES]
        self.deltas: list[tuple[Set, set[Entry], set[Entry]]] = []
        self.flying: list[tuple[int, int, int, int, bytes, set[Entry], set[Entry]]] = []

    @rule(place=places, key=keys, record=records)
    def add(self, place: int, key: bytes, record: bytes) -> None:
        def change() -> None:
            self.oracles[place].remove(key)
            counter = self.sets[place].add(key, record)
            self.oracles[place].added.add((key, NAMES[place], counter, record))

        self._changed(place, change)

    @rule(place=places, key=keys)
    def remove(self, place: int, key: bytes) -> None:
        def change() -> None:
            assert self.sets[place].remove(key) == any(
                entry[0] == key for entry in self.oracles[place].live()
            )
            self.oracles[place].remove(key)

        self._changed(place, change)

    @rule(place=places, key=keys)
    def discard_one_dot(self, place: int, key: bytes) -> None:
        dots = self.sets[place].dots(key)
        if not dots:
            return

        def change() -> None:
            record = self.sets[place].discard(*dots[0])
            assert record is not None
            self.oracles[place].removed.add((key, *dots[0], record))

        self._changed(place, change)

    @rule(source=places, into=places)
    def sync_by_state(self, source: int, into: int) -> None:
        since = self.sets[into].version()
        if self.sets[into].merge(self.sets[source]):
            self.buffers[into].record(self.sets[into].delta_since(since))
        oracle = self.oracles[source]
        self.oracles[into].merge(oracle.added, oracle.removed)

    @rule(source=places, into=places)
    def sync_by_context(self, source: int, into: int) -> None:
        """Ask for what lies beyond our context."""
        delta = self.sets[source].delta_since(self.sets[into].context)
        if self.sets[into].merge(ORSet.from_bytes(delta.to_bytes())):
            self.buffers[into].record(delta)
        oracle = self.oracles[source]
        self.oracles[into].merge(oracle.added, oracle.removed)

    @precondition(lambda self: self.deltas)
    @rule(into=places, draws=st.data())
    def take_any_old_delta(self, into: int, draws: Any) -> None:
        delta, added, removed = draws.draw(st.sampled_from(self.deltas))
        if self.sets[into].merge(delta):
            self.buffers[into].record(delta)
        self.oracles[into].merge(added, removed)

    @rule(source=places, into=places)
    def send_interval(self, source: int, into: int) -> None:
        interval = self.buffers[source].interval_for(NAMES[into], self.sets[source])
        if interval is None or source == into:
            return
        oracle = self.oracles[source]
        raw = interval.delta.to_bytes()
        self.flying.append(
            (source, into, interval.start, interval.end, raw, *map(set, _both(oracle)))
        )

    @precondition(lambda self: self.flying)
    @rule(draws=st.data(), acked=st.booleans(), again=st.booleans())
    def receive_interval(self, draws: Any, *, acked: bool, again: bool) -> None:
        """Perhaps out of order, perhaps twice; an acknowledgement may be lost."""
        place = draws.draw(st.integers(0, len(self.flying) - 1))
        source, into, start, end, raw, added, removed = self.flying[place]
        if not again:
            del self.flying[place]
        interval = Interval(start, end, ORSet.from_bytes(raw))
        taken = self.buffers[into].accept(NAMES[source], interval, self.sets[into])
        if taken is None:
            return
        self.oracles[into].merge(added, removed)
        if acked:
            self.buffers[source].acknowledge(NAMES[into], taken)

    @precondition(lambda self: self.flying)
    @rule()
    def lose_all_in_flight(self) -> None:
        self.flying.clear()

    @invariant()
    def each_shows_what_its_oracle_shows(self) -> None:
        for held, oracle in zip(self.sets, self.oracles, strict=True):
            shown = {(key, *dot, held.record_at(*dot)) for key in held for dot in held.dots(key)}
            assert shown == oracle.live()
            assert len(held) == len({entry[0] for entry in oracle.live()})

    def teardown(self) -> None:
        """After a full exchange all are equal, byte for byte, whatever the order."""
        results = []
        for place in range(4):
            whole: Set = ORSet()
            for step in range(4):
                whole.merge(self.sets[(place * 3 + step) % 4])
            results.append(whole.to_bytes())
        assert len(set(results)) == 1
        assert ORSet.from_bytes(results[0]).to_bytes() == results[0]

    def _changed(self, place: int, change: Any) -> None:
        oracle = self.oracles[place]
        added, removed = map(set, _both(oracle))
        since = self.sets[place].version()
        change()
        delta = self.sets[place].delta_since(since)
        self.deltas.append((delta, oracle.added - added, oracle.removed - removed))
        self.buffers[place].record(delta)


def _both(oracle: TombstoneSet) -> tuple[set[Entry], set[Entry]]:
    return oracle.added, oracle.removed


Fleet.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestOrsetBesideTheTombstoneSet = Fleet.TestCase

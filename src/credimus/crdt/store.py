"""Where an OR-Set keeps its dots: plain dictionaries and the small steps that keep them in accord.

Deliberately not here: what an add, a remove or a merge means (orset.py, merging.py).
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Generic, TypeVar

from credimus.crdt import runs
from credimus.crdt.dot import COUNTER_MAX, REPLICA_BYTES_MAX, REPLICAS_MAX, STRIDE
from credimus.kernel.errors import UsageError

K = TypeVar("K")
V = TypeVar("V")

GONE_MAX = 131_072
"""Removed dots remembered for deltas; past that the older half goes. [guess]"""
ABSENT: Any = object()


class DotStore(Generic[K, V]):
    """Live dots with their keys and records, and the dots that were ever seen.

    Attributes:
        names, index_of: the interned replicas; index 0 is the owner (b"" when there is none).
        reach: for each index the counter up to which every dot was seen.
        gaps: for an index the runs seen beyond its reach; no empty list, none that touches it.
        key_of, record_of: live packed dot -> key, record.
        dots_of: key -> its one packed dot, or a tuple of siblings.
        gone: packed dots in the order in which they were removed, the latest `len(gone)`.
        base: how many earlier ones `gone` has let go of.
        guarded: whether an add must look twice: no owner, or gaps in the owner's own dots.

    Invariant: `key_of`, `record_of` and `dots_of` hold the same dots; all of them were seen.
    """

    __slots__ = (
        "base",
        "dots_of",
        "gaps",
        "gone",
        "guarded",
        "index_of",
        "key_of",
        "names",
        "reach",
        "record_of",
    )

    def __init__(self, owner: bytes) -> None:
        self.names: list[bytes] = [owner]
        self.index_of: dict[bytes, int] = {owner: 0}
        self.reach: list[int] = [0]
        self.gaps: dict[int, runs.Bounds] = {}
        self.key_of: dict[int, K] = {}
        self.record_of: dict[int, V] = {}
        self.dots_of: dict[K, int | tuple[int, ...]] = {}
        self.gone: list[int] = []
        self.base = 0
        self.guarded = not owner

    def intern(self, replica: bytes) -> int:
        """The index of a replica, a new one when it is not known yet.

        Raises:
            UsageError: `bad-replica`, for an unusable name; `too-many-replicas`.
        """
        index = self.index_of.get(replica)
        if index is not None:
            return index
        check_replica(replica)
        index = len(self.names)
        if index >= REPLICAS_MAX:
            raise UsageError(
                "too-many-replicas", f"a set knows at most {REPLICAS_MAX} replicas; start a new one"
            )
        self.names.append(replica)
        self.reach.append(0)
        self.index_of[replica] = index
        return index

    def locate(self, replica: bytes, counter: int) -> int | None:
        """The packed form of a dot, or None when its replica is not known."""
        index = self.index_of.get(replica)
        return None if index is None else counter * STRIDE + index

    def seen(self, index: int) -> runs.Bounds:
        """The runs of one replica's dots that were seen; a fresh list."""
        reach = self.reach[index]
        head = [1, reach + 1] if reach else []
        return head + self.gaps.get(index, [])

    def saw(self, index: int, counter: int) -> bool:
        """Whether a dot was seen."""
        if counter <= self.reach[index]:
            return True
        return index in self.gaps and runs.contains(self.gaps[index], counter)

    def see(self, index: int, low: int, end: int) -> None:
        """Note the dots of a run as seen, `end` excluded; closes gaps."""
        reach = self.reach[index]
        if low <= reach + 1 and index not in self.gaps:
            self.reach[index] = max(reach, end - 1)
            return
        bounds = self.gaps.setdefault(index, [])
        runs.insert(bounds, low, end)
        while bounds and bounds[0] <= self.reach[index] + 1:
            self.reach[index] = max(self.reach[index], bounds[1] - 1)
            del bounds[:2]
        if not bounds:
            del self.gaps[index]
        if index == 0:
            self.guarded = 0 in self.gaps or not self.names[0]

    def seen_count(self) -> int:
        """How many dots were seen. Cost: the number of replicas and gaps."""
        return sum(self.reach) + sum(map(runs.count, self.gaps.values()))

    def link(self, dot: int, key: K, record: V) -> None:
        """Make a seen dot live."""
        held = self.dots_of.get(key)
        if held is None:
            self.dots_of[key] = dot
        else:
            self.dots_of[key] = (held, dot) if isinstance(held, int) else (*held, dot)
        self.key_of[dot] = key
        self.record_of[dot] = record

    def fill(self, dots: list[int], keys: list[K], records: list[V]) -> None:
        """Make many seen dots live in a store that has none; replaces its dictionaries."""
        fresh: dict[K, int | tuple[int, ...]] = dict(zip(keys, dots, strict=True))
        if len(fresh) < len(dots):
            self.link_all(dots, keys, records)
            return
        self.dots_of = fresh
        self.key_of = dict(zip(dots, keys, strict=True))
        self.record_of = dict(zip(dots, records, strict=True))

    def link_all(self, dots: list[int], keys: list[K], records: list[V]) -> None:
        """Make many seen dots live; in one sweep when they bring only new, distinct keys."""
        fresh = dict(zip(keys, dots, strict=True))
        if len(fresh) == len(dots) and self.dots_of.keys().isdisjoint(fresh):
            self.key_of.update(zip(dots, keys, strict=True))
            self.record_of.update(zip(dots, records, strict=True))
            self.dots_of.update(fresh)
            return
        for dot, key, record in zip(dots, keys, records, strict=True):
            self.link(dot, key, record)

    def unlink(self, dot: int) -> V:
        """Take a live dot out; it stays seen. Does not note it as gone."""
        key = self.key_of.pop(dot)
        held = self.dots_of[key]
        if isinstance(held, int):
            del self.dots_of[key]
        else:
            rest = tuple(other for other in held if other != dot)
            self.dots_of[key] = rest[0] if len(rest) == 1 else rest
        return self.record_of.pop(dot)

    def siblings(self, key: K) -> tuple[int, ...]:
        """The packed dots of a key in canonical order; empty when it is not there."""
        held = self.dots_of.get(key, ())
        if isinstance(held, int):
            return (held,)
        names = self.names
        return tuple(sorted(held, key=lambda dot: (names[dot % STRIDE], dot)))

    def note_gone(self, dots: Iterable[int]) -> None:
        """Remember removed dots for deltas, within `GONE_MAX`."""
        self.gone.extend(dots)
        if len(self.gone) > GONE_MAX:
            surplus = len(self.gone) - GONE_MAX // 2
            del self.gone[:surplus]
            self.base += surplus

    def live_within(self, index: int, bounds: runs.Bounds) -> list[int]:
        """The live packed dots of one replica within some runs, in order of counter.

        Cost: the counters in the runs, or the live dots of the whole set when those are fewer.
        """
        if runs.count(bounds) <= 4 * len(self.record_of):
            return list(filter(self.record_of.__contains__, packed(index, bounds)))
        return sorted(
            dot
            for dot in self.record_of
            if dot % STRIDE == index and runs.contains(bounds, dot // STRIDE)
        )

    def in_order(self) -> list[tuple[bytes, int, list[int]]]:
        """(name, index, live packed dots) for every replica, in canonical order."""
        if self.seen_count() == len(self.record_of):
            return [
                (name, index, list(packed(index, self.seen(index))))
                for name, index in sorted(self.index_of.items())
            ]
        return [
            (name, index, self.live_within(index, self.seen(index)))
            for name, index in sorted(self.index_of.items())
        ]


def packed(index: int, bounds: runs.Bounds) -> Iterator[int]:
    """Every packed dot of one replica within some runs, in order of counter."""
    return chain.from_iterable(
        range(low * STRIDE + index, end * STRIDE + index, STRIDE) for low, end in runs.pairs(bounds)
    )


def check_replica(replica: bytes) -> None:
    """Refuse what can not name a replica.

    Raises:
        UsageError: `bad-replica`.
    """
    if type(replica) is not bytes or not 1 <= len(replica) <= REPLICA_BYTES_MAX:
        raise UsageError(
            "bad-replica", f"a replica is named by 1 to {REPLICA_BYTES_MAX} bytes, not {replica!r}."
        )


def check_counter(counter: int) -> None:
    """Refuse what can not be a counter.

    Raises:
        UsageError: `out-of-range`.
    """
    if not 1 <= counter <= COUNTER_MAX:
        raise UsageError("out-of-range", f"counter is {counter}; give 1 to {COUNTER_MAX}.")

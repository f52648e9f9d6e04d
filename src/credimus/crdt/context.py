"""What has been seen: a version vector has no gaps, a causal context may.

Deliberately not here: a clock. These are sets of dots and merge by union.
Source: Almeida, Shoker, Baquero, "Delta state replicated data types" (JPDC 2018), section 7.2.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TypeVar

from credimus.crdt import runs
from credimus.crdt.dot import COUNTER_MAX, REPLICA_BYTES_MAX, Dot
from credimus.kernel import codec
from credimus.kernel.errors import PeerFault, UsageError

Seen = TypeVar("Seen", "VersionVector", "CausalContext")

_VECTOR = codec.decoder(list[tuple[bytes, int]])
_CONTEXT = codec.decoder(list[tuple[bytes, list[int]]])


class VersionVector:
    """For each replica the counter up to which every dot has been seen; no gaps.

    Invariant: every stored counter is at least 1.
    """

    __slots__ = ("_reach",)
    __hash__ = None  # type: ignore[assignment]  # mutable

    def __init__(self, reach: Mapping[bytes, int] | None = None) -> None:
        self._reach = {name: last for name, last in (reach or {}).items() if last > 0}

    def __getitem__(self, replica: bytes) -> int:
        """The last counter seen of a replica; 0 when none."""
        return self._reach.get(replica, 0)

    def __contains__(self, dot: tuple[bytes, int]) -> bool:
        return 1 <= dot[1] <= self._reach.get(dot[0], 0)

    def __iter__(self) -> Iterator[bytes]:
        return iter(sorted(self._reach))

    def __len__(self) -> int:
        return len(self._reach)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VersionVector) and self._reach == other._reach

    def __repr__(self) -> str:
        return f"VersionVector({dict(sorted(self._reach.items()))})"

    def items(self) -> list[tuple[bytes, int]]:
        """(replica, last counter) in order of name."""
        return sorted(self._reach.items())

    def advance(self, replica: bytes, counter: int) -> bool:
        """See every dot of a replica up to `counter`. Returns whether that was new."""
        if counter <= self._reach.get(replica, 0):
            return False
        self._reach[replica] = counter
        return True

    def dominates(self, other: "VersionVector") -> bool:
        """Whether every dot of `other` is here; two that do not dominate are concurrent."""
        return all(self[name] >= last for name, last in other.items())

    def merge(self, other: "VersionVector") -> bool:
        """Take the pointwise maximum, in place. Returns whether anything was new."""
        changed = False
        for name, last in other.items():
            changed |= self.advance(name, last)
        return changed

    def to_bytes(self) -> bytes:
        """The canonical bytes: pairs in order of name."""
        return codec.encode(self.items())

    @classmethod
    def from_bytes(cls, raw: bytes) -> "VersionVector":
        """The vector that `to_bytes` wrote.

        Raises:
            PeerFault: `malformed`.
        """
        rows = codec.decode(raw, _VECTOR, "version vector")
        check_names([name for name, _ in rows], "version vector")
        if not all(1 <= last <= COUNTER_MAX for _, last in rows):
            raise PeerFault("malformed", "version vector: a counter is out of range.")
        return _canonical(cls(dict(rows)), raw, "version vector")


class CausalContext:
    """A set of dots: for each replica the runs of counters seen, gaps allowed.

    Invariant: runs are sorted, do not touch, and no replica has an empty list; a context without
    gaps takes two ints for each replica (compaction is not a step but the representation).
    """

    __slots__ = ("_runs",)
    __hash__ = None  # type: ignore[assignment]  # mutable

    def __init__(self, dots: Iterable[tuple[bytes, int]] = ()) -> None:
        self._runs: dict[bytes, runs.Bounds] = {}
        for replica, counter in dots:
            self.add(replica, counter)

    @classmethod
    def of_runs(cls, bounds: Mapping[bytes, runs.Bounds]) -> "CausalContext":
        """The context with these runs (see `runs`), which it then owns; empty ones are left out."""
        context = cls()
        context._runs = {name: held for name, held in bounds.items() if held}
        return context

    @classmethod
    def of_vector(cls, vector: VersionVector) -> "CausalContext":
        """The context that holds exactly the dots of a version vector."""
        return cls.of_runs({name: [1, last + 1] for name, last in vector.items()})

    def __contains__(self, dot: tuple[bytes, int]) -> bool:
        return runs.contains(self._runs.get(dot[0], ()), dot[1])

    def __len__(self) -> int:
        """How many dots were seen."""
        return sum(map(runs.count, self._runs.values()))

    def __iter__(self) -> Iterator[Dot]:
        for name, held in self.items():
            for low, end in runs.pairs(held):
                yield from (Dot(name, counter) for counter in range(low, end))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CausalContext) and self._runs == other._runs

    def __repr__(self) -> str:
        return f"CausalContext.of_runs({dict(self.items())})"

    def items(self) -> list[tuple[bytes, runs.Bounds]]:
        """(replica, runs) in order of name; do not change the runs."""
        return sorted(self._runs.items())

    def runs_of(self, replica: bytes) -> tuple[int, ...]:
        """The runs of one replica; empty when nothing of it was seen."""
        return tuple(self._runs.get(replica, ()))

    def add(self, replica: bytes, counter: int) -> bool:
        """See one dot. Returns whether it was new.

        Raises:
            UsageError: `out-of-range`, when the counter is below 1.
        """
        if counter < 1:
            raise UsageError("out-of-range", f"counter is {counter}; dots count from 1.")
        held = self._runs.setdefault(replica, [])
        if runs.contains(held, counter):
            return False
        runs.insert(held, counter, counter + 1)
        return True

    def dominates(self, other: "CausalContext") -> bool:
        """Whether every dot of `other` is here."""
        return not any(runs.difference(held, self.runs_of(name)) for name, held in other.items())

    def merge(self, other: "CausalContext") -> bool:
        """Take the union, in place. Returns whether anything was new."""
        changed = False
        for name, held in other.items():
            mine = self._runs.get(name, [])
            if runs.difference(held, mine):
                self._runs[name] = runs.union(mine, held)
                changed = True
        return changed

    def vector(self) -> VersionVector:
        """The greatest version vector inside: what was seen without a gap."""
        return VersionVector({n: held[1] - 1 for n, held in self._runs.items() if held[0] == 1})

    def has_gaps(self) -> bool:
        """Whether some dot is seen while an earlier one of its replica is not."""
        return any(held[0] != 1 or len(held) > 2 for held in self._runs.values())

    def to_bytes(self) -> bytes:
        """The canonical bytes: replicas in order of name, each with its runs."""
        return codec.encode(self.items())

    @classmethod
    def from_bytes(cls, raw: bytes) -> "CausalContext":
        """The context that `to_bytes` wrote.

        Raises:
            PeerFault: `malformed`.
        """
        rows = codec.decode(raw, _CONTEXT, "causal context")
        check_names([name for name, _ in rows], "causal context")
        for _, held in rows:
            check_bounds(held, "causal context")
        return _canonical(cls.of_runs(dict(rows)), raw, "causal context")


def check_bounds(bounds: list[int], what: str) -> None:
    """Refuse what is not a non-empty list of runs within range.

    Raises:
        PeerFault: `malformed`, naming `what`.
    """
    rising = all(low < high for low, high in pairwise(bounds))
    if not bounds or len(bounds) % 2 or not rising:
        raise PeerFault("malformed", f"{what}: runs are empty, unpaired or out of order.")
    if bounds[0] < 1 or bounds[-1] > COUNTER_MAX + 1:
        raise PeerFault("malformed", f"{what}: a counter is out of range.")


def check_names(names: list[bytes], what: str) -> None:
    """Refuse names that are out of order, repeated or of a wrong size.

    Raises:
        PeerFault: `malformed`, naming `what`.
    """
    rising = all(first < second for first, second in pairwise(names))
    if not rising or not all(1 <= len(name) <= REPLICA_BYTES_MAX for name in names):
        raise PeerFault("malformed", f"{what}: replica names are out of order, size or repeated.")


def _canonical(value: Seen, raw: bytes, what: str) -> Seen:
    if value.to_bytes() != raw:
        raise PeerFault("malformed", f"{what}: these bytes are not the canonical ones.")
    return value

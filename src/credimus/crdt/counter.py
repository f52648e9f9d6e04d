"""A counter that goes up and down."""

from typing import Self

from credimus.crdt.dot import COUNTER_MAX, REPLICA_BYTES_MAX
from credimus.crdt.store import check_replica
from credimus.kernel import codec
from credimus.kernel.errors import PeerFault, UsageError

_ROWS = codec.decoder(list[tuple[bytes, int, int]])


class PNCounter:
    """For each replica what it added and what it took away; both only grow.

    Source: Shapiro et al., "A comprehensive study of convergent and commutative replicated data
    types" (RR-7506, 2011), section 3.1.3.
    """

    __slots__ = ("_totals", "replica")
    __hash__ = None  # type: ignore[assignment]  # mutable

    def __init__(self, replica: bytes = b"") -> None:
        if replica != b"":
            check_replica(replica)
        self.replica = replica
        self._totals: dict[bytes, tuple[int, int]] = {}

    @property
    def value(self) -> int:
        """What was added less what was taken away."""
        return sum(up - down for up, down in self._totals.values())

    def change(self, amount: int) -> "PNCounter":
        """Add an amount, negative to take away. Returns the delta: our own totals.

        Raises:
            UsageError: `no-replica`; `out-of-range`, when a total would pass 2**63 - 1.
        """
        if not self.replica:
            raise UsageError("no-replica", "this counter has no replica; it can only merge.")
        up, down = self._totals.get(self.replica, (0, 0))
        up, down = up + max(amount, 0), down + max(-amount, 0)
        if max(up, down) > COUNTER_MAX:
            raise UsageError("out-of-range", f"amount is {amount}; totals end at {COUNTER_MAX}.")
        delta = PNCounter()
        if amount:
            self._totals[self.replica] = delta._totals[self.replica] = up, down
        return delta

    def merge(self, other: "PNCounter") -> bool:
        """Take the greater totals, in place. Returns whether any was."""
        changed = False
        for name, (up, down) in other._totals.items():  # noqa: SLF001
            held = self._totals.get(name, (0, 0))
            joined = max(up, held[0]), max(down, held[1])
            if joined != held:
                self._totals[name] = joined
                changed = True
        return changed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PNCounter) and self._totals == other._totals

    def __repr__(self) -> str:
        return f"PNCounter({self.value})"

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        return codec.encode([(name, *totals) for name, totals in sorted(self._totals.items())])

    @classmethod
    def from_bytes(cls, raw: bytes, replica: bytes = b"") -> Self:
        """The counter that `to_bytes` wrote.

        Raises:
            PeerFault: `malformed`.
        """
        counter = cls(replica)
        for name, up, down in codec.decode(raw, _ROWS, "counter"):
            usable = 1 <= len(name) <= REPLICA_BYTES_MAX and up + down > 0
            if not usable or not (0 <= up <= COUNTER_MAX and 0 <= down <= COUNTER_MAX):
                raise PeerFault("malformed", "counter: a name or total is out of range.")
            counter._totals[name] = up, down
        if counter.to_bytes() != raw:
            raise PeerFault("malformed", "counter: these bytes are not the canonical ones.")
        return counter

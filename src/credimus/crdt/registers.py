"""Registers: last writer wins, and one that keeps every concurrent value."""

from typing import Any, Generic, Self, TypeVar

from credimus.crdt.dot import Dot
from credimus.crdt.orset import ORSet
from credimus.kernel import codec
from credimus.kernel.errors import PeerFault

V = TypeVar("V")


class LWWRegister(Generic[V]):
    """The value with the greatest stamp; equal stamps are decided by replica, then by encoding.

    Invariant: `stamp` never decreases.
    Source: Shapiro et al., "A comprehensive study of convergent and commutative replicated data
    types" (RR-7506, 2011), section 3.2.1. Departs: the tie-break is total, so that a replica that
    gives one stamp to two values still does no harm.
    """

    __slots__ = ("_encoded", "replica", "stamp", "value")
    __hash__ = None  # type: ignore[assignment]  # mutable

    def __init__(self) -> None:
        self.stamp = 0
        self.replica = b""
        self.value: V | None = None
        self._encoded = b""

    def assign(self, value: V, stamp: int, replica: bytes) -> bool:
        """Write a value. Returns whether it is now the register's, that is, whether it won.

        Args:
            value: anything the codec can encode.
            stamp: from a hybrid logical clock; at least 1.
            replica: who writes.
        """
        encoded = codec.encode(value)
        if (stamp, replica, encoded) <= (self.stamp, self.replica, self._encoded):
            return False
        self.stamp, self.replica, self.value, self._encoded = stamp, replica, value, encoded
        return True

    def merge(self, other: "LWWRegister[V]") -> bool:
        """Keep the later write, in place. Returns whether it was the other's."""
        if not other._encoded:  # noqa: SLF001
            return False
        return self.assign(other.value, other.stamp, other.replica)  # type: ignore[arg-type]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LWWRegister) and self.to_bytes() == other.to_bytes()

    def __repr__(self) -> str:
        return f"LWWRegister({self.value!r} at {self.stamp} by {self.replica.hex()})"

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        return codec.encode((self.stamp, self.replica, self._encoded))

    @classmethod
    def from_bytes(cls, raw: bytes, *, value_type: Any = Any) -> Self:
        """The register that `to_bytes` wrote.

        Raises:
            PeerFault: `malformed`.
        """
        stamp, replica, encoded = codec.decode(raw, _LWW, "register")
        register = cls()
        if encoded:
            value = codec.decode(encoded, codec.decoder(value_type), "register")
            register.assign(value, stamp, replica)
        if register.to_bytes() != raw:
            raise PeerFault("malformed", "register: these bytes are not the canonical ones.")
        return register


_LWW = codec.decoder(tuple[int, bytes, bytes])


class MVRegister(Generic[V]):
    """Every value that no other write has seen; one, unless writes were concurrent.

    An OR-Set with one key: an assignment supersedes what was seen.
    Source: Shapiro et al. (RR-7506, 2011), section 3.2.2.
    """

    __slots__ = ("_set",)
    __hash__ = None  # type: ignore[assignment]  # mutable

    def __init__(self, replica: bytes = b"") -> None:
        self._set: ORSet[bytes, V] = ORSet(replica)

    def assign(self, value: V) -> Dot:
        """Write a value over all that were seen here.

        Raises:
            UsageError: `no-replica`.
        """
        return Dot(self._set.replica, self._set.add(b"", value))

    def values(self) -> list[V]:
        """The values in order of dot; empty before the first assignment."""
        return self._set.records(b"")

    def merge(self, other: "MVRegister[V]") -> bool:
        """Join, in place. Returns whether anything changed."""
        return self._set.merge(other._set)  # noqa: SLF001

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MVRegister) and self._set == other._set

    def __repr__(self) -> str:
        return f"MVRegister({self.values()!r})"

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        return self._set.to_bytes()

    @classmethod
    def from_bytes(cls, raw: bytes, replica: bytes = b"", *, value_type: Any = bytes) -> Self:
        """The register that `to_bytes` wrote.

        Raises:
            PeerFault: `malformed`.
        """
        register = cls(replica)
        register._set = ORSet.from_bytes(raw, replica, record_type=value_type)
        if any(key != b"" for key in register._set):
            raise PeerFault("malformed", "register: it has keys.")
        return register

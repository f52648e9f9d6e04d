"""What every value of this package is: a join semilattice with canonical bytes."""

from typing import Protocol, Self


class Lattice(Protocol):
    """A value whose merge is its least upper bound.

    Invariant: merge is commutative, associative, idempotent and total; the value only grows; equal
    values give equal bytes, whatever the order in which they came to be.
    Source: Shapiro, Preguica, Baquero, Zawirski, "Conflict-free replicated data types" (SSS 2011),
    section 2.
    """

    def merge(self, other: Self) -> bool:
        """Take in what `other` knows, in place. Returns whether this value changed."""
        ...

    def to_bytes(self) -> bytes:
        """The canonical bytes."""
        ...

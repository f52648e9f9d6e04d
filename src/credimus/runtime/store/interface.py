"""What a store promises, the values that it takes and gives, and its bounds.

Deliberately not here: what a block means. Wires are opaque bytes; the lace reads and verifies them.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from credimus.kernel.errors import UsageError

CACHE_BYTES_MAX = 1_048_576
"""Bytes of wires kept in memory for peers that ask; the least recently used go first. [guess: a
second of blocks under load; a node is to stay small]"""
FACT_BYTES_MAX = 65_536
"""Bytes of one remembered fact. [guess: an identity, a ticket or a receipt is far smaller]"""
FACT_KEY_BYTES_MAX = 256
"""UTF-8 bytes of a fact's key. [guess]"""
FACTS_MAX = 65_536
"""Facts of one family; one that keeps all refuses more, the others let their oldest go. [guess]"""
QUERY_ROWS_MAX = 1_000
"""Rows in one answer of a read model; ask again with the cursor. [guess]"""
QUERY_TERMS_MAX = 16
"""Words of one full-text query; further ones are ignored. [guess]"""


class StoredBlock(msgspec.Struct, frozen=True, gc=False):
    """A block as the log keeps it; positional, because a restart builds one for every row."""

    id: bytes
    """32 bytes: SHA-256 of the header bytes."""
    author: bytes
    """16 bytes."""
    sequence: int
    """Place in its author's chain, 0 or more."""
    stamp: int
    """The stamp of its header."""
    wire: bytes
    """The block exactly as it was sent."""


class Fact(msgspec.Struct, frozen=True, gc=False):
    """A small durable value under a key such as `fleet` or `receipt/9f3c`."""

    key: str
    value: bytes | None
    """None drops what the key held."""
    kept: int = 0
    """With n > 0 only the newest n facts of this family stay; 0 keeps all, up to FACTS_MAX.

    The family of `receipt/9f3c` is `receipt`; the family of `fleet` is empty."""


class BeliefRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One belief as queries see it."""

    id: bytes
    """16 bytes."""
    category: str
    content: str
    confidence: int
    """Millionths."""
    first_stamp: int
    """When it was first asserted; the order of answers."""
    changed_stamp: int
    """When it last changed."""
    verdict: str
    """`open`, `expired`, `accepted`, `rejected` or `contested`."""
    attempt: int
    """The attempt of its latest round."""
    assertion_count: int


class RoundRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One voting round as queries see it."""

    id: bytes
    """16 bytes."""
    belief: bytes
    """16 bytes."""
    attempt: int
    scheme: str
    verdict: str
    opened_stamp: int
    accept_count: int
    reject_count: int
    abstain_count: int
    elector_count: int
    decided_stamp: int
    """0 while it is not decided."""


class MemberRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One member as queries see it."""

    id: bytes
    """16 bytes."""
    name: str
    address: str
    admitted_stamp: int
    active: bool
    """Whether it is a member at present; rows of others are let go."""


class BeliefQuery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which beliefs to list; every condition given must hold.

    Answers are in order of first stamp, newest first, then id.
    """

    category: str | None = None
    verdict: str | None = None
    since: int | None = None
    """A stamp: only beliefs first asserted at it or later."""
    text: str | None = None
    """Words that the content must contain, in any order; no operators, every character is safe."""
    limit: int = 100
    """1 to QUERY_ROWS_MAX."""
    cursor: str | None = None
    """From `cursor_after` the last row of the answer before."""


def cursor_after(row: BeliefRow) -> str:
    """The cursor that makes the next answer begin after this row."""
    return written_cursor(row.first_stamp, row.id)


def written_cursor(stamp: int, identifier: bytes) -> str:
    """A place in a list that is ordered by stamp and id."""
    return f"{stamp:x}-{identifier.hex()}"


def read_cursor(cursor: str) -> tuple[int, bytes]:
    """The stamp and id that a cursor names.

    Raises:
        UsageError: `bad-cursor`.
    """
    stamp, _, identifier = cursor.partition("-")
    try:
        place = int(stamp, 16), bytes.fromhex(identifier)
    except ValueError:
        place = -1, b""
    if not 0 <= place[0] < 1 << 63 or len(place[1]) != 16 or cursor != written_cursor(*place):
        raise UsageError(
            "bad-cursor", "The cursor is not one that we gave; repeat the query without it."
        )
    return place


class Store(Protocol):
    """A durable log of blocks and a few facts, used by one thread at a time.

    A call that raises changed nothing.
    """

    @property
    def block_count(self) -> int:
        """How many blocks the log holds."""

    def append(
        self, blocks: Sequence[StoredBlock], facts: Sequence[Fact] = (), *, synced: bool = True
    ) -> None:
        """Make blocks and facts durable in one transaction; a block already there is skipped.

        Args:
            synced: whether it must survive a loss of power when this returns. False survives the
                loss of the process, and a loss of power once `sync` or a synced append returned.

        Raises:
            StorageError: `disk-full` (free some space, then call again), `corrupt`, `disk`.
            UsageError: `bad-block` or `bad-fact`, for a value outside its bounds.
        """

    def sync(self) -> None:
        """Make what was appended without sync survive a loss of power; cheap when nothing was.

        Raises:
            StorageError: `disk`.
        """

    def let_go(self, ids: Sequence[bytes]) -> None:
        """Durably drop blocks, all of them or none; those not held are passed over.

        Raises:
            StorageError: `disk-full`, `corrupt`, `disk`.
        """

    def wires(self, ids: Sequence[bytes]) -> list[bytes]:
        """The wires of these blocks in this order; those not held are left out.

        Raises:
            StorageError: `corrupt`, naming the file, table and row.
        """

    def blocks(self) -> Iterator[StoredBlock]:
        """Every block in the order of appending, verified and streamed; appending may go on.

        Raises:
            StorageError: `corrupt`, naming the file, table and row.
        """

    def remember(self, key: str, value: bytes, kept: int = 0) -> None:
        """Make one fact durable, in place of what the key held. See `Fact` for `kept`."""

    def recall(self, key: str) -> bytes | None:
        """What the key holds, or None."""

    def forget(self, key: str) -> None:
        """Durably drop what the key holds, if anything."""

    def facts(self, family: str) -> list[tuple[str, bytes]]:
        """Keys and values of a family, oldest first."""

    def close(self) -> None:
        """Let go of the files; calling again does nothing."""


def family_of(key: str) -> str:
    """What stands before the last slash of a key."""
    return key.rpartition("/")[0]


def check_fact(fact: Fact, counts: dict[str, int]) -> None:
    """Refuse a fact outside its bounds, or one too many of a family that keeps all.

    Args:
        counts: facts held per family.

    Raises:
        UsageError: `bad-fact`.
    """
    if not 0 < len(fact.key.encode()) <= FACT_KEY_BYTES_MAX:
        raise UsageError("bad-fact", f"A fact's key takes 1 to {FACT_KEY_BYTES_MAX} bytes.")
    if fact.value is None:
        return
    if len(fact.value) > FACT_BYTES_MAX:
        raise UsageError(
            "bad-fact",
            f"Fact {fact.key} has {len(fact.value)} bytes; at most {FACT_BYTES_MAX} are kept.",
        )
    if not 0 <= fact.kept <= FACTS_MAX:
        raise UsageError("bad-fact", f"Fact {fact.key}: kept is {fact.kept}, not 0 to {FACTS_MAX}.")
    family = family_of(fact.key)
    if not fact.kept and counts.get(family, 0) >= FACTS_MAX:
        raise UsageError(
            "bad-fact",
            f"{FACTS_MAX} facts of family {family!r} are kept already; forget some first.",
        )


def check_block(block: StoredBlock) -> None:
    """Refuse a block that could not be read back.

    Raises:
        UsageError: `bad-block`.
    """
    if (
        len(block.id) != 32
        or len(block.author) != 16
        or not 0 <= block.sequence < 1 << 63
        or not 0 <= block.stamp < 1 << 63
    ):
        raise UsageError(
            "bad-block",
            f"Block {block.id[:6].hex()} needs an id of 32 bytes, an author of 16, and a sequence "
            "and stamp from 0 to 2**63 - 1.",
        )

"""The snapshot of the last checkpoint, kept as facts: parts of it, and one that names them all.

They are written in one transaction, so that there is always one whole snapshot, the old or the new.
"""

from collections.abc import Callable
from hashlib import sha256

import msgspec

from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.errors import PeerFault, StorageError
from credimus.runtime.store.interface import FACT_BYTES_MAX, Fact, Store

KEY = "checkpoint/snapshot"
FAMILY = "snapshot"


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a checkpoint."""

    digest: bytes
    """SHA-256 of the snapshot."""
    part_count: int
    event_number: int
    """Events that were told before it took effect: those after a restart count on from here."""


_kept = decoder(Kept)


def keep_snapshot(store: Store, image: bytes, event_number: int) -> None:
    """Make a snapshot durable in place of the one before.

    Raises:
        StorageError: `disk-full` and others; the one before stays.
    """
    parts = [image[at : at + FACT_BYTES_MAX] for at in range(0, len(image), FACT_BYTES_MAX)]
    digest = sha256(image).digest()
    facts = [
        Fact(f"{FAMILY}/{digest[:6].hex()}-{number}", part, len(parts))
        for number, part in enumerate(parts)
    ]
    store.append((), [*facts, Fact(KEY, encode(Kept(digest, len(parts), event_number)))])


def kept_snapshot(store: Store, refuse: Callable[[str], StorageError]) -> tuple[bytes, int] | None:
    """The snapshot and its number of events, or None before the first checkpoint.

    Args:
        refuse: makes the error for a snapshot that is not whole.

    Raises:
        StorageError: `corrupt`.
    """
    raw = store.recall(KEY)
    if raw is None:
        return None
    try:
        kept = decode(raw, _kept, "checkpoint")
    except PeerFault as problem:
        raise refuse(problem.message) from None
    image = b"".join(part for _, part in store.facts(FAMILY))
    if sha256(image).digest() != kept.digest:
        raise refuse("table facts, the snapshot of the last checkpoint is not whole")
    return image, kept.event_number

"""What members say of checkpoints, and of who may read: operations, as in operations.py."""

from itertools import pairwise
from typing import Annotated, TypeAlias

from msgspec import Meta

from credimus.kernel import limits
from credimus.lace.enclosing import BOX_BYTES
from credimus.lace.frontier import CutHead
from credimus.state.member_operations import Exhibit
from credimus.state.operation import Id, PublicKey, Struct

Digest: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]
Base: TypeAlias = Annotated[bytes, Meta(max_length=32)]
CutOf: TypeAlias = Annotated[
    tuple[CutHead, ...], Meta(min_length=1, max_length=limits.CUT_HEADS_MAX)
]


# --- checkpoints


class Attest(Struct, frozen=True, tag=14):
    """Says: I folded all blocks up to this cut and let go what is over, and this is what I got."""

    base: Base
    """The checkpoint before, whose successor this is to be; empty for the first."""
    attempt: Annotated[int, Meta(ge=0, le=limits.ATTEMPTS_MAX)]
    cut: CutOf
    electors: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=limits.CUT_HEADS_MAX)]
    """The members as of the cut, sorted."""
    retention_ms: Annotated[int, Meta(ge=0, le=limits.TTL_MS_MAX)]
    """How long after its end what was not accepted is kept."""
    snapshot: Digest
    """The fingerprint of the snapshot."""

    def __post_init__(self) -> None:
        places = [(head.author, head.block) for head in self.cut]
        if places != sorted(set(places)) or self.electors != tuple(sorted(set(self.electors))):
            raise ValueError("heads and electors must be strictly sorted")


class Certify(Struct, frozen=True, tag=15):
    """Says: more than two thirds attest this checkpoint, so I attest no other in its place."""

    base: Base
    attempt: Annotated[int, Meta(ge=0, le=limits.ATTEMPTS_MAX)]
    checkpoint: Digest


class Quote(Struct, frozen=True, tag=22):
    """Shows a `Certify` that somebody else said. It counts as if its author's block were held: that
    may be held by few, as blocks of an exposed member are taken only where others build on them."""

    public_key: PublicKey
    """Its author's."""
    word: Exhibit


# --- what not everybody may read


class ReaderBox(Struct, frozen=True):
    """The key of an enclosed belief, closed for one reader."""

    reader: Id
    closed: Annotated[bytes, Meta(min_length=BOX_BYTES, max_length=BOX_BYTES)]


class Enclose(Struct, frozen=True, tag=21):
    """Gives readers the key of an enclosed belief; boxes strictly sorted by reader."""

    belief: Id
    key_name: Id
    ephemeral: PublicKey
    boxes: Annotated[tuple[ReaderBox, ...], Meta(min_length=1, max_length=limits.READERS_MAX)]

    def __post_init__(self) -> None:
        readers = [box.reader for box in self.boxes]
        if any(one >= other for one, other in pairwise(readers)):
            raise ValueError("boxes must be strictly sorted by reader")

"""Excerpts: signed blocks of which some operations are shown, in as few bytes as can be.

An excerpt leaves out whatever its reader can recompute: version, fleet, the author's id, the root,
and ids and numbers that the reader knows by then. The reader puts the header together again; only
the bytes that the author signed pass the check of the signature. What a block builds on is not
shown.

Deliberately not here: signatures and meaning (verifying.py), which blocks are shown (making.py).
"""

from collections.abc import Collection
from typing import Any

import msgspec

from credimus.certificate.abbreviating import Known
from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.hlc import LOGICAL_BITS, STAMP_MAX, wall_ms_of
from credimus.kernel.ids import FleetId, NodeId
from credimus.lace.block import (
    NO_PREVIOUS,
    SIGNATURE_BYTES,
    VERSION,
    Block,
    Header,
    read_header,
    root_shown,
)

PROOF_VERSION = 4
_NODE_BYTES = 32
_LOGICAL = (1 << LOGICAL_BITS) - 1


class Excerpt(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A block without the operations that prove nothing here."""

    author: int
    """Place among the nodes in order of their first admission in this proof; the founder has 0."""
    sequence: int
    rise_ms: int
    """The milliseconds of its stamp, less those of the excerpt before."""
    logical: int
    """The rest of its stamp."""
    operation_count: int
    shown: tuple[Any, ...]
    """For each operation shown its place and, in short, what it says or which earlier one it is; by
    rising place."""
    seal: bytes
    """The cover, roots of the subtrees in between, 32 bytes each, see `Block.cover`; then the
    signature."""


class Proof(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Excerpts in order of stamp."""

    version: int
    excerpts: tuple[Excerpt, ...]


_proof = decoder(Proof)


def read_proof(packed: bytes) -> Proof:
    """The proof that these bytes hold.

    Raises:
        PeerFault: `malformed`, `unknown-version`.
    """
    if packed[1:2] not in (b"\x04", b""):  # the version stands first, whatever follows it
        raise PeerFault(
            "unknown-version",
            f"certificate version {packed[1]} is not {PROOF_VERSION}; have it made again by a "
            "member that runs this version of credimus",
        )
    proof: Proof = decode(packed, _proof, "the proof of a certificate")
    return proof


def excerpt_of(
    block: Block, kept: Collection[int], author: int, before: int, known: Known
) -> Excerpt:
    """The excerpt of a block that shows the operations at some places.

    Args:
        author: the place of its author.
        before: the stamp of the excerpt before; 0 of the first.
        known: what its reader knows by then; more afterwards.
    """
    header, leaves = block.header, block.leaves()
    return Excerpt(
        author=author,
        sequence=header.sequence,
        rise_ms=wall_ms_of(header.stamp) - wall_ms_of(before),
        logical=header.stamp & _LOGICAL,
        operation_count=header.operation_count,
        shown=tuple(
            part for place in sorted(kept) for part in (place, known.shortened(leaves[place]))
        ),
        seal=b"".join(block.cover(kept)) + block.signature,
    )


def operations_shown(excerpt: Excerpt, known: Known) -> dict[int, bytes]:
    """The bytes of each operation shown, by place, in order.

    Args:
        known: what the excerpts before this one told; more afterwards.

    Raises:
        PeerFault: `malformed`.
    """
    check_places(excerpt)
    pairs = zip(excerpt.shown[::2], excerpt.shown[1::2], strict=True)
    return {place: known.expanded(one) for place, one in pairs}


def check_places(excerpt: Excerpt) -> None:
    """Refuse operations that do not stand in order, each once behind its place.

    Raises:
        PeerFault: `malformed`.
    """
    places = excerpt.shown[::2]
    whole = len(excerpt.shown) == 2 * len(places) > 0
    in_order = all(type(one) is int for one in places) and list(places) == sorted(set(places))
    if not (whole and in_order):
        raise PeerFault("malformed", "the operations of an excerpt do not stand in order")


def stamp_shown(excerpt: Excerpt, before: int) -> int:
    """The stamp of an excerpt's block.

    Args:
        before: that of the excerpt before; 0 of the first.

    Raises:
        PeerFault: `malformed`.
    """
    stamp = ((wall_ms_of(before) + excerpt.rise_ms) << LOGICAL_BITS) + excerpt.logical
    if not (0 <= excerpt.logical <= _LOGICAL and 0 < stamp <= STAMP_MAX):
        raise PeerFault("malformed", "the stamp of an excerpt, or a part of it, is out of range")
    return stamp


def signature_of(excerpt: Excerpt) -> bytes:
    """The author's signature; shorter when the excerpt has none."""
    return excerpt.seal[-SIGNATURE_BYTES:]


def header_of(
    excerpt: Excerpt, shown: dict[int, bytes], place: tuple[FleetId, NodeId, int]
) -> tuple[bytes, Header]:
    """The bytes that an excerpt's author must have signed, and the header that they are.

    Args:
        shown: the operations, by place.
        place: fleet, author, and stamp.

    Raises:
        PeerFault: `malformed`.
    """
    fleet, author, stamp = place
    root = root_shown(shown, excerpt.operation_count, _cover(excerpt))
    if root is None:
        raise PeerFault("malformed", "the Merkle path of an excerpt does not fit its operations")
    header = Header(
        VERSION, fleet, author, excerpt.sequence, stamp, NO_PREVIOUS, (), root,
        excerpt.operation_count,
    )  # fmt: skip
    header_bytes = encode(header.signed())
    read_header(header_bytes)
    return header_bytes, header


def is_plain(block: Block) -> bool:
    """Whether a header is written in the one form that an excerpt gives back."""
    return encode(block.header.signed()) == block.header_bytes


def _cover(excerpt: Excerpt) -> list[bytes]:
    octets = excerpt.seal[:-SIGNATURE_BYTES]
    if len(octets) % _NODE_BYTES:
        raise PeerFault("malformed", "the seal of an excerpt is cut in the middle of a fingerprint")
    return [octets[at : at + _NODE_BYTES] for at in range(0, len(octets), _NODE_BYTES)]

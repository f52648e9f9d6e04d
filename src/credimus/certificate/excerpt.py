"""Excerpts: signed blocks of which some operations are shown, in as few bytes as can be.

An excerpt leaves out whatever its reader can recompute: version, fleet, the author's id, the root
of the operations, and the ids of blocks that the same proof shows. The reader puts the header
together again; only the bytes that the author signed pass the check of the signature.

Deliberately not here: signatures and meaning (verifying.py), which blocks are shown (making.py).
"""

from collections.abc import Collection, Sequence

import msgspec

from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BLOCK_ID_BYTES, BlockId, FleetId, NodeId
from credimus.lace.block import NO_PREVIOUS, VERSION, Block, Header, read_header
from credimus.sketch import merkle

PROOF_VERSION = 1
_NODE_BYTES = 32


class Excerpt(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A block without the operations that prove nothing here."""

    author: int
    """Place among the nodes in order of their first admission in this proof; the founder has 0."""
    sequence: int
    stamp: int
    predecessors: tuple[int, ...]
    """Places in the list of ids: first that of `previous`, unless the sequence is 1; then those of
    the parents."""
    operation_count: int
    shown: tuple[tuple[int, bytes], ...]
    """Place and bytes of each operation shown, by rising place."""
    cover: bytes
    """Roots of the subtrees in between, 32 bytes each; see `merkle.cover`."""
    signature: bytes


class Proof(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Excerpts in order of stamp. The list of ids: those given here, then those of the excerpts."""

    version: int
    ids: bytes
    """Ids of blocks that are named and not shown, 32 bytes each."""
    excerpts: tuple[Excerpt, ...]


_proof = decoder(Proof)


def read_proof(packed: bytes) -> Proof:
    """The proof that these bytes hold.

    Raises:
        PeerFault: `malformed`.
    """
    proof: Proof = decode(packed, _proof, "the proof of a certificate")
    if proof.version != PROOF_VERSION:
        raise PeerFault(
            "unknown-version",
            f"certificate version {proof.version} is not {PROOF_VERSION}; use a newer credimus",
        )
    return proof


def cut(octets: bytes) -> list[bytes]:
    """Ids or nodes of 32 bytes that stand end to end.

    Raises:
        PeerFault: `malformed`.
    """
    if len(octets) % _NODE_BYTES:
        raise PeerFault("malformed", "a list of fingerprints is no multiple of 32 bytes")
    return [octets[at : at + _NODE_BYTES] for at in range(0, len(octets), _NODE_BYTES)]


def excerpt_of(block: Block, kept: Collection[int], author: int, ids: Sequence[BlockId]) -> Excerpt:
    """The excerpt of a block that shows the operations at some places.

    Args:
        author: the place of its author.
        ids: the list of ids, with every predecessor of the block.
    """
    header, leaves = block.header, block.leaves()
    previous = (header.previous,) if header.previous else ()
    return Excerpt(
        author=author,
        sequence=header.sequence,
        stamp=header.stamp,
        predecessors=tuple(ids.index(one) for one in (*previous, *header.parents)),
        operation_count=header.operation_count,
        shown=tuple((index, leaves[index]) for index in sorted(kept)),
        cover=b"".join(merkle.cover(leaves, kept)),
        signature=block.signature,
    )


def header_bytes_of(
    excerpt: Excerpt, fleet: FleetId, author: NodeId, ids: Sequence[BlockId]
) -> tuple[bytes, Header]:
    """The header that an excerpt is of, and the bytes that its author must have signed.

    Raises:
        PeerFault: `malformed`.
    """
    named = excerpt.predecessors
    if any(not 0 <= one < len(ids) for one in named):
        raise PeerFault("malformed", "an excerpt names a predecessor that is not listed before it")
    if excerpt.sequence > 1 and not named:
        raise PeerFault("malformed", "an excerpt of a later block names no previous one")
    count = 1 if excerpt.sequence > 1 else 0
    header = Header(
        version=VERSION,
        fleet=fleet,
        author=author,
        sequence=excerpt.sequence,
        stamp=excerpt.stamp,
        previous=ids[named[0]] if count else NO_PREVIOUS,
        parents=tuple(ids[one] for one in named[count:]),
        operations_root=_root(excerpt),
        operation_count=excerpt.operation_count,
    )
    header_bytes = encode(header)
    return header_bytes, read_header(header_bytes)


def is_plain(block: Block) -> bool:
    """Whether a header is written in the one form that an excerpt gives back."""
    return encode(block.header) == block.header_bytes


def check_places(excerpt: Excerpt) -> None:
    """Refuse operations that do not stand in order, each once: every one must be under the root.

    Raises:
        PeerFault: `malformed`.
    """
    places = [place for place, _ in excerpt.shown]
    if places != sorted(set(places)):
        raise PeerFault("malformed", "the operations of an excerpt do not stand in order")


def _root(excerpt: Excerpt) -> bytes:
    check_places(excerpt)
    nodes = cut(excerpt.cover)
    root = merkle.root_from_cover(dict(excerpt.shown), excerpt.operation_count, nodes)
    if root is None:
        raise PeerFault("malformed", "the Merkle path of an excerpt does not fit its operations")
    return root


assert _NODE_BYTES == BLOCK_ID_BYTES  # noqa: S101 - `cut` serves both

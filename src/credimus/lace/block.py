"""A block: a header, a signature over the header bytes as sent, and a batch of operations.

On the wire a block is the MessagePack array [header, signature, body], each a byte string; the body
is a MessagePack array of operations, whose exact bytes are the leaves under the header's root.

Deliberately not here: whether a block may be taken (lace/seal.py, node/ingress.py).
"""

from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.hlc import STAMP_MAX
from credimus.kernel.ids import BLOCK_ID_BYTES, ID_BYTES, BlockId, FleetId, NodeId
from credimus.sketch import merkle

VERSION = 1
SIGNATURE_BYTES = 64
NO_PREVIOUS = BlockId(b"")
_OfNode = Meta(min_length=ID_BYTES, max_length=ID_BYTES)
_OfBlock = Meta(min_length=BLOCK_ID_BYTES, max_length=BLOCK_ID_BYTES)


class Header(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """What an author signs."""

    version: int
    fleet: Annotated[FleetId, _OfNode]
    author: Annotated[NodeId, _OfNode]
    sequence: Annotated[int, Meta(ge=1, le=limits.SEQUENCE_MAX)]
    """1 for an author's first block, then one more each."""
    stamp: Annotated[int, Meta(ge=1, le=STAMP_MAX)]
    """The author's hybrid logical clock; greater than the stamps of previous and parents."""
    previous: Annotated[BlockId, Meta(max_length=BLOCK_ID_BYTES)]
    """The author's block before this one; empty for the first."""
    parents: Annotated[
        tuple[Annotated[BlockId, _OfBlock], ...], Meta(max_length=limits.BLOCK_PARENTS_MAX)
    ]
    """Blocks of others that the author had seen and no known block of his covered; sorted."""
    operations_root: bytes
    """RFC 6962 root of the operations, 32 bytes."""
    operation_count: Annotated[int, Meta(ge=0, le=limits.BLOCK_OPERATIONS_MAX)]


class Block:
    """A header with its operations, as read from the wire or just sealed. Treat as frozen.

    Args:
        wire: the three byte strings as they came; encoded anew when None.
    """

    __slots__ = ("body", "header", "header_bytes", "id", "signature", "verified", "wire")

    def __init__(
        self,
        header: Header,
        header_bytes: bytes,
        signature: bytes,
        body: bytes,
        wire: bytes | None = None,
    ) -> None:
        self.header = header
        self.header_bytes = header_bytes
        self.signature = signature
        self.body = body
        self.id = block_id(header_bytes)
        self.verified = False
        """Whether the signature was checked; the author's id names the key, so once is enough."""
        self.wire = encode((header_bytes, signature, body)) if wire is None else wire

    def __repr__(self) -> str:
        header = self.header
        return f"Block({header.author[:4].hex()}#{header.sequence} {self.id[:4].hex()})"

    @property
    def author(self) -> NodeId:
        """Who signed it."""
        return self.header.author

    def leaves(self) -> list[bytes]:
        """The bytes of each operation, in order."""
        return [bytes(raw) for raw in _leaves.decode(self.body)]


_wire: msgspec.msgpack.Decoder[tuple[bytes, bytes, bytes]] = decoder(tuple[bytes, bytes, bytes])
_header: msgspec.msgpack.Decoder[Header] = decoder(Header)
_leaves: msgspec.msgpack.Decoder[list[msgspec.Raw]] = decoder(list[msgspec.Raw])


def read_header(header_bytes: bytes) -> Header:
    """The header these bytes hold, with every field inside its range.

    Raises:
        PeerFault: `malformed`, `unknown-version`.
    """
    if header_bytes[1:2] not in (b"\x01", b""):  # the version stands first, whatever follows it
        raise PeerFault(
            "unknown-version",
            f"block version {header_bytes[1]} is not {VERSION}; upgrade the older of the two nodes",
        )
    header = decode(header_bytes, _header, "block header")
    if len(header.previous) != (BLOCK_ID_BYTES if header.sequence > 1 else 0):
        raise PeerFault("malformed", "a first block has no previous block, every other has one")
    if header.parents != tuple(sorted(set(header.parents))):
        raise PeerFault("malformed", "the parents in a block header are not strictly sorted")
    return header


def open_wire(wire: bytes) -> tuple[bytes, bytes, bytes]:
    """The header bytes, signature and body that a wire form holds.

    Raises:
        PeerFault: `oversized`, `malformed`.
    """
    if len(wire) > limits.BLOCK_BYTES_MAX:
        raise PeerFault(
            "oversized", f"a block of {len(wire)} bytes is over {limits.BLOCK_BYTES_MAX}"
        )
    return decode(wire, _wire, "block")


def block_id(header_bytes: bytes) -> BlockId:
    """The id of the block with this header."""
    return BlockId(sha256(header_bytes).digest())


def read_block(
    header_bytes: bytes, signature: bytes, body: bytes, wire: bytes | None = None
) -> Block:
    """The block of these parts; its operations match its header, its signature is not checked.

    Args:
        wire: what the parts were opened from; encoded anew when None.

    Raises:
        PeerFault: `malformed`, `unknown-version`, `wrong-root`.
    """
    header = read_header(header_bytes)
    if len(signature) != SIGNATURE_BYTES:
        raise PeerFault("malformed", "a signature is 64 bytes")
    leaves = decode(body, _leaves, "block body")
    if len(leaves) != header.operation_count or merkle.root(leaves) != header.operations_root:
        raise PeerFault("wrong-root", "the operations of a block are not those that were signed")
    return Block(header, header_bytes, signature, body, wire)

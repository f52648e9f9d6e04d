"""A block: a header, a signature over the header bytes as sent, predecessors and operations.

On the wire a block is the MessagePack array [header, signature, predecessors, body], each a byte
string. The header signs one root: under it are the exact bytes of the predecessors, then those of
each operation. So an operation can be shown to a stranger without all that its block builds on.

Deliberately not here: whether a block may be taken (lace/seal.py, node/taking/ingress.py).
"""

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.hlc import STAMP_MAX
from credimus.kernel.ids import BLOCK_ID_BYTES, ID_BYTES, BlockId, FleetId, NodeId
from credimus.sketch import merkle

VERSION = 2
SIGNATURE_BYTES = 64
NO_PREVIOUS = BlockId(b"")
_OfNode = Meta(min_length=ID_BYTES, max_length=ID_BYTES)
_OfBlock = Meta(min_length=BLOCK_ID_BYTES, max_length=BLOCK_ID_BYTES)


class Signed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A header as its author signs it and as it travels."""

    version: int
    fleet: Annotated[FleetId, _OfNode]
    author: Annotated[NodeId, _OfNode]
    sequence: Annotated[int, Meta(ge=1, le=limits.SEQUENCE_MAX)]
    """1 for an author's first block, then one more each."""
    stamp: Annotated[int, Meta(ge=1, le=STAMP_MAX)]
    """The author's hybrid logical clock; greater than the stamps of previous and parents."""
    root: bytes
    """RFC 6962 root of the predecessors and the operations, 32 bytes."""
    operation_count: Annotated[int, Meta(ge=0, le=limits.BLOCK_OPERATIONS_MAX)]


class Header(msgspec.Struct, frozen=True, gc=False):
    """A signed header, and the predecessors under its root."""

    version: int
    fleet: FleetId
    author: NodeId
    sequence: int
    stamp: int
    previous: BlockId
    """The author's block before this one; empty for the first."""
    parents: tuple[BlockId, ...]
    """Blocks of others that the author had seen and no known block of his covered; sorted."""
    root: bytes
    operation_count: int

    def signed(self) -> Signed:
        """What its author signs of it."""
        return Signed(
            self.version, self.fleet, self.author, self.sequence, self.stamp, self.root,
            self.operation_count,
        )  # fmt: skip


class Parts(NamedTuple):
    """The four byte strings of a block's wire form."""

    header: bytes
    signature: bytes
    predecessors: bytes
    body: bytes


class Block:
    """A header with its operations, as read from the wire or just sealed. Treat as frozen.

    Args:
        wire: what the parts were opened from; encoded anew when None.
    """

    __slots__ = (
        "body", "header", "header_bytes", "id", "predecessors", "signature", "verified", "wire"
    )  # fmt: skip

    def __init__(self, header: Header, parts: Parts, wire: bytes | None = None) -> None:
        self.header = header
        self.header_bytes, self.signature, self.predecessors, self.body = parts
        self.id = block_id(self.header_bytes)
        self.verified = False
        """Whether the signature was checked; the author's id names the key, so once is enough."""
        self.wire = encode(parts) if wire is None else wire

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

    def cover(self, kept: Collection[int]) -> list[bytes]:
        """What gives the header's root together with the operations at some places."""
        leaves = [self.predecessors, *self.leaves()]
        return merkle.cover(leaves, [place + 1 for place in kept])


_wire: msgspec.msgpack.Decoder[Parts] = decoder(Parts)
_signed: msgspec.msgpack.Decoder[Signed] = decoder(Signed)
_named: msgspec.msgpack.Decoder[tuple[BlockId, ...]] = decoder(
    Annotated[
        tuple[Annotated[BlockId, _OfBlock], ...], Meta(max_length=limits.BLOCK_PARENTS_MAX + 1)
    ]
)
_leaves: msgspec.msgpack.Decoder[list[msgspec.Raw]] = decoder(list[msgspec.Raw])


def read_header(header_bytes: bytes) -> Signed:
    """The header these bytes hold, with every field inside its range.

    Raises:
        PeerFault: `malformed`, `unknown-version`.
    """
    if header_bytes[1:2] not in (b"\x02", b""):  # the version stands first, whatever follows it
        raise _unknown_version(header_bytes[1])
    return decode(header_bytes, _signed, "block header")


def open_wire(wire: bytes) -> Parts:
    """The byte strings that a wire form holds.

    Raises:
        PeerFault: `oversized`, `malformed`, `unknown-version`.
    """
    if len(wire) > limits.BLOCK_BYTES_MAX:
        raise PeerFault(
            "oversized", f"a block of {len(wire)} bytes is over {limits.BLOCK_BYTES_MAX}"
        )
    if wire[:1] == b"\x93":  # three byte strings: predecessors stood in the header
        raise _unknown_version(1)
    return decode(wire, _wire, "block")


def block_id(header_bytes: bytes) -> BlockId:
    """The id of the block with this header."""
    return BlockId(sha256(header_bytes).digest())


def read_block(parts: Parts, wire: bytes | None = None) -> Block:
    """The block of these parts; all of it is under its header's root, its signature is not checked.

    Args:
        wire: what the parts were opened from; encoded anew when None.

    Raises:
        PeerFault: `malformed`, `unknown-version`, `wrong-root`.
    """
    signed = read_header(parts.header)
    if len(parts.signature) != SIGNATURE_BYTES:
        raise PeerFault("malformed", "a signature is 64 bytes")
    previous, parents = _read_predecessors(parts.predecessors, signed.sequence)
    leaves = decode(parts.body, _leaves, "block body")
    root = root_of(parts.predecessors, leaves)
    if len(leaves) != signed.operation_count or root != signed.root:
        raise PeerFault(
            "wrong-root", "the operations or predecessors of a block are not those that were signed"
        )
    header = Header(
        signed.version, signed.fleet, signed.author, signed.sequence, signed.stamp, previous,
        parents, root, signed.operation_count,
    )  # fmt: skip
    return Block(header, parts, wire)


def write_predecessors(previous: BlockId, parents: Sequence[BlockId]) -> bytes:
    """The bytes that stand first under the root."""
    return encode((previous, *parents) if previous else parents)


def root_of(predecessors: bytes, operations: Sequence[bytes]) -> bytes:
    """The root that a header signs."""
    return merkle.root([predecessors, *operations])


def root_shown(
    operations: Mapping[int, bytes], operation_count: int, nodes: Sequence[bytes]
) -> bytes | None:
    """The root of a block of which some operations are shown; None when this is no cover of them.

    Args:
        operations: at least one, by place.
        nodes: as `Block.cover` gives them.
    """
    leaves = {place + 1: operation for place, operation in operations.items()}
    return merkle.root_from_cover(leaves, operation_count + 1, nodes) if min(leaves) > 0 else None


def _read_predecessors(raw: bytes, sequence: int) -> tuple[BlockId, tuple[BlockId, ...]]:
    named = decode(raw, _named, "predecessors of a block")
    previous, parents = (named[0] if named else b"", named[1:]) if sequence > 1 else (b"", named)
    if sequence > 1 and not previous:
        raise PeerFault("malformed", "a block that is not its author's first has no previous one")
    if len(parents) > limits.BLOCK_PARENTS_MAX or parents != tuple(sorted(set(parents))):
        raise PeerFault("malformed", "the parents of a block are too many or not strictly sorted")
    return BlockId(previous), parents


def _unknown_version(version: int) -> PeerFault:
    return PeerFault(
        "unknown-version",
        f"block version {version} is not {VERSION}; upgrade the older of the two nodes",
    )

"""A checkpoint's certificate: the words of those who certify it, each with its path to a signed
header. With the snapshot that it names it is all that a node needs to begin. Pure.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import FleetId, NodeId, node_id
from credimus.lace.block import open_wire, read_block, read_header, root_shown
from credimus.lace.seal import check_signature
from credimus.state.keeping.checkpoints import checkpoint_id
from credimus.state.keeping_operations import Attest, Certify
from credimus.state.operations import (
    Operation,
)


class Strict(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Common shape: MessagePack arrays."""


class Word(Strict, frozen=True):
    """One `Certify` with the header that its author signed."""

    header: bytes
    signature: bytes
    leaf: bytes
    index: int
    path: Annotated[tuple[bytes, ...], Meta(max_length=16)]


class CheckpointProof(Strict, frozen=True):
    """Who certifies a checkpoint."""

    said: Attest
    attempt: int
    words: Annotated[tuple[Word, ...], Meta(max_length=limits.CUT_HEADS_MAX)]


class Base(Strict, frozen=True):
    """What a node keeps of the last checkpoint in force."""

    proof: CheckpointProof
    image: bytes


_operation: msgspec.msgpack.Decoder[Operation] = decoder(Operation)
_base: msgspec.msgpack.Decoder[Base] = decoder(Base)


def read_base(raw: bytes) -> Base:
    """What a node kept.

    Raises:
        PeerFault: `malformed`.
    """
    return decode(raw, _base, "checkpoint")


def prove(said: Attest, attempt: int, wires: Iterable[bytes]) -> CheckpointProof:
    """The certificate, from the blocks that hold the words."""
    identifier = checkpoint_id(said)
    words: dict[NodeId, Word] = {}
    electors = frozenset(said.electors)  # of who came later the snapshot has no key
    for wire in wires:
        block = read_block(open_wire(wire), wire)
        leaves = block.leaves()
        word = encode(Certify(said.base, attempt, identifier))
        if word in leaves and block.author in electors and block.author not in words:
            at = leaves.index(word)
            path = tuple(block.cover([at]))
            words[block.author] = Word(block.header_bytes, block.signature, word, at, path)
    ordered = tuple(words[one] for one in sorted(words))
    return CheckpointProof(said, attempt, ordered)


def certifiers(proof: CheckpointProof, fleet: FleetId, keys: Mapping[NodeId, bytes]) -> set[NodeId]:
    """Whose words are proved; for membership only.

    Raises:
        PeerFault: `bad-checkpoint`, when one is not what it seems.
    """
    wanted = Certify(proof.said.base, proof.attempt, checkpoint_id(proof.said))
    found: set[NodeId] = set()
    for word in proof.words:
        header = read_header(word.header)
        key = keys.get(header.author, b"")
        root = root_shown({word.index: word.leaf}, header.operation_count, word.path)
        if (
            header.fleet != fleet
            or node_id(key) != header.author
            or root != header.root
            or decode(word.leaf, _operation, "certification") != wanted
        ):
            raise PeerFault("bad-checkpoint", "a certification of a checkpoint proves nothing")
        check_signature(key, word.header, word.signature, "a certification")
        found.add(header.author)
    return found


def check_quorum(proof: CheckpointProof, found: set[NodeId]) -> None:
    """Refuse a checkpoint that not more than two thirds of its electors certify.

    Raises:
        PeerFault: `bad-checkpoint`.
    """
    electors = proof.said.electors
    if 3 * sum(one in found for one in electors) <= 2 * len(electors):
        raise PeerFault(
            "bad-checkpoint",
            f"{len(found)} certify a checkpoint of {len(electors)} electors: not enough",
        )

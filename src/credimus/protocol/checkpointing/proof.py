"""A checkpoint's certificate: the words of those who certify it, each with its path to a signed
header. With the snapshot that it names it is all that a node needs to begin. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import FleetId, NodeId, node_id
from credimus.lace.block import Block, open_wire, read_block, read_header, root_shown
from credimus.lace.seal import check_signature
from credimus.state.keeping.checkpoints import checkpoint_id
from credimus.state.keeping_operations import Attest, Certify, Quote
from credimus.state.member_operations import Exhibit
from credimus.state.operations import Operation, read_operations


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
    word = encode(Certify(said.base, attempt, identifier))
    for wire in wires:
        for author, one in _words(read_block(open_wire(wire), wire), word):
            if author in electors:
                words.setdefault(author, one)
    ordered = tuple(words[one] for one in sorted(words))
    return CheckpointProof(said, attempt, ordered)


def _words(block: Block, word: bytes) -> Iterator[tuple[NodeId, Word]]:
    """Who says a word in a block, or is quoted with it."""
    for at, leaf in enumerate(block.leaves()):
        if leaf == word:
            path = tuple(block.cover([at]))
            yield block.author, Word(block.header_bytes, block.signature, word, at, path)
    for said in read_operations(block.body):
        if isinstance(said, Quote) and said.word.leaf == word:
            shown = said.word
            path = tuple(shown.cover[at : at + 32] for at in range(0, len(shown.cover), 32))
            quoted = Word(shown.header, shown.signature, word, shown.index, path)
            yield node_id(said.public_key), quoted


def quote(word: Word, public_key: bytes) -> Quote:
    """What shows a word to others."""
    cover = b"".join(word.path)
    shown = Exhibit(word.header, word.signature, word.index, word.leaf, cover)
    return Quote(public_key, shown)


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

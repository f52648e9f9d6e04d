"""Sealing and checking: Ed25519 (RFC 8032, by libsodium) over the header bytes as sent.

Deliberately not here: keeping keys; a `Signer` is given by the runtime.
"""

from collections.abc import Sequence
from hashlib import shake_256
from typing import Protocol

from nacl import bindings, exceptions

from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import NodeId, node_id
from credimus.lace.block import Block, Header, Parts, write_predecessors
from credimus.lace.enclosing import agreement

SEED_BYTES = 32
PUBLIC_KEY_BYTES = 32


class Signer(Protocol):
    """Signs for one author."""

    @property
    def public(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""
        ...

    @property
    def node_id(self) -> NodeId:
        """The id of that key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The detached signature, 64 bytes."""
        ...

    def agree(self, public: bytes) -> bytes:
        """What X25519 gives of this key and another's; see lace/enclosing.py.

        Raises:
            ValueError: the public key is of low order.
        """
        ...

    def draw(self, count: int) -> bytes:
        """Fresh secret bytes, never given before."""
        ...


class SeedSigner:
    """Signs with a key made from a 32-byte seed; for tests, simulations and hosted members."""

    __slots__ = ("_drawn", "_secret", "node_id", "public")

    def __init__(self, seed: bytes) -> None:
        self.public, self._secret = bindings.crypto_sign_seed_keypair(seed)
        self.node_id = node_id(self.public)
        self._drawn = 0

    def sign(self, message: bytes) -> bytes:
        """The detached signature, 64 bytes."""
        return bindings.crypto_sign(message, self._secret)[:64]

    def agree(self, public: bytes) -> bytes:
        """What X25519 gives of this key and another's."""
        return agreement(self._secret, public)

    def draw(self, count: int) -> bytes:
        """Bytes that follow from the seed and from how often was drawn; secret from nobody else
        than those who lack the seed, and the same again in another run."""
        self._drawn += 1
        return shake_256(self._secret + self._drawn.to_bytes(8, "big")).digest(count)


def seal(signer: Signer, header: Header, body: bytes) -> Block:
    """A signed block."""
    header_bytes = encode(header.signed())
    predecessors = write_predecessors(header.previous, header.parents)
    parts = Parts(header_bytes, signer.sign(header_bytes), predecessors, body)
    return Block(header, parts)


def pack_leaves(leaves: Sequence[bytes]) -> bytes:
    """The body of a block whose operations are these bytes."""
    return _array_head(len(leaves)) + b"".join(leaves)


def check_signature(public_key: bytes, message: bytes, signature: bytes, what: object) -> None:
    """Refuse a signature that this key did not make over this message.

    Raises:
        PeerFault: `bad-signature`.
    """
    try:
        bindings.crypto_sign_open(signature + message, public_key)
    except (exceptions.BadSignatureError, exceptions.ValueError) as problem:
        raise PeerFault(
            "bad-signature", f"the signature of {what} is not its author's"
        ) from problem


def _array_head(count: int) -> bytes:
    if count < 16:
        return bytes((0x90 | count,))
    if count < 1 << 16:
        return b"\xdc" + count.to_bytes(2, "big")
    return b"\xdd" + count.to_bytes(4, "big")

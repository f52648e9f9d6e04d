"""Texts for some members' eyes only: closed under a key of their own, the key given to each reader.

    text   "enclosed:" and base64url of  key name (16) · nonce (24) · XChaCha20-Poly1305 of the text
    box    XChaCha20-Poly1305 of the key, under what X25519 gives of an ephemeral key and the
           reader's Ed25519 key, both named in the derivation (ECIES, as RFC 9180 builds it)

A text stays an ordinary text to those who can not read it, so it is replicated, voted on and
removed as any other. Its length is padded to a multiple of 32 bytes; its key's name commits to the
key, so that a box with another key is noticed.

Deliberately not here: who may read, and where the boxes are kept (state/enclosures.py).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import NamedTuple

from nacl import bindings
from nacl.exceptions import CryptoError

from credimus.kernel.ids import ID_BYTES, NodeId, fingerprint

KEY_BYTES = 32
NONCE_BYTES = 24
BOX_BYTES = KEY_BYTES + 16
PREFIX = "enclosed:"
_PADDING = 32
_NONCE_OF_BOX = bytes(NONCE_BYTES)  # its key is used once


class Box(NamedTuple):
    """A content key, closed for one reader."""

    reader: NodeId
    closed: bytes


def is_enclosed(text: str) -> bool:
    """Whether a text looks like an enclosed one."""
    return text.startswith(PREFIX)


def key_name(key: bytes) -> bytes:
    """The name of a content key, 16 bytes; it commits to the key and tells nothing of it."""
    return fingerprint(b"credimus content key", key)[:ID_BYTES]


def enclose(text: str, key: bytes, nonce: bytes) -> str:
    """A text that only who has the key can read.

    Args:
        nonce: 24 bytes, never used twice with one key.
    """
    name = key_name(key)
    padded = bindings.sodium_pad(text.encode(), _PADDING)
    closed = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(padded, name, nonce, key)
    return PREFIX + urlsafe_b64encode(name + nonce + closed).decode().rstrip("=")


def name_in(text: str) -> bytes | None:
    """The name of the key that opens a text; None when it is no enclosed one."""
    parts = _parts(text)
    return None if parts is None else parts[0]


def disclose(text: str, key: bytes) -> str | None:
    """The text inside, or None when this key does not open it."""
    parts = _parts(text)
    if parts is None or key_name(key) != parts[0]:
        return None
    name, nonce, closed = parts
    try:
        padded = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(closed, name, nonce, key)
        return bindings.sodium_unpad(padded, _PADDING).decode()
    except (CryptoError, ValueError):
        return None


def give(
    key: bytes, readers: Iterable[tuple[NodeId, bytes]], secret: bytes
) -> tuple[bytes, list[Box]]:
    """The content key for each reader: the ephemeral public key, and a box for each.

    Args:
        readers: ids and Ed25519 public keys; one whose key is no point of the curve is left out.
        secret: 32 bytes, never used before.
    """
    ephemeral = bindings.crypto_scalarmult_base(secret)
    name, boxes = key_name(key), []
    for reader, public in readers:
        try:
            theirs = bindings.crypto_sign_ed25519_pk_to_curve25519(public)
            shared = bindings.crypto_scalarmult(secret, theirs)
        except (CryptoError, RuntimeError):
            continue
        closed = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
            key, name, _NONCE_OF_BOX, _box_key(shared, ephemeral, reader)
        )
        boxes.append(Box(reader, closed))
    return ephemeral, boxes


def take(name: bytes, box: Box, ephemeral: bytes, agree: Callable[[bytes], bytes]) -> bytes | None:
    """The content key of that name from a reader's box, or None when it holds another or none.

    Args:
        agree: what X25519 gives of the reader's key and a public one; raises `ValueError`.
    """
    try:
        key = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            box.closed, name, _NONCE_OF_BOX, _box_key(agree(ephemeral), ephemeral, box.reader)
        )
    except (CryptoError, ValueError):
        return None
    return key if key_name(key) == name else None


def agreement(secret_key: bytes, public: bytes) -> bytes:
    """What X25519 gives of an Ed25519 secret key, 64 bytes, and an X25519 public key.

    Raises:
        ValueError: the public key is of low order, so that anybody could know the outcome.
    """
    try:
        own = bindings.crypto_sign_ed25519_sk_to_curve25519(secret_key)
        return bindings.crypto_scalarmult(own, public)
    except (CryptoError, RuntimeError) as problem:
        raise ValueError("no key to agree with") from problem


def _box_key(shared: bytes, ephemeral: bytes, reader: NodeId) -> bytes:
    return blake2b(
        shared + ephemeral + reader, digest_size=KEY_BYTES, person=b"credimus box"
    ).digest()


def _parts(text: str) -> tuple[bytes, bytes, bytes] | None:
    if not is_enclosed(text):
        return None
    coded = text[len(PREFIX) :]
    try:
        raw = urlsafe_b64decode(coded + "=" * (-len(coded) % 4))
    except (NotBase64, ValueError):
        return None
    if len(raw) < ID_BYTES + NONCE_BYTES + 16 + _PADDING:
        return None
    return raw[:ID_BYTES], raw[ID_BYTES : ID_BYTES + NONCE_BYTES], raw[ID_BYTES + NONCE_BYTES :]

"""A node's signing key, and where its link's certificates lie.

Deliberately not here: verifying signatures of blocks (lace), making certificates (authority,
which loads a library of 10 MiB that a running node does not need).
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import msgspec
from nacl import bindings
from nacl.utils import random

from credimus.kernel.errors import Conflict, NotPermitted, StorageError, UsageError
from credimus.kernel.ids import NodeId, node_id
from credimus.lace.enclosing import agreement
from credimus.runtime.identity.protection import (
    check_passphrase,
    passphrase_around,
    protect,
    unprotect,
)
from credimus.runtime.identity.secret_files import read_file, read_private_file, write_file

__all__ = (
    "SEED_BYTES", "Ask", "KeyName", "LinkPaths", "NodeKey", "create_node_key", "load_node_key",
    "name_of_key", "protect_node_key", "read_file", "read_private_file", "unprotect_node_key",
    "write_file",
)  # fmt: skip

Ask: TypeAlias = Callable[[], bytes | None]
"""Gives a passphrase, or None where there is none to be had."""
SEED_BYTES = 32
_KEY_LABEL = "credimus-node-key-1"
_PROTECTED_LABEL = "credimus-node-key-2"


class NodeKey:
    """An Ed25519 key pair; `repr` and errors never show the secret half."""

    __slots__ = ("_secret", "node_id", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise UsageError("key-malformed", f"a key's seed has {SEED_BYTES} bytes.")
        self.public, self._secret = bindings.crypto_sign_seed_keypair(seed)
        self.node_id: NodeId = node_id(self.public)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of a message. Cost: about 41 us."""
        return bindings.crypto_sign(message, self._secret)[: bindings.crypto_sign_BYTES]

    def agree(self, public: bytes) -> bytes:
        """What X25519 gives of this key and another's.

        Raises:
            ValueError: the public key is of low order.
        """
        return agreement(self._secret, public)

    def draw(self, count: int) -> bytes:
        """Fresh bytes of the operating system's."""
        return random(count)

    def __repr__(self) -> str:
        return f"NodeKey({self.node_id.hex()})"

    def __reduce__(self) -> str:
        raise TypeError("a node key is never pickled")

    def _seed(self) -> bytes:
        return self._secret[:SEED_BYTES]


class KeyName(msgspec.Struct, frozen=True):
    """Whose key a file holds: all of it that is no secret."""

    public: bytes
    node_id: NodeId
    protected: bool
    """Whether a passphrase is needed to use it."""


def create_node_key(path: Path, passphrase: bytes | None = None) -> NodeKey:
    """Make a key and store it in a new file of mode 0600.

    Args:
        passphrase: protects the file, when given.

    Raises:
        Conflict: `key-exists`; a key is never replaced, since it is the node's identity.
        UsageError: `passphrase-unusable`.
        StorageError: `disk-failed`.
    """
    key = NodeKey(random(SEED_BYTES))
    try:
        write_file(path, _written(key, passphrase), private=True, replace=False)
    except FileExistsError:
        raise Conflict(
            "key-exists", f"{path} already holds a node key; load it, or choose another folder."
        ) from None
    return key


def load_node_key(path: Path, ask: Ask | None = None) -> NodeKey:
    """The key stored in a file.

    Args:
        ask: gives the passphrase of a protected key; the environment is asked when None.

    Raises:
        NotFound: `key-missing`.
        UsageError: `key-readable-by-others`, when the mode lets anyone but the owner at it;
            `passphrase-unusable`.
        NotPermitted: `passphrase-missing`, `passphrase-wrong`.
        StorageError: `key-corrupt`, when the file is torn or altered; `disk-failed`.
    """
    words = _words(path)
    key = None
    try:
        if words[0] == _KEY_LABEL and len(words) == 3:
            key = NodeKey(bytes.fromhex(words[1]))
        elif words[0] == _PROTECTED_LABEL and len(words) == 6:
            key = NodeKey(unprotect(words[1:5], _passphrase(path, ask)))
    except (ValueError, OverflowError):
        pass
    except UsageError as problem:
        if problem.code != "key-malformed":
            raise
    if key is None or words[-1] != key.public.hex():
        raise _corrupt(path)
    return key


def name_of_key(path: Path) -> KeyName:
    """Whose key a file holds, with no passphrase asked; of one without, the secret is checked too.

    Raises:
        as `load_node_key`.
    """
    words = _words(path)
    if words[0] != _PROTECTED_LABEL:
        key = load_node_key(path)
        return KeyName(key.public, key.node_id, protected=False)
    try:
        public = bytes.fromhex(words[-1])
    except ValueError:
        public = b""
    if len(words) != 6 or len(public) != SEED_BYTES:
        raise _corrupt(path)
    return KeyName(public, node_id(public), protected=True)


def protect_node_key(path: Path, passphrase: bytes, ask: Ask | None = None) -> None:
    """Put the key in a file under a passphrase, in place of the one it had, if any.

    Raises:
        UsageError: `passphrase-unusable`; and as `load_node_key`.
    """
    check_passphrase(passphrase)
    key = load_node_key(path, ask)
    write_file(path, _written(key, passphrase), private=True)


def unprotect_node_key(path: Path, ask: Ask | None = None) -> None:
    """Keep the key in a file without a passphrase.

    Raises:
        as `load_node_key`.
    """
    key = load_node_key(path, ask)
    write_file(path, _written(key, None), private=True)


def _written(key: NodeKey, passphrase: bytes | None) -> bytes:
    seed = key._seed()  # noqa: SLF001 (same module)
    if passphrase is None:
        return f"{_KEY_LABEL} {seed.hex()} {key.public.hex()}\n".encode()
    check_passphrase(passphrase)
    return f"{_PROTECTED_LABEL} {protect(seed, passphrase)} {key.public.hex()}\n".encode()


def _words(path: Path) -> list[str]:
    return read_private_file(path).decode("ascii", "replace").split() or [""]


def _passphrase(path: Path, ask: Ask | None) -> bytes:
    found = passphrase_around() if ask is None else ask()
    if found is not None:
        return found
    raise NotPermitted(
        "passphrase-missing",
        f"{path} is protected by a passphrase. Name a file with it in CREDIMUS_PASSPHRASE_FILE or "
        "--passphrase-file, give it as the systemd credential credimus-passphrase, or start on a "
        "terminal and type it.",
    )


def _corrupt(path: Path) -> StorageError:
    return StorageError(
        "key-corrupt",
        f"{path} is not an intact node key. Restore it from a copy: a new key is a new member.",
    )


class LinkPaths(msgspec.Struct, frozen=True, kw_only=True):
    """Where the files that a mutual TLS link needs are."""

    authority: Path
    certificate: Path
    key: Path

    @classmethod
    def inside(cls, folder: Path) -> "LinkPaths":
        """The usual names in a node's folder."""
        return cls(
            authority=folder / "fleet-ca.crt",
            certificate=folder / "link.crt",
            key=folder / "link.key",
        )

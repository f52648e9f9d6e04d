"""A node's signing key, where its link's certificates lie, and files that hold secrets.

Deliberately not here: verifying signatures of blocks (lace), making certificates (authority,
which loads a library of 10 MiB that a running node does not need).
"""

import os
import stat
from pathlib import Path

import msgspec
from nacl import bindings
from nacl.utils import random

from credimus.kernel.errors import Conflict, NotFound, StorageError, UsageError
from credimus.kernel.ids import NodeId, node_id
from credimus.lace.enclosing import agreement

SEED_BYTES = 32
_KEY_LABEL = "credimus-node-key-1"


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


def create_node_key(path: Path) -> NodeKey:
    """Make a key and store it in a new file of mode 0600.

    Raises:
        Conflict: `key-exists`; a key is never replaced, since it is the node's identity.
        StorageError: `disk-failed`.
    """
    key = NodeKey(random(SEED_BYTES))
    line = f"{_KEY_LABEL} {key._seed().hex()} {key.public.hex()}\n"  # noqa: SLF001 (same module)
    try:
        write_file(path, line.encode(), private=True, replace=False)
    except FileExistsError:
        raise Conflict(
            "key-exists", f"{path} already holds a node key; load it, or choose another folder."
        ) from None
    return key


def load_node_key(path: Path) -> NodeKey:
    """The key stored in a file.

    Raises:
        NotFound: `key-missing`.
        UsageError: `key-readable-by-others`, when the mode lets anyone but the owner at it.
        StorageError: `key-corrupt`, when the file is torn or altered; `disk-failed`.
    """
    words = read_private_file(path).decode("ascii", "replace").split()
    try:
        label, seed, public = words
        key = NodeKey(bytes.fromhex(seed))
    except (ValueError, UsageError):
        label, public, key = "", "", None
    if key is None or label != _KEY_LABEL or public != key.public.hex():
        raise StorageError(
            "key-corrupt",
            f"{path} is not an intact node key. Restore it from a copy: a new key is a new member.",
        )
    return key


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


def write_file(path: Path, content: bytes, *, private: bool = False, replace: bool = True) -> None:
    """Write a file whole or not at all: a temporary file, fsync, then its name.

    Args:
        private: mode 0600 from the first byte on, else 0644.
        replace: False leaves an existing file alone.

    Raises:
        FileExistsError: the file exists and `replace` is False.
        StorageError: `disk-failed`, naming the file and the system's reason.
    """
    draft = path.with_name(f".{path.name}.{random(6).hex()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(descriptor)
                os.fchmod(descriptor, 0o600 if private else 0o644)
            if replace:
                os.replace(draft, path)
            else:
                os.link(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except FileExistsError:
        raise
    except OSError as problem:
        raise StorageError(
            "disk-failed",
            f"{path} could not be written: {problem.strerror}. Check that the folder exists, is "
            "yours and has room.",
        ) from None


def read_private_file(path: Path) -> bytes:
    """The content of a file that only its owner may read.

    Raises:
        NotFound: `key-missing`.
        UsageError: `key-readable-by-others`, saying which chmod to run.
        StorageError: `disk-failed`.
    """
    content = read_file(path)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise UsageError(
            "key-readable-by-others",
            f"{path} has mode {mode:04o}, so others can get at the key. Run: chmod 600 {path}",
        )
    return content


def read_file(path: Path) -> bytes:
    """The content of a file.

    Raises:
        NotFound: `key-missing`.
        StorageError: `disk-failed`.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(
            "key-missing", f"{path} does not exist. Run init or join first, or name its folder."
        ) from None
    except OSError as problem:
        raise StorageError(
            "disk-failed", f"{path} could not be read: {problem.strerror}."
        ) from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A secret under a passphrase: Argon2id makes a key of it, XSalsa20-Poly1305 closes the box.

Source: RFC 9106 (Argon2id); libsodium's `crypto_pwhash` and `crypto_secretbox`.
Deliberately not here: whose secret it is (credentials.py).
"""

import os
from pathlib import Path

from nacl import exceptions, pwhash, secret
from nacl.utils import random

from credimus.kernel.errors import NotPermitted, UsageError
from credimus.runtime.identity.secret_files import read_private_file

OPERATIONS = 3
"""Passes over the memory. [paper: RFC 9106, section 4, second recommended option]"""
MEMORY_BYTES = 64 * 1_048_576
"""Memory of one guess. [paper: likewise, 64 MiB, for small computers]"""
PASSPHRASE_BYTES_MIN = 8
"""[guess: shorter ones are tried out in hours]"""
PASSPHRASE_BYTES_MAX = 1_024
"""[guess]"""
VARIABLE = "CREDIMUS_PASSPHRASE_FILE"
"""Names a file of mode 0600 with the passphrase."""
CREDENTIAL = "credimus-passphrase"
"""The name of the systemd credential that holds it."""
_OPERATIONS_MAX, _MEMORY_BYTES_MAX = 16, 1_073_741_824


def protect(plain: bytes, passphrase: bytes) -> str:
    """The box as words: operations, memory in MiB, salt, box.

    Cost: some 0.2 s and 64 MiB.
    """
    salt = random(pwhash.argon2id.SALTBYTES)
    box = bytes(secret.SecretBox(_key(passphrase, salt, OPERATIONS, MEMORY_BYTES)).encrypt(plain))
    return f"{OPERATIONS} {MEMORY_BYTES // 1_048_576} {salt.hex()} {box.hex()}"


def unprotect(words: list[str], passphrase: bytes) -> bytes:
    """What the box of these words holds.

    Raises:
        NotPermitted: `passphrase-wrong`.
        ValueError: the words are not those of a box.
    """
    operations, memory_bytes = int(words[0]), int(words[1]) * 1_048_576
    salt, box = bytes.fromhex(words[2]), bytes.fromhex(words[3])
    if (
        not 1 <= operations <= _OPERATIONS_MAX
        or not 8_192 <= memory_bytes <= _MEMORY_BYTES_MAX
        or len(salt) != pwhash.argon2id.SALTBYTES
    ):
        raise ValueError("the cost of the passphrase is out of range")
    try:
        return secret.SecretBox(_key(passphrase, salt, operations, memory_bytes)).decrypt(box)
    except exceptions.CryptoError:
        raise NotPermitted(
            "passphrase-wrong", "the passphrase does not open this node's key; give the right one."
        ) from None


def check_passphrase(passphrase: bytes) -> None:
    """Refuse one that protects nothing.

    Raises:
        UsageError: `passphrase-unusable`.
    """
    if not PASSPHRASE_BYTES_MIN <= len(passphrase) <= PASSPHRASE_BYTES_MAX:
        raise UsageError(
            "passphrase-unusable",
            f"a passphrase has {PASSPHRASE_BYTES_MIN} to {PASSPHRASE_BYTES_MAX} bytes, not "
            f"{len(passphrase)}; several random words are good.",
        )


def read_passphrase(path: Path) -> bytes:
    """The passphrase in a file that only its owner may read: its first line.

    Raises:
        NotFound: `key-missing`.
        UsageError: `key-readable-by-others`, `passphrase-unusable`.
        StorageError: `disk-failed`.
    """
    passphrase = read_private_file(path).split(b"\n", 1)[0].rstrip(b"\r")
    check_passphrase(passphrase)
    return passphrase


def passphrase_around() -> bytes | None:
    """The passphrase that the environment points to: a file, or a systemd credential.

    Raises:
        as `read_passphrase`.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return read_passphrase(Path(named).expanduser())
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and (Path(folder) / CREDENTIAL).exists():
        return read_passphrase(Path(folder) / CREDENTIAL)
    return None


def _key(passphrase: bytes, salt: bytes, operations: int, memory_bytes: int) -> bytes:
    return pwhash.argon2id.kdf(
        secret.SecretBox.KEY_SIZE, passphrase, salt, opslimit=operations, memlimit=memory_bytes
    )

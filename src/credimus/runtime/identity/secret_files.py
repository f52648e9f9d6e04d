"""Files of a node's folder: written whole or not at all, secrets for nobody else to read."""

import os
import stat
from pathlib import Path

from nacl.utils import random

from credimus.kernel.errors import NotFound, StorageError, UsageError


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
        sync_folder(path.parent)
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
            "key-missing",
            f"{path} does not exist. Name a node's folder, or restore the file from a backup.",
        ) from None
    except OSError as problem:
        raise StorageError(
            "disk-failed", f"{path} could not be read: {problem.strerror}."
        ) from None


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

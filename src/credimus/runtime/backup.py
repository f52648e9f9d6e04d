"""A copy of a node's folder, whole or not at all, made while the node runs or not.

The copy is the node itself, keys included: it must never run beside the original, and once the
original has written more, a copy that writes forks its own chain. It notices, and then writes no
more. Deliberately not here: asking a running node for its database (cli/backup.py).
"""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from credimus.kernel.errors import StorageError, UsageError
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import read_file, write_file
from credimus.runtime.store.sqlite import kept_store


def back_up(home: Home, destination: Home, put_database: Callable[[Path], None]) -> None:
    """Copy a node's folder to a new one.

    Args:
        put_database: makes a copy of the database at a path.

    Raises:
        UsageError: `bad-destination`.
        Conflict: `folder-not-empty`.
        StorageError: `disk-failed`, `disk-full` and others.
    """
    if destination.folder.resolve().is_relative_to(home.folder.resolve()):
        raise UsageError(
            "bad-destination", f"{destination} lies inside {home}; name a folder outside of it."
        )
    left = {home.running.name, home.copy.name}
    with destination.made_whole() as draft:
        for path in sorted(home.folder.iterdir()):
            if path.name not in left and not path.name.startswith((".", home.database.name)):
                _copy(path, draft.folder / path.name)
        put_database(draft.database)


def copy_stopped(home: Home, path: Path, told: Callable[[int, int], None] | None = None) -> None:
    """Copy the database of a node that does not run; it is checked whole first.

    Args:
        told: called with the blocks checked so far, and how many there are.

    Raises:
        Conflict: `folder-in-use`.
        StorageError: `corrupt` and others.
    """
    store = kept_store(home.database)
    try:
        for count, _ in enumerate(store.blocks(), 1):  # every one is verified as it is read
            if told is not None:
                told(count, store.block_count)
        store.database.copy(path)
    finally:
        store.close()


def take_copy(home: Home, path: Path) -> None:
    """Move the copy that a running node made to where it belongs."""
    try:
        shutil.move(home.copy, path)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as problem:
        raise StorageError(
            "disk-failed", f"{path} could not be written: {problem.strerror}. Check the disk."
        ) from None


def _copy(path: Path, target: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, target)
    else:
        private = not stat.S_IMODE(path.stat().st_mode) & 0o077
        write_file(target, read_file(path), private=private)

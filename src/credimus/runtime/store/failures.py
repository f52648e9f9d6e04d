"""What SQLite's errors mean here: one `StorageError` that names the file and what to do."""

import os
import resource
import sqlite3
from pathlib import Path
from typing import Final

from credimus.kernel.errors import CredimusError, InternalError, StorageError

GIVE_UP: Final = (
    "If another member still runs, make a ticket there (`credimus invite`) and join anew with a "
    "new folder; only if none does, restore the whole folder from a backup."
)
"""What is left to do where nothing in the folder brings the log back."""
RESTORE: Final = (
    "Stop, check the disk, and run `credimus recover`: it keeps what is intact. Where that is "
    f"refused: {GIVE_UP[0].lower()}{GIVE_UP[1:]}"
)
PROBLEMS: Final = (sqlite3.Error, UnicodeDecodeError)
"""What a statement may raise: the latter when SQLite quotes altered bytes in its message."""
_FREE_BYTES_MIN = 1_048_576
_PRIMARY = 0xFF
_DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_TOOBIG)
"""Too big: a length that was altered; we write nothing near the bound of 1 GB."""


def corrupt(path: Path, what: str) -> StorageError:
    """The log was altered outside credimus."""
    return StorageError("corrupt", f"{path}: {what}. {RESTORE}")


def recovered(path: Path) -> Path:
    """Where `credimus recover` makes the database that takes the place of another."""
    return path.with_name(f".{path.name}.recovered")


def missing(path: Path) -> StorageError:
    """The log is gone; another in its place would make the node contradict what it signed."""
    if recovered(path).exists():
        return StorageError(
            "corrupt",
            f"{path} is missing, because a recovery was broken off. Run `credimus recover` again.",
        )
    return StorageError(
        "corrupt",
        f"{path} is missing or empty, though it held a log. No command brings it back. {GIVE_UP}",
    )


def read_models_corrupt(path: Path, what: str) -> StorageError:
    """Read models were altered; they are derived, so that nothing is lost."""
    return StorageError(
        "read-models-corrupt",
        f"{path}: {what}. Rebuild the read models from the log, and check the disk.",
    )


def translate(problem: Exception, path: Path, where: str) -> CredimusError:
    """The error of the tree that says what SQLite's says, about this file and table."""
    code = getattr(problem, "sqlite_errorcode", None)
    primary = None if code is None else code & _PRIMARY
    if primary == sqlite3.SQLITE_FULL or (
        code == sqlite3.SQLITE_IOERR_WRITE and _space_is_short(path)
    ):
        return _disk_full(path)
    if isinstance(problem, UnicodeDecodeError):
        return corrupt(path, f"{where} can not be read (the text of a name was altered)")
    if primary in _DAMAGE or (
        # A short read of a page, and text that is no longer UTF-8 (which has no code).
        code == sqlite3.SQLITE_IOERR_SHORT_READ or (code is None and "decode" in str(problem))
    ):
        return corrupt(path, f"{where} can not be read ({problem})")
    if primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
        return StorageError(
            "disk",
            f"{path}: {where}: {problem} ({getattr(problem, 'sqlite_errorname', '')}). Check the "
            "disk and the permissions of the folder, then start again.",
        )
    return InternalError("store", f"{path}: {where}: {type(problem).__name__}: {problem}")


def _disk_full(path: Path) -> StorageError:
    error = StorageError(
        "disk-full",
        f"{path}: no space is left on the disk; nothing was written. Free some space (or raise "
        "the quota), then try again.",
    )
    error.definite = True
    error.retry = True
    error.status = 507
    return error


def _space_is_short(path: Path) -> bool:
    """True if a failed write is explained by a full disk or a limit on the size of files."""
    if resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY:
        return True
    space = os.statvfs(path.parent)
    return space.f_bavail * space.f_frsize < _FREE_BYTES_MIN

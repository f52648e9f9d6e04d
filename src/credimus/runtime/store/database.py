"""One SQLite file, owned by one process, checked when it is opened.

WAL with synchronous FULL: a transaction that returned survives a loss of power. One connection in
exclusive mode, so that there is no shared-memory file and no file lock per transaction. Not here:
what the tables mean.
"""

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from credimus.kernel.errors import InternalError, StorageError
from credimus.runtime.store import failures, schema, wal
from credimus.runtime.store.ownership import FolderLock
from credimus.runtime.store.wal import PAGE_BYTES

Answer = TypeVar("Answer")

CHECKED_BYTES_MAX: Final = 256 * 1_048_576
"""A file up to this size is checked whole when it is opened. [measured: 1.6 s a GiB in cache]

A larger one is not: its rows are still verified one by one as they are read.
"""
WAL_PAGES: Final = 500
"""Pages in the WAL that start a checkpoint: 2 MB. [measured: stalls of 6 ms; 2,000 pages: 15 ms]"""
CACHE_KIB: Final = 1_024
"""Memory for pages of the database, in KiB. [guess]"""
_BEFORE_READING: Final = (
    f"page_size = {PAGE_BYTES}",
    "locking_mode = EXCLUSIVE",
    "cell_size_check = ON",
    "secure_delete = OFF",
    "temp_store = MEMORY",
    "mmap_size = 0",
    f"cache_size = -{CACHE_KIB}",
)
_BEFORE_WRITING: Final = (
    "synchronous = FULL",
    f"wal_autocheckpoint = {WAL_PAGES}",
    f"journal_size_limit = {4 * WAL_PAGES * PAGE_BYTES}",
)


class Database:
    """An open, owned and checked SQLite file; used by one thread at a time.

    Raises:
        Conflict: `folder-in-use`, naming the process.
        StorageError: `corrupt`, `schema-newer`, `disk-full` or `disk`.
    """

    __slots__ = ("_connection", "_full", "_lock", "_unsynced", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as problem:
            raise StorageError(
                "disk", f"{path.parent} can not be made: {problem.strerror}."
            ) from None
        self._lock = FolderLock(path)
        self._connection: sqlite3.Connection | None = None
        self._full = True
        self._unsynced = False
        try:
            self._refuse_a_lost_file()
            wal.check(path)
            self._connection = self._open()
            self._lock.mark_made()
        except failures.PROBLEMS as problem:
            self.close()
            error = failures.translate(problem, path, "the database")
            if isinstance(error, InternalError):  # our statements are right: the file is not
                error = failures.corrupt(path, f"it can not be opened ({problem})")
            raise error from None
        except OSError as problem:
            self.close()
            raise StorageError(
                "disk", f"{path} can not be opened: {problem.strerror}. Check the folder."
            ) from None
        except BaseException:
            self.close()
            raise

    def _refuse_a_lost_file(self) -> None:
        """SQLite would take an empty file for a new database."""
        if self._lock.made and not (self.path.exists() and self.path.stat().st_size):
            raise failures.missing(self.path)

    def _open(self) -> sqlite3.Connection:
        """A connection to the file, made with its tables when it is new."""
        if not self.path.exists():
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            _sync_folder(self.path.parent)
            _sync_folder(self.path.parent.parent)
        connection = sqlite3.connect(
            self.path, timeout=1, isolation_level=None, check_same_thread=False
        )
        self._connection = connection
        if not self.path.stat().st_size:  # only before there is a page
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL").close()
        for pragma in _BEFORE_READING:
            connection.execute(f"PRAGMA {pragma}").close()
        schema.check_version(connection, self.path)
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise StorageError(
                "disk",
                f"{self.path} can not have a write-ahead log (SQLite offers {mode!r}). Use a local "
                "folder that this user may write.",
            )
        for pragma in _BEFORE_WRITING:
            connection.execute(f"PRAGMA {pragma}").close()
        if self.path.stat().st_size <= CHECKED_BYTES_MAX:
            schema.check_pages(connection, self.path)
        schema.create(connection)
        return connection

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection; only for modules of this package."""
        if self._connection is None:
            raise StorageError("closed", f"{self.path} is closed; open it again.")
        return self._connection

    def write(
        self, work: Callable[[sqlite3.Connection], None], where: str, *, synced: bool = True
    ) -> None:
        """Do the work in one transaction: durable when this returns, undone when it raises.

        Args:
            work: called once between BEGIN and COMMIT.
            where: the table, for the message of an error.
            synced: whether to wait for the disk; without, a loss of power may still undo it.
        """
        connection = self.connection
        try:
            if synced is not self._full:
                connection.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
                self._full = synced
            connection.execute("BEGIN IMMEDIATE")
            work(connection)
            connection.execute("COMMIT")
            self._unsynced = not synced
        except BaseException as problem:
            self._roll_back(connection)
            if isinstance(problem, failures.PROBLEMS):
                raise failures.translate(problem, self.path, where) from None
            raise

    def sync(self) -> None:
        """Wait for the disk, when a transaction was not synced: the log is written in order.

        Raises:
            StorageError: `disk`.
        """
        if not self._unsynced:
            return
        try:
            _sync_file(Path(f"{self.path}-wal"))
        except OSError as problem:
            raise StorageError(
                "disk", f"{self.path}-wal can not be synced: {problem.strerror}. Check the disk."
            ) from None
        self._unsynced = False

    def read(self, statement: str, values: Sequence[object], where: str) -> list[tuple[Any, ...]]:
        """All rows of a query.

        Raises:
            StorageError: `corrupt` and others, naming `where`.
        """
        try:
            return self.connection.execute(statement, values).fetchall()
        except failures.PROBLEMS as problem:
            raise failures.translate(problem, self.path, where) from None

    def shrink(self, pages: int) -> None:
        """Give up to so many free pages back to the disk. A file made before there were checkpoints
        does not shrink; its free pages are used again.

        Raises:
            StorageError: `disk-full`, `disk`.
        """
        try:
            self.connection.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
        except failures.PROBLEMS as problem:
            raise failures.translate(problem, self.path, "the free pages") from None

    def copy(self, path: Path) -> None:
        """Write all that is committed into a new file of mode 0600, in place of one of that name.

        Durable when this returns. Nothing else can be done meanwhile.

        Cost: about 3 s a GiB, most of it the disk's. [measured]

        Raises:
            StorageError: `disk-full`, `disk`, `corrupt`; no file is left behind.
        """
        try:
            path.unlink(missing_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            target = sqlite3.connect(path, isolation_level=None)
            try:
                self.connection.backup(target)
            finally:
                target.close()
            _sync_file(path)
            _sync_folder(path.parent)
        except BaseException as problem:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            if isinstance(problem, OSError):
                raise StorageError(
                    "disk", f"{path} can not be written: {problem.strerror}. Check the disk."
                ) from None
            if isinstance(problem, failures.PROBLEMS):
                raise failures.translate(problem, path, "the copy") from None
            raise

    def close(self) -> None:
        """Checkpoint, close and let go of the lock; calling again does nothing."""
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()
        finally:
            self._lock.close()

    @staticmethod
    def _roll_back(connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            with suppress(sqlite3.Error):  # the first error is the news
                connection.execute("ROLLBACK")


def _sync_folder(folder: Path) -> None:
    """Make a new name in this folder durable: a file without its name is lost with all it holds."""
    _sync_file(folder)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

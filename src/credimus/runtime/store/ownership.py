"""One process owns a store: an advisory lock beside the database, let go by the system at a crash.

Deliberately not here: removing the lock file. A file that vanishes can be locked twice.
"""

import fcntl
import os
from pathlib import Path

from credimus.kernel.errors import Conflict, StorageError


class FolderLock:
    """Holds `<database>.lock` from construction until `close`.

    Raises:
        Conflict: `folder-in-use`, naming the process that holds it.
    """

    __slots__ = ("_descriptor",)

    def __init__(self, database: Path) -> None:
        path = database.with_name(database.name + ".lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as problem:
            raise StorageError(
                "disk", f"{path} can not be opened: {problem.strerror}. Check the folder."
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise Conflict(
                "folder-in-use",
                f"{database.parent} is in use by process {holder or '(unknown)'}. Stop that node, "
                "or give this one a folder of its own.",
            ) from None
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError:  # a full disk: the lock holds, only the number is missing
            pass
        self._descriptor = descriptor

    def close(self) -> None:
        """Let go of the lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

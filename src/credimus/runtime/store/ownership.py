"""One process owns a store: an advisory lock beside the database, let go by the system at a crash.

Deliberately not here: removing the lock file. A file that vanishes can be locked twice.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from credimus.kernel.errors import Conflict, StorageError

_MADE: Final = "made"


class FolderLock:
    """Holds `<database>.lock` from construction until `close`.

    Raises:
        Conflict: `folder-in-use`, naming the process that holds it.
    """

    __slots__ = ("_descriptor", "made", "path")

    def __init__(self, database: Path) -> None:
        self.path = path = database.with_name(database.name + ".lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as problem:
            raise StorageError(
                "disk", f"{path} can not be opened: {problem.strerror}. Check the folder."
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _read(descriptor)[0]
            os.close(descriptor)
            raise Conflict(
                "folder-in-use",
                f"{database.parent} is in use by process {holder or '(unknown)'}. Stop that node, "
                "reach it with credimus.connect, or give this one a folder of its own.",
            ) from None
        self._descriptor = descriptor
        self.made = _read(descriptor)[1] == _MADE
        """True if this lock's database was made once."""
        self._write()

    def mark_made(self) -> None:
        """Note that the database exists, so that an empty file is not taken for a new one."""
        if not self.made:
            self.made = True
            self._write()

    def close(self) -> None:
        """Let go of the lock."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _write(self) -> None:
        """Name our process; on a full disk the lock holds all the same."""
        with suppress(OSError):
            note = f"{os.getpid():<10}\n{_MADE if self.made else ''}\n"
            os.pwrite(self._descriptor, note.encode(), 0)


def _read(descriptor: int) -> tuple[str, str]:
    """The process and the mark that the file holds, or empty strings."""
    lines = os.pread(descriptor, 64, 0).decode("ascii", "replace").split("\n")
    return lines[0].strip(), lines[1].strip() if len(lines) > 1 else ""

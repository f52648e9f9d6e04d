"""The TCP sockets of this process, found through its open files: the engine hands out none.

Nothing where the system does not list a process's open files, as on Windows.
"""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_OPEN_FILES = Path("/dev/fd")


def tcp_sockets() -> Iterator[socket.socket]:
    """Each as a socket of our own on the same connection, closed when the next is asked for."""
    names: list[str] = []
    with suppress(OSError):
        names = os.listdir(_OPEN_FILES)
    for name in names:
        with suppress(OSError):  # closed meanwhile, or no socket
            one = _opened(int(name))
            if one is not None:
                with one:
                    yield one


def _opened(descriptor: int) -> socket.socket | None:
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return None
    own = os.dup(descriptor)
    try:
        one = socket.socket(fileno=own)
    except OSError:  # meanwhile it is something else
        os.close(own)
        raise
    if one.type != socket.SOCK_STREAM or one.family == socket.AF_UNIX:
        one.close()
        return None
    return one

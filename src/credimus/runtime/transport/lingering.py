"""Closing a dead link must not hold up the living ones.

The engine asks the kernel to linger: whoever closes a TCP socket with unsent bytes waits up to 10 s
for them to leave. A link whose other end is cut off always has some, and the one who closes it is
the engine's thread that receives for all links. So one cut link deafened a node for ten seconds
[measured: tests/netns; known as issue 1101 of eclipse-zenoh/zenoh]. Nothing of ours is lost with
such bytes: what a peer lacks is found by sync.

Deliberately not here: sockets of others in this process. Only those are changed that linger just as
the engine makes them.
"""

import os
import socket
import stat
import struct
from contextlib import suppress
from pathlib import Path

ENGINE_LINGER_S = 10
"""How long the engine lets its sockets linger; built into it."""
_LINGER = struct.Struct("ii")
_OPEN_FILES = Path("/dev/fd")


def end_lingering() -> int:
    """Let the engine's sockets be closed at once; how many were changed.

    Nothing where the system does not list a process's open files, as on Windows, where closing a
    socket of this kind does not wait.
    """
    count = 0
    with suppress(OSError):
        for name in os.listdir(_OPEN_FILES):
            with suppress(OSError):  # closed meanwhile, or no socket
                count += _end_one(int(name))
    return count


def _end_one(descriptor: int) -> bool:
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return False
    own = os.dup(descriptor)
    try:
        one = socket.socket(fileno=own)
    except OSError:  # meanwhile it is something else
        os.close(own)
        raise
    with one:
        if one.type != socket.SOCK_STREAM or one.family == socket.AF_UNIX:
            return False
        found = one.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.size)
        if _LINGER.unpack(found) != (1, ENGINE_LINGER_S):
            return False
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.pack(0, 0))
        return True

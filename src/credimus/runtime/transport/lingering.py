"""Closing a dead link must not hold up the living ones.

The engine asks the kernel to linger: whoever closes a TCP socket with unsent bytes waits up to 10 s
for them to leave. A link whose other end is cut off always has some, and the one who closes it is
the engine's thread that receives for all links. So one cut link deafened a node for ten seconds
[measured: tests/netns; known as issue 1101 of eclipse-zenoh/zenoh]. Nothing of ours is lost with
such bytes: what a peer lacks is found by sync.

Deliberately not here: sockets of others in this process. Only those are changed that linger just as
the engine makes them.
"""

import socket
import struct
from contextlib import suppress

from credimus.runtime.transport.sockets import tcp_sockets

ENGINE_LINGER_S = 10
"""How long the engine lets its sockets linger; built into it."""
_LINGER = struct.Struct("ii")


def end_lingering() -> int:
    """Let the engine's sockets be closed at once; how many were changed.

    On Windows, where a process can not list its sockets, closing one of this kind does not wait.
    """
    count = 0
    for one in tcp_sockets():
        with suppress(OSError):  # closed meanwhile
            count += _end_one(one)
    return count


def _end_one(one: socket.socket) -> bool:
    found = one.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.size)
    if _LINGER.unpack(found) != (1, ENGINE_LINGER_S):
        return False
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER.pack(0, 0))
    return True

"""Free ports of this machine, outside the range that it hands out by itself.

A node is started again on the port it had. A port of the system's own range could meanwhile be
given to some outgoing connection; one below it stays free.
"""

import secrets
import socket
from pathlib import Path

from credimus.kernel.errors import Unavailable

_LOWEST = 15_000
_OWN_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TRIES = 2_000


def free_ports(count: int, host: str = "127.0.0.1") -> list[int]:
    """That many different ports on which nobody listens.

    Raises:
        Unavailable: `no-free-port`.
    """
    highest = _below_own_range()
    found: list[int] = []
    held: list[socket.socket] = []
    try:
        for _ in range(_TRIES):
            if len(found) == count:
                return found
            port = _LOWEST + secrets.randbelow(highest - _LOWEST)
            one = socket.socket()
            try:
                one.bind((host, port))
            except OSError:
                one.close()
                continue
            held.append(one)
            found.append(port)
    finally:
        for one in held:
            one.close()
    raise Unavailable("no-free-port", f"no {count} free ports from {_LOWEST} to {highest}")


def _below_own_range() -> int:
    try:
        lowest = int(_OWN_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        lowest = 32_768
    return lowest if lowest > _LOWEST + 1_000 else 60_000

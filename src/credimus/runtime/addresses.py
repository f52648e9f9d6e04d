"""What can be told of an address before a node uses it."""

import socket
from ipaddress import ip_address


def binding_error(host: str, port: int, *, udp: bool) -> OSError | None:
    """Why an address of this machine can not be bound now; None when it can, and it is let go at
    once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as probe:
        if not udp:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            return problem
    return None


def is_everywhere(host: str) -> bool:
    """Whether it stands for all addresses of a machine, so that nobody can ask there."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False

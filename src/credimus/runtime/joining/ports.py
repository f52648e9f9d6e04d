"""Whether a node that is about to join could listen: told before its ticket is used up."""

import errno
import socket

from credimus.kernel.errors import Conflict
from credimus.runtime.joining.joining import Plan
from credimus.runtime.settings.settings import host_port


def check_ports(plan: Plan) -> None:
    """Refuse a plan whose ports are taken, as `up` would. An address of another machine passes: a
    folder may be made on one for another.

    Raises:
        Conflict: `port-in-use`.
    """
    _check(plan.listen, "--listen", udp=plan.link == "quic")
    _check(plan.api, "--api", udp=False)


def _check(address: str, option: str, *, udp: bool) -> None:
    host, port = host_port(address, option, any_port=True)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as probe:
        if not udp:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            if problem.errno == errno.EADDRINUSE:
                raise Conflict(
                    "port-in-use",
                    f"{address} is taken by another program. Stop it, or give another {option}; "
                    "the ticket is still good.",
                ) from None

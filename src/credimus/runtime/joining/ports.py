"""Whether a node that is about to join could listen: told before its ticket is used up."""

import errno

from credimus.kernel.errors import Conflict
from credimus.runtime.addresses import binding_error
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
    problem = binding_error(host, port, udp=udp)
    if problem is not None and problem.errno == errno.EADDRINUSE:
        raise Conflict(
            "port-in-use",
            f"{address} is taken by another program. Stop it, or give another {option}; the ticket "
            "is still good.",
        )

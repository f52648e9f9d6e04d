"""Addresses on which the node listens: free before a start, its own while it runs."""

import errno

from credimus.kernel.errors import CredimusError
from credimus.runtime.addresses import binding_error
from credimus.runtime.doctor.finding import Answers, Finding, of_error, ok, problem, warning
from credimus.runtime.settings.settings import NodeSettings, host_port

CHECK = "ports"


def check_ports(settings: NodeSettings, running: Answers | None) -> list[Finding]:
    """Whether the node can listen, or does."""
    if running is not None:
        return _ours(settings, running)
    udp = settings.link == "quic"
    return [
        _free(settings.listen, "listen", udp=udp),
        _free(settings.api, "api", udp=False),
    ]


def _ours(settings: NodeSettings, running: Answers) -> list[Finding]:
    status = running.status
    found = [ok(CHECK, f"the API answers on {status['api']}")]
    if not status["links_open"]:
        found.append(
            warning(CHECK, "the links are down by order", "POST /v1/links with open: true")
        )
    elif status["listen"] != settings.listen:
        found.append(
            warning(
                CHECK,
                f"it listens on {status['listen']}, the settings now say {settings.listen}",
                "restart the node",
            )
        )
    else:
        found.append(ok(CHECK, f"links are taken on {status['listen']} ({status['link']})"))
    return found


def _free(address: str, what: str, *, udp: bool) -> Finding:
    """Whether an address can be bound now."""
    try:
        host, port = host_port(address, what, any_port=True)
    except CredimusError as error:
        return of_error(CHECK, error)
    found = binding_error(host, port, udp=udp)
    if found is None:
        return ok(CHECK, f"{what} {address} is free")
    if found.errno == errno.EADDRINUSE:
        return problem(
            CHECK,
            f"{what} {address} is taken by another program",
            f"stop it, or change `{what}` in config.toml",
        )
    return problem(
        CHECK,
        f"{what} {address} can not be used: {found.strerror or found}",
        f"give `{what}` in config.toml an address of this machine",
    )

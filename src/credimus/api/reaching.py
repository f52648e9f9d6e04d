"""Where joiners ask this node: the address in a ticket, and whether it can work."""

from urllib.parse import urlsplit

from credimus.api.tls import is_loopback
from credimus.kernel.errors import UsageError
from credimus.runtime.addresses import is_everywhere
from credimus.runtime.daemon import Daemon
from credimus.runtime.settings.settings import host_port


def ticket_address(daemon: Daemon, given: str | None) -> str:
    """The URL that a ticket names, the node's own when none is given.

    Raises:
        UsageError: `address-unusable`, `wrong-scheme`.
    """
    address = (given or daemon.url).rstrip("/")
    if not address.startswith(("http://", "https://")):
        scheme = daemon.url.partition(":")[0]
        raise UsageError("address-unusable", f"address: give one such as {scheme}://10.0.0.7:8701.")
    if address.startswith("http://") and daemon.url.startswith("https://"):
        raise UsageError(
            "wrong-scheme", "address: the API of this node speaks TLS, so give one with https://."
        )
    return address


def warning_of(daemon: Daemon, address: str) -> str | None:
    """Why a joiner on another machine could not ask at an address, if that can be told."""
    host = urlsplit(address).hostname or ""
    own = daemon.node.state.roster.current.by_id.get(daemon.node.id)
    at = [daemon.settings.node.listen, own.address if own is not None else ""]
    is_reached = any(one and not is_loopback(host_port(one, "address")[0]) for one in at)
    if is_everywhere(host) or (is_loopback(host) and is_reached):
        return (
            f"the ticket says to ask at {address}, which no other machine reaches, though the "
            "links can be reached. For a joiner elsewhere let the API listen on an address of this "
            "machine ([node] api in config.toml), or give --address"
        )
    return None

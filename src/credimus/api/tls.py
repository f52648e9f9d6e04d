"""Whether the API is served over TLS, and with which certificate: beyond loopback always."""

import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from credimus.kernel.errors import UsageError
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import LinkPaths
from credimus.runtime.settings.settings import NodeSettings, host_port


class Identity(NamedTuple):
    """The files with which a server shows who it is."""

    certificate: Path
    key: Path


def identity_of(home: Home, settings: NodeSettings) -> Identity | None:
    """The certificate of the API; None where plain HTTP will do, which is on loopback only.

    Raises:
        UsageError: `api-needs-tls`, `certificate-unusable`.
    """
    given = settings.api_certificate, settings.api_key
    if (given[0] is None) != (given[1] is None):
        raise UsageError(
            "api-needs-tls", "[node] api_certificate and api_key belong together; set both or none."
        )
    if given[0] is not None and given[1] is not None:
        return _checked(Identity(home.folder / given[0], home.folder / given[1]))
    host, _ = host_port(settings.api, "[node] api", any_port=True)
    if is_loopback(host):
        return None
    links = LinkPaths.inside(home.folder)
    if not (links.certificate.is_file() and links.key.is_file()):
        raise UsageError(
            "api-needs-tls",
            f"the API on {settings.api} can be reached from other machines, so it needs TLS, and "
            f"{home} has no certificate of its own. Set api_certificate and api_key in [node] of "
            "config.toml, or listen on 127.0.0.1.",
        )
    return _checked(Identity(links.certificate, links.key))


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it; of a name but `localhost` that is not known."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _checked(identity: Identity) -> Identity:
    """Refuse files that no server could use, before anything is begun."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            identity.certificate, identity.key, password=""
        )
    except (OSError, ssl.SSLError, ValueError) as problem:
        raise UsageError(
            "certificate-unusable",
            f"{identity.certificate} and {identity.key} can not be used for the API: "
            f"{problem}. Give a PEM certificate and its unencrypted key.",
        ) from None
    return identity

"""Where a webhook answers: a URL taken apart and checked."""

from typing import NamedTuple
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
URL_CHARACTERS_MAX = 2_048
"""Characters of a URL. [guess: what common servers take]"""


class Target(NamedTuple):
    """What a connection and a request line need of a URL."""

    host: str
    port: int
    path: str
    """With its query."""
    authority: str
    """As the `Host` header names it."""
    encrypted: bool


def target_of(url: str) -> Target:
    """The parts of an http or https URL.

    Raises:
        ValueError: saying what is wrong and what to give.
    """
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > URL_CHARACTERS_MAX:
        raise ValueError(
            f"url: use at most {URL_CHARACTERS_MAX} ASCII characters without spaces; write others "
            "with percent signs"
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as problem:
        raise ValueError(f"url: {problem}") from None
    if parts.scheme not in _PORTS:
        raise ValueError(
            f"url: scheme {parts.scheme[:20]!r} is not taken; give http:// or https://"
        )
    if not host or len(host) > 253 or any(not 0 < len(one) < 64 for one in host.split(".")):
        raise ValueError("url: it names no host; give one such as http://127.0.0.1:9000/vote")
    if parts.username is not None or parts.password is not None:
        raise ValueError(
            "url: leave user and password out; requests are signed with the node's key"
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(
        host=host,
        port=_PORTS[parts.scheme] if port is None else port,
        path=path,
        authority=parts.netloc,
        encrypted=parts.scheme == "https",
    )

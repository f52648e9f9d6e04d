"""Links that the engine holds and does not use, cut so that they are made anew.

A dial that ends just when its time is over leaves a link of which one side's engine knows nothing
but that it is there: it is kept alive, carries nothing, and every further dial is refused because
there is a link already [measured: 50 nodes started at once on two cores, in one start of four]. Who
is so linked never sees the other's liveliness token, and by that such a link is known.

Deliberately not here: links that are merely silent; the engine gives those up by its lease.
"""

import socket
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import NamedTuple

from credimus.runtime.transport.sockets import tcp_sockets


class Ends(NamedTuple):
    """A link: `host:port` of ourselves and of the peer."""

    own: str
    peer: str


class HalfOpen:
    """Remembers how long each link has been without its peer's token.

    Args:
        looks: after so many in a row a link is cut; 1 and up.
    """

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self._seen: dict[Ends, int] = {}

    def look(self, links: Iterable[Ends]) -> list[Ends]:
        """Those to cut.

        Args:
            links: all that are without their peer's token now.
        """
        self._seen = {link: self._seen.get(link, 0) + 1 for link in links}
        worn = [link for link, count in self._seen.items() if count >= self._looks]
        for link in worn:
            del self._seen[link]
        return worn


def cut(links: Collection[Ends]) -> int:
    """End these connections, both ways; how many of them were found. Of UDP there are none."""
    count = 0
    for one in tcp_sockets() if links else ():
        with suppress(OSError):  # not connected, or closed meanwhile
            if Ends(_text(one.getsockname()), _text(one.getpeername())) in links:
                one.shutdown(socket.SHUT_RDWR)
                count += 1
    return count


def _text(address: tuple[str, int]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

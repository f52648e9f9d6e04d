"""A request as endpoints see it and what they answer, whichever server carried them."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import NamedTuple

from credimus.runtime.access.principals import Principal

JSON = "application/json"
Headers = tuple[tuple[str, str], ...]


class Request:
    """One request, its body read whole.

    Args:
        path: percent-decoded.
        query: what stood after the question mark, as it came.
        headers: by lower-case name; repeated ones are joined with commas.
    """

    __slots__ = ("body", "headers", "method", "name", "path", "principal", "query")

    def __init__(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.name = ""
        """What the path names, such as a belief's id; set when the endpoint was found."""
        self.principal: Principal | None = None
        """Who asks; set when the endpoint asks for it."""


class Answer(NamedTuple):
    """A whole answer."""

    body: bytes
    status: int = 200
    media_type: str = JSON
    headers: Headers = ()


class Stream(NamedTuple):
    """An answer that goes on until one side ends it."""

    chunks: AsyncIterator[bytes]
    media_type: str
    headers: Headers = ()
    close: Callable[[], None] = lambda: None
    """Called once when it has ended, also when it never began."""
    cut: Callable[[], None] = lambda: None
    """Called when it was ended because its reader took none of it."""

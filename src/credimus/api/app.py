"""The API of a node: finds the endpoint of a request and answers it, errors included.

Deliberately not here: HTTP itself. asgi.py serves any ASGI server; lean.py spares plain requests
the way through it. Both end in `Api.begin`.
"""

from collections.abc import Awaitable, Iterable
from inspect import isawaitable

from credimus.api.endpoint import Endpoint
from credimus.api.message import Answer, Request, Stream
from credimus.api.problems import HttpError, answer_of
from credimus.api.table import ENDPOINTS
from credimus.runtime.daemon import Daemon


class Api:
    """The API of one running node."""

    def __init__(self, daemon: Daemon, endpoints: Iterable[Endpoint] = ENDPOINTS) -> None:
        self._daemon = daemon
        self._table: dict[str, dict[str, Endpoint]] = {}
        for one in endpoints:
            self._table.setdefault(one.path, {})[one.method] = one

    def begin(self, request: Request) -> "Answer | Stream | Awaitable[Answer | Stream]":
        """The answer, or where it must be waited for an awaitable of it; errors are answers."""
        try:
            endpoint = self._find(request)
            found = endpoint.begin(self._daemon, request)
            if isawaitable(found):
                return _finished(endpoint, found, request)
            return endpoint.answer(found, request)
        except Exception as error:  # noqa: BLE001 - the last resort: a problem, never a traceback
            return answer_of(error)

    def _find(self, request: Request) -> Endpoint:
        """The endpoint of a path and method.

        Raises:
            HttpError: `no-such-path`, status 404; `no-such-method`, status 405.
        """
        path = request.path
        methods = self._table.get(path)
        if methods is None:
            parts = path.split("/", 4)  # "", v1, a kind, a name, and perhaps a verb
            if len(parts) > 3 and parts[3]:
                request.name, parts[3] = parts[3], "{id}"
                methods = self._table.get("/".join(parts))
        if methods is None or "{" in path:
            raise HttpError(
                "no-such-path", f"nothing is at {path[:100]!r}; the API begins at /v1.", 404
            )
        found = methods.get("GET" if request.method == "HEAD" else request.method)
        if found is None:
            allowed = ", ".join(sorted(methods | ({"HEAD": None} if "GET" in methods else {})))
            raise HttpError(
                "no-such-method",
                f"{path[:100]!r} does not take this method; it takes {allowed}.",
                405,
                (("allow", allowed),),
            )
        return found


async def _finished(
    endpoint: Endpoint, found: Awaitable[object], request: Request
) -> Answer | Stream:
    try:
        return endpoint.answer(await found, request)
    except Exception as error:  # noqa: BLE001 - as in `Api.begin`
        return answer_of(error)

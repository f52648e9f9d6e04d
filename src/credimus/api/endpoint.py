"""What all endpoints have in common: who asks, how much is read, its shape, what goes wrong.

Deliberately not here: what the endpoints do (beliefs.py, fleet.py).
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from credimus.api.problems import HttpError, answer_of
from credimus.kernel.errors import CredimusError, UsageError
from credimus.runtime.daemon import Daemon
from credimus.runtime.tokens import check_token

BODY_BYTES_MAX = 65_536
"""Bytes of a request's body: ten items of evidence and a belief, written with escapes. [guess]"""
JSON = "application/json"

Asked = TypeVar("Asked")
Work = Callable[[Daemon, Any, Request], Awaitable[object]]


def endpoint(  # noqa: PLR0913 - one line of a table
    daemon: Daemon,
    path: str,
    method: str,
    work: Work,
    shape: Any = None,
    *,
    status: int = 200,
    guarded: bool = True,
) -> Route:
    """A route: checks the token, reads body or query as `shape`, answers with JSON or a problem.

    Args:
        work: gets the daemon, the decoded request (None without a shape) and the raw request; gives
            a value to encode, or a whole Response.
        guarded: whether the token is needed.
    """

    async def serve(request: Request) -> Response:
        try:
            if guarded:
                check_token(request.headers.get("authorization"), daemon.token)
            asked = None
            if shape is not None:
                asked = (
                    read_query(request, shape)
                    if method == "GET"
                    else read_json(await read_body(request), shape)
                )
            answer = await work(daemon, asked, request)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:  # noqa: BLE001 - the last resort: a problem, never a traceback
            return answer_of(error)
        if isinstance(answer, Response):
            return answer
        return Response(msgspec.json.encode(answer), status, media_type=JSON)

    return Route(path, serve, methods=[method])


async def read_body(request: Request, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """The body, refused as soon as it is too long.

    Raises:
        HttpError: `body-too-large`, status 413.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > bytes_max:
            raise HttpError(
                "body-too-large", f"the body has more than {bytes_max} bytes; send less.", 413
            )
        chunks.append(chunk)
    return b"".join(chunks)


def read_json(body: bytes, shape: type[Asked]) -> Asked:
    """A body as the shape it must have.

    Raises:
        HttpError: `bad-json`, status 400.
        UsageError: `bad-field`, naming the field.
    """
    try:
        return msgspec.json.decode(body or b"{}", type=shape)
    except msgspec.ValidationError as problem:
        raise UsageError("bad-field", f"{_sentence(problem)}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise HttpError("bad-json", f"the body is not JSON: {_sentence(problem)}.", 400) from None


def read_query(request: Request, shape: type[Asked]) -> Asked:
    """The query of a URL as the shape it must have.

    Raises:
        UsageError: `bad-field`.
    """
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise UsageError("bad-field", f"parameter `{name[:40]}` is given twice.")
        given[name] = value
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as problem:
        raise UsageError("bad-field", f"{_sentence(problem)}.") from None


def http_problem(status: int, path: str) -> CredimusError:
    """What the router itself refuses."""
    if status == 404:
        return HttpError("no-such-path", f"nothing is at {path[:100]}; the API begins at /v1.", 404)
    if status == 405:
        return HttpError("no-such-method", f"{path[:100]} does not take this method.", 405)
    return HttpError("http", "the request is not valid HTTP for this API.", status)


def _sentence(problem: Exception) -> str:
    return str(problem).rstrip(".")[:300]

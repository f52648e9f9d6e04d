"""The API as an ASGI application, for any server that speaks ASGI 3."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from credimus.api.app import Api
from credimus.api.endpoint import BODY_BYTES_MAX
from credimus.api.message import Answer, Request, Stream
from credimus.api.problems import HttpError, answer_of
from credimus.runtime.daemon import Daemon

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
PATIENCE_S = 20.0
"""How long a stream's reader may take none of it. [guess]"""

_log = logging.getLogger(__name__)


class Application:
    """The ASGI application of one node."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of connection are not taken."""
        if scope["type"] != "http":
            return
        try:
            request = await _read(scope, receive)
            if request is None:
                return
            found = self.api.begin(request)
            answer = found if isinstance(found, Answer | Stream) else await found
        except HttpError as error:
            answer = answer_of(error)
        if isinstance(answer, Stream):
            try:
                await _stream(scope, answer, receive, send)
            finally:
                answer.close()
        else:
            await _whole(scope, answer, send)


def application(daemon: Daemon) -> Application:
    """The API of a running node."""
    return Application(Api(daemon))


async def _read(scope: Scope, receive: Receive) -> Request | None:
    """The request with its whole body; None when the caller went away.

    Raises:
        HttpError: `body-too-large`, status 413, as soon as it is too long.
    """
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise HttpError(
                "body-too-large", f"the body has more than {BODY_BYTES_MAX} bytes; send less.", 413
            )
        chunks.append(chunk)
        more = message.get("more_body", False)
    headers: dict[str, str] = {}
    for raw_name, raw in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    query = scope["query_string"].decode("latin-1")
    return Request(scope["method"], scope["path"], query, headers, b"".join(chunks))


async def _whole(scope: Scope, answer: Answer, send: Send) -> None:
    headers = _headers(answer)
    if answer.status != 304:
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})


async def _stream(scope: Scope, answer: Stream, receive: Receive, send: Send) -> None:
    """Send what a stream gives, until it ends, its reader goes away or takes none of it."""
    await send({"type": "http.response.start", "status": 200, "headers": _headers(answer)})
    if scope["method"] == "HEAD":
        await send({"type": "http.response.body", "body": b""})
        return

    async def sending() -> None:
        async for chunk in answer.chunks:
            async with asyncio.timeout(PATIENCE_S):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = [asyncio.ensure_future(sending()), asyncio.ensure_future(gone())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        outcome, _ = await asyncio.gather(*tasks, return_exceptions=True)
    if isinstance(outcome, TimeoutError):
        answer.cut()
        _log.warning("reader-too-slow: a stream was not read for %g s and is ended", PATIENCE_S)


def _headers(answer: Answer | Stream) -> list[tuple[bytes, bytes]]:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]
    if answer.media_type:
        headers.append((b"content-type", answer.media_type.encode()))
    return headers

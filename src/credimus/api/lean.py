"""Plain requests without ASGI: what nearly every caller sends is answered in one turn of the loop.

A request is plain when it came whole, alone, and says nothing unusual: GET or POST, a simple
target, each header once, a body of the length that it names. It is recognised by one expression
over its head, and anything else goes to h11 and ASGI as it came; so there is one authority on
what HTTP is, and this only ever answers what that would answer alike.

Measured: a GET of a belief takes a quarter of the CPU that it takes through h11 and ASGI.
"""

import re
import time
from collections.abc import Awaitable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from credimus.api.asgi import Application
from credimus.api.endpoint import BODY_BYTES_MAX
from credimus.api.endpoints.stream import PATH as STREAM_PATH
from credimus.api.message import Answer, Request, Stream
from credimus.api.problems import HttpError, answer_of

_PLAIN = re.compile(
    rb"(GET|POST) (/[A-Za-z0-9/_.~-]*)(?:\?([A-Za-z0-9/=&_.~%+:,-]*))? HTTP/1\.1\r\n"
    rb"((?:[A-Za-z0-9-]{1,64}:[ -~]{0,2048}\r\n){1,32})\r\n"
)
_UNUSUAL = frozenset({"transfer-encoding", "expect", "upgrade", "connection", "te", "trailer"})
_LINES = {status: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


def plain_request(data: bytes) -> Request | None:
    """The request that these bytes are, if they are exactly one plain request."""
    found = _PLAIN.match(data)
    if found is None:
        return None
    method, path, query, lines = found.groups()
    headers: dict[str, str] = {}
    for line in lines.decode("ascii").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        name = name.lower()
        if name in headers or (name in _UNUSUAL and (name, value.strip()) != _KEEP_ALIVE):
            return None
        headers[name] = value.strip()
    body = data[found.end() :]
    length = headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 6 or int(length) != len(body):
        return None
    if "host" not in headers or len(body) > BODY_BYTES_MAX or path.startswith(_STREAM):
        return None
    return Request(
        method.decode(), path.decode(), "" if query is None else query.decode(), headers, body
    )


_KEEP_ALIVE = "connection", "keep-alive"
_STREAM = STREAM_PATH.encode()


class Connection(H11Protocol):
    """One connection of uvicorn's: plain requests are answered here, others as ever."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        application = self.app
        assert isinstance(application, Application)  # noqa: S101 - serving.py gives no other
        self._api = application.api
        self._under_way = False
        self._early = b""
        """What came while a plain request was under way."""
        self._closes = False
        self._second = 0
        """Of the `date` that this connection saw to."""

    def data_received(self, data: bytes) -> None:
        """Take bytes from the caller."""
        if self._under_way:
            self._early += data
            self.flow.pause_reading()
            return
        self._tell_time()
        request = plain_request(data) if self._is_idle() else None
        if request is None:
            super().data_received(data)
            return
        self._unset_keepalive_if_required()
        found = self._api.begin(request)
        if isinstance(found, Answer):
            self._tell(found)
            return
        assert not isinstance(found, Stream)  # noqa: S101 - their paths are not plain
        self._under_way = True
        task = self.loop.create_task(self._finish(found))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def shutdown(self) -> None:
        """Close once what is under way is answered."""
        if self._under_way:
            self._closes = True
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the server's words
        """Answer bytes that are no HTTP."""
        if not self._answers():
            text = (
                "the bytes sent are no valid HTTP/1.1 request; look at the request line and head."
            )
            answer = answer_of(HttpError("bad-http", text, 400, (("connection", "close"),)))
            self.transport.write(self._bytes(answer))
        self.transport.close()

    async def _finish(self, found: "Awaitable[Answer | Stream]") -> None:
        answer = await found
        self._under_way = False
        self._tell_time()
        assert isinstance(answer, Answer)  # noqa: S101 - as above
        self._tell(answer)
        early, self._early = self._early, b""
        if early and not self.transport.is_closing():
            self.flow.resume_reading()
            self.data_received(early)

    def _tell(self, answer: Answer) -> None:
        if self.transport.is_closing():
            return
        self.server_state.total_requests += 1
        self.transport.write(self._bytes(answer))
        if self._closes:
            self.transport.close()
            return
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _bytes(self, answer: Answer) -> bytes:
        parts = [_LINES[HTTPStatus(answer.status)]]
        for name, value in self.server_state.default_headers:
            parts.append(b"%b: %b\r\n" % (name, value))
        for key, text in answer.headers:
            parts.append(f"{key}: {text}\r\n".encode("latin-1"))
        if answer.media_type:
            parts.append(f"content-type: {answer.media_type}\r\n".encode())
        if answer.status != 304:
            parts.append(b"content-length: %d\r\n" % len(answer.body))
        parts += (b"\r\n", answer.body)
        return b"".join(parts)

    def _tell_time(self) -> None:
        """Keep the `date` of all answers current, to the second."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            date = formatdate(second, usegmt=True).encode()
            self.server_state.default_headers = [(b"date", date)]

    def _answers(self) -> bool:
        """Whether an answer through ASGI is under way."""
        cycle: Any = self.cycle  # None before the first
        return cycle is not None and not cycle.response_complete

    def _is_idle(self) -> bool:
        """Whether h11 has nothing under way, nothing half read, and the caller takes answers."""
        connection = self.conn
        return (
            connection.our_state is h11.IDLE
            and connection.their_state is h11.IDLE
            and not connection.trailing_data[0]
            and not self.flow.write_paused
        )

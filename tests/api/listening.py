"""A reader of the stream of events, through ASGI: takes chunks as they come, or lets them wait."""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any, Self

from desk import PATIENCE_S, Desk

from credimus.api.asgi import application
from credimus.api.endpoints.stream import PATH


class Listening:
    """One request for a stream; `async with`, so that it ends."""

    def __init__(self, desk: Desk, query: str = "", last: str = "", method: str = "GET") -> None:
        self.status = 0
        self.last = ""
        """The id that a reader would come back with."""
        self.comments = 0
        headers = [(b"authorization", f"Bearer {desk.daemon.token}".encode())]
        if last:
            headers.append((b"Last-Event-ID", last.encode()))
        self._scope = {
            "type": "http", "method": method, "path": PATH, "query_string": query.encode(),
            "headers": headers,
        }  # fmt: skip
        self._app = application(desk.daemon)
        self._asked = False
        self._gone = asyncio.Event()
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._events: list[dict[str, Any]] = []
        self.flowing = asyncio.Event()
        """Cleared, the reader takes nothing."""
        self.flowing.set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._app(self._scope, self._receive, self._send))
        if self._scope["method"] == "GET":
            await self._take()  # the place where it begins
        return self

    async def __aexit__(self, *_: object) -> None:
        self._gone.set()
        await asyncio.wait_for(self._task, PATIENCE_S)

    async def next(self) -> dict[str, Any]:
        """The next event."""
        while not self._events:
            assert await self._take(), "the stream has ended"
        return self._events.pop(0)

    async def types(self, count: int) -> list[str]:
        """The types of the next events."""
        return [(await self.next())["type"] for _ in range(count)]

    async def ended(self) -> None:
        """Wait until the stream ends by itself."""
        while await self._take():
            pass
        await asyncio.wait_for(asyncio.shield(self._task), PATIENCE_S)

    async def comment(self) -> None:
        """Wait for a comment."""
        before = self.comments
        while self.comments == before:
            assert await self._take(), "the stream has ended"

    async def _take(self) -> bool:
        chunk = await asyncio.wait_for(self._chunks.get(), PATIENCE_S)
        if chunk is None:
            return False
        for block in chunk.decode().split("\n\n")[:-1]:
            fields = dict(line.split(": ", 1) for line in block.split("\n"))
            self.comments += "" in fields
            self.last = fields.get("id", self.last)
            if "data" in fields:
                event = json.loads(fields["data"])
                assert (event["id"], event["type"]) == (fields["id"], fields["event"])
                self._events.append(event)
        return True

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b""}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        await self.flowing.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = dict(message["headers"])
        else:
            if message.get("body"):
                self._chunks.put_nowait(message["body"])
            if not message.get("more_body", False):
                self._chunks.put_nowait(None)

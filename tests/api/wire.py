"""A connection of the API's server without a socket: bytes in, bytes out, in chunks as given."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from uvicorn.server import ServerState

from credimus.api.lean import Connection
from credimus.api.serving import _config
from credimus.runtime.daemon import Daemon


class Wire(asyncio.Transport):
    """What the server writes to; nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.closing = False
        self.reading = True

    def write(self, data: Any) -> None:
        assert not self.closing
        self.written += data

    def close(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Reply(NamedTuple):
    """One answer, as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """One connection to a node."""

    def __init__(self, daemon: Daemon) -> None:
        config = _config(daemon, None)
        config.load()
        self.state = ServerState()
        self.wire = Wire()
        self.connection = Connection(config=config, server_state=self.state, app_state={})
        self.connection.connection_made(self.wire)

    def send(self, chunk: bytes) -> None:
        if chunk and not self.wire.closing:  # no event loop gives empty ones
            self.connection.data_received(chunk)

    async def settled(self) -> None:
        """Wait until all that was sent is answered."""
        while self.state.tasks:
            await asyncio.wait(self.state.tasks)
            await asyncio.sleep(0)

    def replies(self) -> list[Reply]:
        """The answers so far; each says how long it is."""
        found, rest = [], bytes(self.wire.written)
        while rest:
            head, _, rest = rest.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in lines)
            length = int(headers.get("content-length", "0"))
            found.append(Reply(int(first.split(" ")[1]), headers, rest[:length]))
            rest = rest[length:]
        return found


async def told(daemon: Daemon, chunks: Iterable[bytes], patience_s: float = 5.0) -> list[Reply]:
    """What a caller hears who sends these chunks, and goes when nothing comes for so long."""
    caller = Caller(daemon)
    for chunk in chunks:
        caller.send(chunk)
    while caller.state.tasks:
        done, _ = await asyncio.wait(
            caller.state.tasks, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED
        )
        if not done:  # it waits for bytes that never come
            break
        await asyncio.sleep(0)
    caller.connection.connection_lost(None)
    await caller.settled()
    return caller.replies()

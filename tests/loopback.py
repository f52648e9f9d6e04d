"""A loopback HTTP server for tests, as simple as can be: every request gets the same bytes."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Loopback:
    """What was asked, and where. Answers with `answer`, or never when that is None."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.heard = asyncio.Event()
        self.gone = asyncio.Event()
        self._enough = asyncio.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/vote?by=test"

    def hang_up(self) -> None:
        """End the connections that wait for an answer."""
        self._enough.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
            first, *lines = head[:-4].split("\r\n")
            fields = dict(line.split(": ", 1) for line in lines)
            body = await reader.readexactly(int(fields["Content-Length"]))
            self.requests.append(({"": first, **fields}, body))
            self.heard.set()
            if self.answer is None:
                waits = [asyncio.create_task(one) for one in (reader.read(), self._enough.wait())]
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for one in waits:
                    one.cancel()
            else:
                writer.write(self.answer)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self.gone.set()
            writer.close()


@asynccontextmanager
async def loopback(
    answer: bytes | None, encrypted: ssl.SSLContext | None = None
) -> AsyncIterator[Loopback]:
    """A server on a free port."""
    one = Loopback(answer)
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0, ssl=encrypted)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        await server.wait_closed()


def http(body: bytes, status: str = "200 OK", *fields: str) -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body

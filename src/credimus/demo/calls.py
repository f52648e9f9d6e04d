"""Asks a node's HTTP API: one short connection for each call, JSON both ways.

Deliberately not here: anything that a browser needs. It talks to nodes on this machine only.
"""

import asyncio
import json
from typing import Any

from credimus.kernel.errors import CredimusError, Unavailable

UNREACHABLE = "unreachable"
"""The code of a call that never left."""
BODY_BYTES_MAX = 16 * 1_048_576
"""Bytes of one answer. [guess]"""


class Refused(CredimusError):
    """A node answered with a problem: its HTTP status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code, message)
        self.status = status


async def call(
    address: tuple[str, int], method: str, path: str, token: str, body: Any = None
) -> Any:
    """The JSON of a good answer.

    Raises:
        Refused: the node answered with a problem.
        Unavailable: `unreachable`, when nobody listens and nothing was sent; `no-answer`.
    """
    host, port = address
    try:
        reader, writer = await asyncio.open_connection(host, port, limit=65_536)
    except OSError as problem:
        raise Unavailable(UNREACHABLE, f"{host}:{port}: {problem.strerror}") from None
    try:
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n"
            f"Authorization: Bearer {token}\r\nAccept: application/json\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        writer.write(head.encode() + content)
        await writer.drain()
        status, answer = await _answer(reader)
    except (OSError, EOFError, LookupError, ValueError, asyncio.LimitOverrunError) as problem:
        raise Unavailable("no-answer", f"{host}:{port} broke off its answer: {problem}") from None
    finally:
        writer.close()
    if status < 400:
        return answer
    told = answer if isinstance(answer, dict) else {}
    raise Refused(
        status, str(told.get("code", status)), str(told.get("detail") or told.get("title") or told)
    )


async def _answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    """Status and JSON of a response.

    Raises:
        ValueError, LookupError, EOFError, LimitOverrunError: it is no whole response.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    if fields.get("transfer-encoding", "").lower() == "chunked":
        raw = await _chunks(reader)
    elif "content-length" in fields:
        size = int(fields["content-length"])
        if size > BODY_BYTES_MAX:
            raise ValueError(f"an answer of {size} bytes")
        raw = await reader.readexactly(size)
    else:
        raw = await reader.read(BODY_BYTES_MAX)
    return status, json.loads(raw) if raw.strip() else None


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        length = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        size += length
        if size > BODY_BYTES_MAX:
            raise ValueError(f"an answer of more than {BODY_BYTES_MAX} bytes")
        part = await reader.readexactly(length + 2)
        if not length:
            return b"".join(parts)
        parts.append(part[:-2])

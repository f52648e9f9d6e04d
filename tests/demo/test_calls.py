"""Calls of a node's API, against a server that answers what it is told."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from credimus.demo.calls import UNREACHABLE, Refused, call
from credimus.demo.ports import free_ports
from credimus.kernel.errors import Unavailable


def answered(raw: bytes, asking: Callable[[tuple[str, int]], Awaitable[Any]]) -> tuple[Any, bytes]:
    """What a call comes to when the server says these bytes, and what the server heard."""
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(65_536))
        writer.write(raw)
        await writer.drain()
        writer.close()

    async def play() -> Any:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            host, port = server.sockets[0].getsockname()
            return await asking((host, port))

    return asyncio.run(play()), bytes(heard)


def response(status: str, body: str, *fields: str) -> bytes:
    length = f"Content-Length: {len(body.encode())}"
    return "\r\n".join([f"HTTP/1.1 {status}", length, *fields, "", body]).encode()


def test_a_good_answer_is_read() -> None:
    raw = response("201 Created", '{"belief": "é"}')
    answer, heard = answered(
        raw, lambda at: call(at, "POST", "/v1/beliefs", "secret", {"content": "x"})
    )
    assert answer == {"belief": "é"}
    head, _, body = heard.partition(b"\r\n\r\n")
    assert b"Authorization: Bearer secret" in head
    assert json.loads(body) == {"content": "x"}


def test_a_chunked_answer_is_read() -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"
    assert answered(raw, lambda at: call(at, "GET", "/", ""))[0] == [1, 2]


def test_an_answer_without_length_is_read_to_its_end() -> None:
    raw = b"HTTP/1.1 200 OK\r\n\r\n[3]"
    assert answered(raw, lambda at: call(at, "GET", "/", ""))[0] == [3]


def test_a_problem_is_told_with_its_code() -> None:
    raw = response("404 Not Found", '{"code": "unknown-belief", "detail": "no such belief"}')
    with pytest.raises(Refused) as caught:
        answered(raw, lambda at: call(at, "GET", "/", ""))
    assert (caught.value.status, caught.value.code) == (404, "unknown-belief")
    assert caught.value.message == "no such belief"


@pytest.mark.parametrize(
    "raw",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1]", b"nonsense\r\n\r\n",
     response("200 OK", "[1"), response("200 OK", "", "Content-Length: 99999999999")],
)  # fmt: skip
def test_a_broken_answer_is_no_answer(raw: bytes) -> None:
    with pytest.raises(Unavailable) as caught:
        answered(raw, lambda at: call(at, "GET", "/", ""))
    assert caught.value.code == "no-answer"


def test_a_closed_port_is_unreachable() -> None:
    (port,) = free_ports(1)
    with pytest.raises(Unavailable) as caught:
        asyncio.run(call(("127.0.0.1", port), "GET", "/", ""))
    assert caught.value.code == UNREACHABLE


def test_free_ports_differ_and_are_free() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(1_024 < port < 65_536 for port in ports)

"""The server itself: the short way and the long way say the same, however it is cut."""

import asyncio
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from desk import Desk, play
from wire import Caller, Reply, told

from credimus.api.endpoint import BODY_BYTES_MAX
from credimus.api.lean import plain_request


def head(desk: Desk, line: str, *more: str) -> bytes:
    lines = [line, "Host: node", f"Authorization: Bearer {desk.daemon.token}", *more, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def post(desk: Desk, path: str, body: bytes, *more: str) -> bytes:
    length = f"Content-Length: {len(body)}"
    return head(desk, f"POST {path} HTTP/1.1", length, *more) + body


def same(reply: Reply) -> tuple[int, str | None, str | None, str | None, bytes]:
    """What must not depend on the way; the order and the date may."""
    names = ("content-type", "etag", "allow")
    return (reply.status, *(reply.headers.get(name) for name in names), reply.body)  # type: ignore[return-value]


def test_the_short_way_says_what_the_long_way_says(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        belief = (await desk.post("/v1/beliefs", content="it rains", wait_for="decided"))["belief"]
        tag = (await desk.client.get(f"/v1/beliefs/{belief}")).headers["etag"]
        for raw in (
            head(desk, f"GET /v1/beliefs/{belief} HTTP/1.1"),
            head(desk, f"GET /v1/beliefs/{belief} HTTP/1.1", f"If-None-Match: {tag}"),
            head(desk, "GET /v1/beliefs?limit=1&text=rains HTTP/1.1"),
            head(desk, "GET /v1/beliefs?limit=x HTTP/1.1"),
            head(desk, "GET /v1/beliefs?limit=%31 HTTP/1.1", "Connection: keep-alive"),
            head(desk, "GET /v1/nowhere HTTP/1.1"),
            b"GET /v1/beliefs HTTP/1.1\r\nHost: node\r\n\r\n",
            post(desk, "/v1/tokens", b"{"),
            post(desk, f"/v1/beliefs/{belief}/votes", b'{"choice":"accept"}'),
            post(desk, "/v1/beliefs", b'{"content":"\xff"}'),
            post(desk, "/v1/livez", b""),
        ):
            assert plain_request(raw) is not None
            (short,) = await told(desk.daemon, [raw])
            (long,) = await told(desk.daemon, [raw[:9], raw[9:]])
            assert same(short) == same(long), raw

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a",
        b"GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /%2e HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n X: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \xff\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v1/events/stream HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_is_unusual_goes_the_long_way(raw: bytes) -> None:
    assert plain_request(raw) is None


def test_a_plain_request_is_read() -> None:
    found = plain_request(
        b"POST /v1/beliefs?a=b%20c HTTP/1.1\r\nHOST: a\r\nX:  y \r\nContent-Length: 2\r\n\r\n{}"
    )
    assert found is not None
    assert (found.method, found.path, found.query) == ("POST", "/v1/beliefs", "a=b%20c")
    assert found.headers == {"host": "a", "x": "y", "content-length": "2"}
    assert found.body == b"{}"


def test_requests_on_one_connection_are_answered_in_order(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        write = post(desk, "/v1/beliefs", b'{"content":"it rains","wait_for":"decided"}')
        read = head(desk, "GET /v1/members HTTP/1.1")
        expected = [201, 200, 201, 200]
        for chunks in (
            [write, read, write, read],
            [write + read, write + read],
            [write + read + write + read],
            [write, read + write[:30], write[30:] + read],
            [one.to_bytes(1, "big") for one in write + read + write + read],
        ):
            found = await told(desk.daemon, chunks)
            assert [one.status for one in found] == expected

    play(tmp_path, scene)


def test_bytes_that_are_no_http_are_told_so(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        for raw in (b"GARBAGE", b"\x16\x03\x01\x02\x00", b"GET /"):
            (reply,) = await told(desk.daemon, [raw + b"\r\n\r\n"])
            assert reply.status == 400
            assert reply.headers["content-type"] == "application/problem+json"
            assert reply.headers["connection"] == "close"
            assert reply.json["code"] == "bad-http"
        body = b"x" * (BODY_BYTES_MAX + 1)
        (reply,) = await told(desk.daemon, [post(desk, "/v1/beliefs", body)])
        assert (reply.status, reply.json["code"]) == (413, "body-too-large")

    play(tmp_path, scene)


def test_every_answer_bears_the_date_of_its_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        one, other = Caller(desk.daemon), Caller(desk.daemon)
        other.connection.server_state = other.state = one.state
        plain = head(desk, "GET /v1/members HTTP/1.1")
        unusual = head(desk, "GET /v1/members HTTP/1.1", "TE: trailers")
        for caller, second in ((one, 10**9), (other, 10**9 + 1), (one, 10**9 + 1)):
            monkeypatch.setattr("credimus.api.lean.time.time", lambda now=second: now + 0.9)
            for request in (plain, unusual):
                caller.send(request)
                await caller.settled()
                dated = parsedate_to_datetime(caller.replies()[-1].headers["date"])
                assert dated.timestamp() == second

    play(tmp_path, scene)


def test_a_server_that_stops_answers_what_is_under_way(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        idle, busy = Caller(desk.daemon), Caller(desk.daemon)
        idle.send(head(desk, "GET /v1/members HTTP/1.1"))
        busy.send(post(desk, "/v1/beliefs", b'{"content":"it rains"}'))
        for caller in (idle, busy):
            caller.connection.shutdown()
        assert (idle.wire.closing, busy.wire.closing) == (True, False)
        await busy.settled()
        assert busy.wire.closing
        assert [one.status for one in busy.replies()] == [201]

    play(tmp_path, scene)


def test_a_caller_who_goes_meanwhile_harms_nobody(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        caller = Caller(desk.daemon)
        caller.send(post(desk, "/v1/beliefs", b'{"content":"it rains"}'))
        caller.wire.close()
        caller.connection.connection_lost(None)
        await caller.settled()
        assert caller.replies() == []
        assert (await desk.get("/v1/status"))["beliefs"] == 1

    play(tmp_path, scene)


def test_an_idle_connection_is_closed_in_time(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        caller = Caller(desk.daemon)
        caller.connection.timeout_keep_alive = 0
        caller.send(head(desk, "GET /v1/members HTTP/1.1"))
        assert not caller.wire.closing
        await asyncio.sleep(0)
        while not caller.wire.closing:
            await asyncio.sleep(0)

    play(tmp_path, scene)

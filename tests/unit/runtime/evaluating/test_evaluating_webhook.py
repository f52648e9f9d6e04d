"""Webhooks: what is sent and signed, which answers count, and what is never followed or read."""

import asyncio
import hashlib
import json
import socket
import ssl
from pathlib import Path

import pytest
from asking_stage import INQUIRY, KEYS, TIMEOUT_MS, jump, run, slow, stage
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from credimus.kernel.errors import Unavailable
from credimus.kernel.ids import FleetId
from credimus.protocol.voting.interface import Answer, Ballot, Left
from credimus.runtime.evaluating.target import target_of
from credimus.runtime.evaluating.webhook import Webhook
from credimus.runtime.joining.authority import Authority
from credimus.state.operations import Choice
from loopback import Loopback, http, loopback

ACCEPT = b'{"choice": "accept", "confidence": 0.7, "reason": "looked"}'
WALL_MS = 1_700_000_000_000


def asked(answer: bytes) -> tuple[Answer, Loopback]:
    """What a webhook gives that answers with these bytes, and what it was sent."""

    async def main() -> tuple[Answer, Loopback]:
        async with loopback(answer) as server:
            webhook = Webhook(target_of(server.url), KEYS[0], lambda: WALL_MS)
            return await webhook.judge(INQUIRY), server

    return asyncio.run(main())


def refused(answer: bytes) -> str:
    with pytest.raises(Unavailable) as caught:
        asked(answer)
    return caught.value.code


def test_an_answer_with_confidence_and_reason() -> None:
    answer, _ = asked(http(ACCEPT))
    assert answer == Ballot(Choice.ACCEPT, 700_000, "looked")


@pytest.mark.parametrize(
    ("choice", "answer"),
    [
        ("reject", Ballot(Choice.REJECT)),
        ("abstain", Ballot(Choice.ABSTAIN)),
        ("next", Left.NEXT),
        ("ask", Left.OPEN),
    ],
)
def test_every_choice(choice: str, answer: Answer) -> None:
    assert asked(http(json.dumps({"choice": choice}).encode()))[0] == answer


def test_the_request_is_signed_with_the_key_that_gives_the_node_its_id() -> None:
    _, server = asked(http(ACCEPT))
    ((fields, body),) = server.requests
    assert fields[""] == "POST /vote?by=test HTTP/1.1"
    assert fields["Host"] == f"127.0.0.1:{server.port}"
    assert json.loads(body)["content"] == "it rains"
    key = bytes.fromhex(fields["Credimus-Key"])
    named = hashlib.sha256(b"credimus node" + len(key).to_bytes(4, "big") + key).hexdigest()
    assert fields["Credimus-Node"] == named[:32] == KEYS[0].node_id.hex()
    assert fields["Credimus-Time"] == str(WALL_MS)
    signature = bytes.fromhex(fields["Credimus-Signature"])
    message = b"credimus webhook 1\n" + fields["Credimus-Time"].encode() + b"\n" + body
    VerifyKey(key).verify(message, signature)
    for altered in (message[:-1], message.replace(b"rains", b"pours"), message + b" "):
        with pytest.raises(BadSignatureError):
            VerifyKey(key).verify(altered, signature)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"yes",
        b"[]",
        b"{}",
        b'{"choice": "maybe"}',
        b'{"choice": "accept", "confidence": 1.5}',
        b'{"choice": "accept", "confidence": NaN}',
        b'{"choice": "accept", "confidense": 1}',
        b'{"choice": "accept", "reason": 1}',
        b'{"choice": "accept", "reason": "\xff"}',
        b'{"choice": "accept", "reason": "%s"}' % (b"x" * 513),
        b"[" * 10_000,
    ],
)
def test_a_body_that_is_no_answer(body: bytes) -> None:
    assert refused(http(body)) == "evaluator-malformed"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "evaluator-malformed"),
        (b"SSH-2.0-x\r\n\r\n", "evaluator-malformed"),
        (http(ACCEPT, "500 Internal Server Error"), "evaluator-refused"),
        (http(ACCEPT, "204 No Content"), "evaluator-refused"),
        (http(ACCEPT)[:-1], "evaluator-malformed"),
        (http(ACCEPT, "200 OK", "Content-Length: 3"), "evaluator-malformed"),
        (http(ACCEPT, "200 OK", "Transfer-Encoding: gzip"), "evaluator-malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "evaluator-malformed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "evaluator-oversized"),
        (http(b" " * 20_000 + ACCEPT), "evaluator-oversized"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 20_000 + ACCEPT, "evaluator-oversized"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", "evaluator-oversized"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5 + http(ACCEPT), "evaluator-malformed"),
    ],
)
def test_an_answer_that_is_not_taken(answer: bytes, code: str) -> None:
    assert refused(answer) == code


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunks(*sizes: int) -> bytes:
    """The answer in pieces of these sizes, and the rest."""
    pieces, left = [], ACCEPT
    for size in (*sizes, len(left)):
        piece, left = left[:size], left[size:]
        if piece:
            pieces.append(b"%x;a=b\r\n%s\r\n" % (len(piece), piece))
    return CHUNKED + b"".join(pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        chunks(),
        chunks(1, 20),
        b"HTTP/1.0 200\r\n\r\n" + ACCEPT,
        b"HTTP/1.1 100 Continue\r\n\r\n" + http(ACCEPT),
        http(ACCEPT, "200 OK", f"content-length: {len(ACCEPT)}"),
    ],
)
def test_the_ways_to_send_a_body(answer: bytes) -> None:
    assert asked(answer)[0] == Ballot(Choice.ACCEPT, 700_000, "looked")


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        (b"-1\r\n", "evaluator-malformed"),
        (b"5\r\nabcde0\r\n\r\n", "evaluator-malformed"),
        (b"5\r\nab", "evaluator-malformed"),
        (b"ffff\r\n", "evaluator-oversized"),
        (b"1" * 20_000, "evaluator-oversized"),
        (b"fff\r\n" + b" " * 4_095 + b"\r\n", "evaluator-malformed"),
        ((b"fff\r\n" + b" " * 4_095 + b"\r\n") * 5, "evaluator-oversized"),
    ],
)
def test_chunks_that_are_not_taken(rest: bytes, code: str) -> None:
    assert refused(CHUNKED + rest) == code


def test_a_redirect_is_not_followed() -> None:
    async def main() -> None:
        async with loopback(http(ACCEPT)) as other:
            moved = http(b"", "307 Temporary Redirect", f"Location: {other.url}")
            async with loopback(moved) as server:
                with pytest.raises(Unavailable) as caught:
                    await Webhook(target_of(server.url), KEYS[0]).judge(INQUIRY)
            assert caught.value.code == "evaluator-refused"
            assert other.requests == []

    asyncio.run(main())


def test_nobody_listens() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/"
        with pytest.raises(Unavailable) as caught:
            asyncio.run(Webhook(target_of(url), KEYS[0]).judge(INQUIRY))
    assert caught.value.code == "evaluator-unreachable"


def test_an_encrypted_webhook_must_be_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = Authority.create(FleetId(bytes(16))).equip(tmp_path, KEYS[1].node_id)
    encrypted = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    encrypted.load_cert_chain(paths.certificate, paths.key)

    async def main() -> None:
        async with loopback(http(ACCEPT), encrypted) as server:
            target = target_of(server.url.replace("http:", "https:"))
            with pytest.raises(Unavailable) as caught:
                await Webhook(target, KEYS[0]).judge(INQUIRY)
            assert caught.value.code == "evaluator-unreachable"
            assert server.requests == []
            monkeypatch.setenv("SSL_CERT_FILE", str(paths.authority))
            assert await Webhook(target, KEYS[0]).judge(INQUIRY) is not None
            assert len(server.requests) == 1

    asyncio.run(main())


def test_one_that_never_answers_is_given_up_and_abstained_for() -> None:
    async def scene() -> None:
        async with loopback(None) as server:
            webhook = Webhook(target_of(server.url), KEYS[0])
            async with stage(slow(webhook.judge, "webhook")) as on:
                belief = on.says("it rains")
                await server.heard.wait()
                jump(TIMEOUT_MS / 1_000 + 1)
                assert await on.voted(belief) == [Choice.ABSTAIN]
                assert on.asking.counts[0].failures == {"evaluator-timeout": 1}
                await server.gone.wait()

    run(scene())


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "scheme"),
        ("127.0.0.1:80", "scheme"),
        ("ftp://h/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("http://", "host"),
        ("http:///vote", "host"),
        ("http://a..b/", "host"),
        ("http://h:99999/", "ort"),
        ("http://[::1/", "IPv6"),
        ("http://me:secret@h/", "password"),
        ("http://h/a b", "ASCII"),
        ("http://h/\r\nX: y", "ASCII"),
        ("http://häfen/", "ASCII"),
        ("http://h/" + "x" * 3_000, "2048"),
    ],
)
def test_a_url_that_is_not_taken(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        target_of(url)


def test_the_parts_of_a_url() -> None:
    assert target_of("https://h?x=1")[:3] == ("h", 443, "/?x=1")
    assert target_of("http://[::1]:81/a#b")[:4] == ("::1", 81, "/a", "[::1]:81")

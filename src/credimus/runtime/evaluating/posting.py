"""One HTTP POST on asyncio: it can be given up at any moment, and reads no more than it may.

Deliberately not here: redirects (they are refused like any status but 200), kept connections,
compression, proxies; what is sent and what the answer means (webhook.py).
"""

import asyncio
import re
import ssl
from collections.abc import Mapping

from credimus.kernel import limits
from credimus.kernel.errors import Unavailable
from credimus.runtime.evaluating.target import Target

_HEADS_MAX = 4
"""Heads in front of an answer: a few of status 1xx, then the answer's own. [guess]"""
_STATUS_LINE = re.compile(r"HTTP/1\.[01] ([0-9]{3})(?: .*)?")
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?\r?\n", re.DOTALL)


async def post(
    target: Target, fields: Mapping[str, str], body: bytes, trust: ssl.SSLContext | None
) -> bytes:
    """The body of the answer to a JSON body.

    Args:
        fields: further headers.
        trust: whom an encrypted connection trusts; None for one that is not.

    Raises:
        Unavailable: `evaluator-unreachable`, and as `read_answer`.
    """
    try:
        reader, writer = await asyncio.open_connection(
            target.host, target.port, ssl=trust, limit=limits.EVALUATOR_ANSWER_BYTES_MAX
        )
        try:
            writer.write(_head(target, fields, len(body)) + body)
            await writer.drain()
            return await read_answer(reader)
        finally:
            writer.transport.abort()  # all was read, or nothing more is wanted
    except (OSError, UnicodeError) as problem:
        raise Unavailable(
            "evaluator-unreachable",
            f"the webhook at {target.authority} can not be reached: {problem}. Start it, or mend "
            "its url.",
        ) from None


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """The body of an HTTP answer with status 200.

    Raises:
        Unavailable: `evaluator-refused`, `evaluator-malformed`, `evaluator-oversized`.
        OSError: the connection broke.
    """
    try:
        for _ in range(_HEADS_MAX):
            status, fields = await _answer_head(reader)
            if status >= 200:
                break
        else:
            raise _malformed("it has too many heads")
        if status != 200:
            raise Unavailable(
                "evaluator-refused",
                f"the webhook answered with status {status}; only 200 counts, and redirects are "
                "not followed.",
            )
        return await _answer_body(reader, fields)
    except asyncio.IncompleteReadError:
        raise _malformed("it ends early") from None
    except (asyncio.LimitOverrunError, ValueError):  # the latter from `readline`
        raise _oversized() from None


def _head(target: Target, fields: Mapping[str, str], body_bytes: int) -> bytes:
    every = {
        "Host": target.authority,
        "Content-Type": "application/json",
        "Content-Length": str(body_bytes),
        "Accept": "application/json",
        "Connection": "close",
        **fields,
    }
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {text}" for name, text in every.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


async def _answer_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers; of a header that comes twice only the same text is taken."""
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *rest = raw[:-4].decode("latin-1").split("\r\n")
    status = _STATUS_LINE.fullmatch(first)
    if status is None:
        raise _malformed("it is not HTTP/1.1")
    fields: dict[str, str] = {}
    for line in rest:
        name, colon, text = line.partition(":")
        name, text = name.lower(), text.strip()
        if not colon or (name == "content-length" and fields.get(name, text) != text):
            raise _malformed("a header can not be read")
        fields[name] = text
    return int(status[1]), fields


async def _answer_body(reader: asyncio.StreamReader, fields: Mapping[str, str]) -> bytes:
    most = limits.EVALUATOR_ANSWER_BYTES_MAX
    coding, length = fields.get("transfer-encoding"), fields.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked":
            raise _malformed("its transfer encoding is unknown")
        return await _chunks(reader)
    if length is not None:
        if not (length.isascii() and length.isdecimal()):
            raise _malformed("its length is no number")
        if len(length) > 9 or int(length) > most:
            raise _oversized()
        return await reader.readexactly(int(length))
    body = b""
    while more := await reader.read(most + 1 - len(body)):
        body += more
        if len(body) > most:
            raise _oversized()
    return body


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        size = _CHUNK_SIZE.fullmatch(await reader.readline())
        if size is None:
            raise _malformed("a chunk's size can not be read")
        length = int(size[1], 16)
        if not length:
            return body
        if len(body) + length > limits.EVALUATOR_ANSWER_BYTES_MAX:
            raise _oversized()
        body += await reader.readexactly(length)
        if await reader.readexactly(2) != b"\r\n":
            raise _malformed("a chunk does not end where it says")


def _malformed(why: str) -> Unavailable:
    return Unavailable("evaluator-malformed", f"the webhook's answer can not be read: {why}.")


def _oversized() -> Unavailable:
    return Unavailable(
        "evaluator-oversized",
        f"the webhook's answer has more than {limits.EVALUATOR_ANSWER_BYTES_MAX} bytes; send less.",
    )

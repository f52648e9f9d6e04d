"""Maelstrom's messages: lines of JSON, requests with their fields checked, errors with its codes.

Source: doc/protocol.md and doc/workloads.md of github.com/jepsen-io/maelstrom.
"""

from enum import IntEnum
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

NODES_MAX = 256
"""Nodes of one test. [guess: ten times Maelstrom's own largest example]"""
Name = Annotated[str, Meta(min_length=1, max_length=64)]


class Code(IntEnum):
    """Maelstrom's errors that we give. All are definite: the request was not carried out."""

    NOT_SUPPORTED = 10
    TEMPORARILY_UNAVAILABLE = 11
    MALFORMED_REQUEST = 12


class RequestError(Exception):
    """A request that was not carried out, and why."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code


class Line(msgspec.Struct, frozen=True):
    """A message as it travels; Maelstrom may add an `id` of its own."""

    src: str
    dest: str
    body: msgspec.Raw


class Head(msgspec.Struct, frozen=True):
    """What every body has."""

    type: str
    msg_id: int | None = None


class Init(msgspec.Struct, frozen=True):
    """Tells a node who it is, and who the others are."""

    node_id: Name
    node_ids: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=NODES_MAX)]


class Carried(msgspec.Struct, frozen=True):
    """From node to node: payloads of the core, in base64."""

    payloads: tuple[bytes, ...]


CARRIED = "credimus"
"""The type of such a body."""
Body = TypeVar("Body")
_line = msgspec.json.Decoder(Line)
_head = msgspec.json.Decoder(Head)


def read_line(line: bytes) -> Line | None:
    """The message of a line; None for what is none, to which nobody can be answered."""
    try:
        return _line.decode(line)
    except msgspec.DecodeError:
        return None


def read_head(body: msgspec.Raw) -> Head | None:
    """The type and number of a request; None where it has none."""
    try:
        return _head.decode(body)
    except msgspec.DecodeError:
        return None


def read_body(body: msgspec.Raw, shape: type[Body]) -> Body:
    """The fields of a request.

    Raises:
        RequestError: malformed.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as problem:
        raise RequestError(Code.MALFORMED_REQUEST, f"malformed: {problem}") from None


def write_line(source: str, destination: str, body: dict[str, Any]) -> bytes:
    """A message as a line."""
    return msgspec.json.encode({"src": source, "dest": destination, "body": body}) + b"\n"

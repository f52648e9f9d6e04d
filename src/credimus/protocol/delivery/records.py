"""What delivery keeps on disk, and under which keys.

    delivery/counter               numbers up to this one may have been given
    delivery/out/NUMBER            a message of ours; once settled, without its payload
    delivery/copy/NUMBER-RECEIVER  how a copy of it ended
    delivery/in/SENDER-NUMBER      a message of exactly-once: what it says, or its result
    delivery/floor/SENDER          numbers below it that have no row were settled
    delivery/replay/SENDER         the window of at-most-once

Deliberately not here: when these are written (outbox.py, inbox.py).
"""

from typing import Any, Final

import msgspec

from credimus.kernel.codec import encode
from credimus.kernel.effects import Record
from credimus.kernel.errors import StorageError
from credimus.kernel.ids import ID_BYTES, NodeId
from credimus.protocol.delivery.interface import Mode, State

COUNTER: Final = "delivery/counter"
OUT: Final = "delivery/out"
COPY: Final = "delivery/copy"
IN: Final = "delivery/in"
FLOOR: Final = "delivery/floor"
REPLAY: Final = "delivery/replay"
FAMILIES: Final = ("delivery", OUT, COPY, IN, FLOOR, REPLAY)
"""The families of these keys."""


class Row(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Common shape."""


class PostedRow(Row, frozen=True):
    """A message of ours."""

    mode: Mode
    posted_ms: int
    expires_ms: int
    to: tuple[NodeId, ...]
    key: bytes
    asked: bytes
    """Fingerprint of what was asked."""
    settled: bool
    payload: bytes
    """Empty once settled."""


class CopyRow(Row, frozen=True):
    """How a copy ended."""

    state: State
    reason: str
    result: bytes


class HeldRow(Row, frozen=True):
    """A message of exactly-once."""

    posted_ms: int
    finished: bool
    content: bytes
    """Its payload; once finished, its result."""


class WindowRow(Row, frozen=True):
    """The window of one sender."""

    highest: int
    bits: bytes
    """Big-endian, without leading zeros."""


def number_key(family: str, number: int) -> str:
    """The key of one of our own messages."""
    return f"{family}/{number}"


def member_key(family: str, member: NodeId) -> str:
    """The key of what is kept of one member."""
    return f"{family}/{member.hex()}"


def copy_key(number: int, receiver: NodeId) -> str:
    """The key of one copy of one of our own messages."""
    return f"{COPY}/{number}-{receiver.hex()}"


def held_key(sender: NodeId, number: int) -> str:
    """The key of a message of another."""
    return f"{IN}/{sender.hex()}-{number}"


def record(key: str, value: Any) -> Record:
    """What keeps a value under a key."""
    return Record(key, encode(value))


def name_of(key: str) -> str:
    """What stands behind the last slash of a key."""
    return key.rpartition("/")[2]


def member_of(name: str) -> NodeId:
    """The member that a part of a key names.

    Raises:
        StorageError: `corrupt`.
    """
    try:
        member = NodeId(bytes.fromhex(name))
    except ValueError:
        member = NodeId(b"")
    if len(member) != ID_BYTES:
        raise StorageError("corrupt", f"{name[:40]!r} in a fact of delivery names no member.")
    return member


def number_of(name: str) -> int:
    """The number that a part of a key names.

    Raises:
        StorageError: `corrupt`.
    """
    if not (name.isascii() and name.isdecimal()):
        raise StorageError("corrupt", f"{name[:40]!r} in a fact of delivery is no number.")
    return int(name)


def read_row(key: str, value: bytes, kind: Any) -> Any:
    """The row under a key.

    Raises:
        StorageError: `corrupt`.
    """
    try:
        return msgspec.msgpack.decode(value, type=kind)
    except msgspec.DecodeError as problem:
        raise StorageError("corrupt", f"fact {key} can not be read: {problem}.") from None

"""What a step of the core asks its driver to do, in the one order that is safe.

    persist   durable first: blocks
    remember  and records, in the same transaction
    send      then told to others
    emit      then told to our own

The order is the type: a driver that carries out the fields from top to bottom can not tell a peer,
or a caller, of something that a crash could take back. What a step only passes on it may send first
(`node/durability.py`).
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

import msgspec

from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND

Persisted = TypeVar("Persisted")
Message = TypeVar("Message")
Emitted = TypeVar("Emitted")


SOON_NS = 30 * MILLISECOND
"""How long a message waits that is to be taken soon. [guess: several come meanwhile]"""


class Wake(IntEnum):
    """When a message makes its receiver step. It goes along with any step before that, but for one
    that wakes nobody: that is taken by the next step that has leisure."""

    NOW = 0
    SOON = 1
    """After `SOON_NS`."""
    NEVER = 2


@dataclass(slots=True, frozen=True)
class Send(Generic[Message]):
    """A message for one peer, or for all when `to` is None."""

    to: NodeId | None
    message: Message
    wake: Wake = Wake.NOW
    """Of use for one peer only; what is for all wakes them now."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """A small durable value of this node's own, beside the lace."""

    key: str
    value: bytes | None
    """None drops what the key held."""


@dataclass(slots=True)
class Effects(Generic[Persisted, Message, Emitted]):
    """Carried out in this order, always."""

    persist: list[Persisted] = field(default_factory=list)
    remember: list[Record] = field(default_factory=list)
    """Of one key the last counts. Nobody else has it: the disk is waited for."""
    send: list[Send[Message]] = field(default_factory=list)
    sent: bool = False
    """Whether the driver has carried that lane out."""
    emit: list[Emitted] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.persist or self.remember or self.send or self.emit)

    def absorb(self, other: "Effects[Persisted, Message, Emitted]") -> None:
        """Append another step's effects, lane by lane."""
        self.persist += other.persist
        self.remember += other.remember
        self.send += other.send
        self.emit += other.emit

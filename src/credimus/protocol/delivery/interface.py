"""What delivery says to peers, what it listens to, what it tells, and what can be asked of it."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.effects import Effects
from credimus.kernel.ids import ID_BYTES, FleetId, NodeId
from credimus.kernel.instant import MILLISECOND, SECOND

_ATTEMPTS_MAX = 100_000


class DeliveryConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How long a member is waited for, and how often a message is sent again."""

    base_ns: int = 200 * MILLISECOND
    """From the first sending to the second, at most; then twice as long each. Above 0. [guess: far
    above a round trip and a disk write]"""
    patience_ns_max: int = 10 * SECOND
    """Longest wait between two sendings, and the wait while the receiver's application works. From
    base_ns. [guess]"""
    attempts_max: int = 1_000
    """Sendings in a row that may go without an answer; then the message is given up. 1 to 100,000.
    [guess: two hours]"""
    ttl_ms: int = 3_600_000
    """How long a message is tried, where its sender does not say. 1,000 to seven days. [guess]"""

    def __post_init__(self) -> None:
        if not 0 < self.base_ns <= self.patience_ns_max:
            raise ValueError("base_ns: above 0, to patience_ns_max")
        if not 1 <= self.attempts_max <= _ATTEMPTS_MAX:
            raise ValueError(f"attempts_max: 1 to {_ATTEMPTS_MAX}")
        if not limits.MESSAGE_TTL_MS_MIN <= self.ttl_ms <= limits.MESSAGE_TTL_MS_MAX:
            raise ValueError(f"ttl_ms: {limits.MESSAGE_TTL_MS_MIN} to {limits.MESSAGE_TTL_MS_MAX}")


class Mode(IntEnum):
    """What is promised of a message."""

    AT_MOST_ONCE = 0
    """Sent once; handed out once or never. Nothing comes back."""
    AT_LEAST_ONCE = 1
    """Sent until the receiver's application has finished with it; may be handed out again."""
    EXACTLY_ONCE = 2
    """Likewise, and finished once: what was finished is never handed out again, its result is
    kept and told again."""

    @property
    def word(self) -> str:
        """For people."""
        return self.name.lower().replace("_", "-")


class State(IntEnum):
    """How far a message has come with one receiver."""

    SENT = 0
    """At most once: it went out, and nothing more will be known."""
    WAITING = 1
    """No answer yet."""
    TAKEN = 2
    """The receiver holds it for its application; durably, if exactly once."""
    DONE = 3
    """The receiver's application has finished with it."""
    UNACKNOWLEDGED = 4
    """Given up. It may have been handed out all the same."""

    @property
    def word(self) -> str:
        """For people."""
        return self.name.lower()

    @property
    def is_final(self) -> bool:
        """Whether it is no longer sent."""
        return self in _FINAL


_FINAL = frozenset({State.SENT, State.DONE, State.UNACKNOWLEDGED})


class Outcome(IntEnum):
    """What a receiver answers."""

    TAKEN = 0
    DONE = 1
    OVERLOADED = 2
    """No room; it may be sent again later."""
    EXPIRED = 3
    """It came after its time."""
    STALE = 4
    """The sender has said before that messages up to this number are settled."""


# --- messages between peers

Identifier: TypeAlias = Annotated[bytes, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
Number: TypeAlias = Annotated[int, Meta(ge=1, le=limits.SEQUENCE_MAX)]
Millis: TypeAlias = Annotated[int, Meta(ge=0, le=(1 << 53) - 1)]
Result: TypeAlias = Annotated[bytes, Meta(max_length=limits.MESSAGE_RESULT_BYTES_MAX)]


class Wire(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Common shape: MessagePack arrays."""


class Content(Wire, frozen=True):
    """What a sender signs: whole, so that it may travel over any members."""

    fleet: Annotated[FleetId, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
    sender: Annotated[NodeId, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
    receiver: Annotated[NodeId, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
    number: Number
    """Of the sender's messages, to whomever; none is ever given twice. Gaps are normal."""
    lowest: Number
    """The sender sends this receiver no message below it any more. At most `number`."""
    mode: Mode
    posted_ms: Millis
    """When the sender was given it, by its wall clock."""
    expires_ms: Millis
    """When the sender stops, by its wall clock."""
    payload: Annotated[bytes, Meta(max_length=limits.MESSAGE_BYTES_MAX)]


class Reply(Wire, frozen=True):
    """What a receiver signs."""

    fleet: Annotated[FleetId, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
    receiver: Annotated[NodeId, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
    """Of the message: who answers."""
    sender: Annotated[NodeId, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
    number: Number
    outcome: Outcome
    result: Result
    """What the application gave; empty unless DONE."""


Signature: TypeAlias = Annotated[bytes, Meta(min_length=64, max_length=64)]


class Envelope(Wire, frozen=True, tag=15):
    """A message: the bytes of its `Content`, and the sender's signature over them."""

    content: Annotated[bytes, Meta(max_length=limits.ENVELOPE_BYTES_MAX)]
    signature: Signature


class Answer(Wire, frozen=True, tag=16):
    """An answer: the bytes of its `Reply`, and the receiver's signature over them."""

    reply: Annotated[bytes, Meta(max_length=limits.ENVELOPE_BYTES_MAX)]
    signature: Signature


DeliveryMessage: TypeAlias = Envelope | Answer

# --- inputs


class EnvelopeCame(msgspec.Struct, frozen=True, gc=False):
    """A message came, over whomever."""

    envelope: Envelope


class AnswerCame(msgspec.Struct, frozen=True, gc=False):
    """An answer came, over whomever."""

    answer: Answer


class PeersReturned(msgspec.Struct, frozen=True, gc=False):
    """Members that may have been away are heard again."""

    peers: tuple[NodeId, ...]


class Post(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The application sends a message."""

    to: tuple[NodeId, ...]
    payload: bytes
    mode: Mode
    ttl_ms: int | None = None
    """The config's when None."""
    key: bytes = b""
    """The caller's own name for it: the same again is not sent again. Empty for none."""


class Finish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The application has finished with a message."""

    sender: NodeId
    number: int
    result: bytes = b""


DeliveryInput: TypeAlias = EnvelopeCame | AnswerCame | PeersReturned

# --- events


class MessageArrived(msgspec.Struct, frozen=True, gc=False):
    """A message waits for the application; durably, if exactly once."""

    sender: NodeId
    number: int
    mode: Mode


class MessageFinished(msgspec.Struct, frozen=True, gc=False):
    """The application has finished with a message, for the first time."""

    sender: NodeId
    number: int
    mode: Mode


class MessageAnswered(msgspec.Struct, frozen=True, gc=False):
    """One of our own messages has come further with a receiver, or was given up."""

    receiver: NodeId
    number: int
    state: State


DeliveryEvent: TypeAlias = MessageArrived | MessageFinished | MessageAnswered

DeliveryEffects: TypeAlias = Effects[Any, DeliveryMessage, DeliveryEvent]

# --- asking


class CopyView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How far one of our messages has come with one receiver."""

    receiver: NodeId
    state: State
    attempts: int
    """How often it was sent in this life of the node."""
    reason: str
    """Why it was given up, or the receiver does not take it: `no-answer`, `overloaded`, `expired`,
    `stale`, `not-a-member`; empty for none."""
    result: bytes


class PostedView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One of our messages."""

    number: int
    mode: Mode
    posted_ms: int
    expires_ms: int
    copies: tuple[CopyView, ...]
    """In order of the receivers' ids."""

    @property
    def is_settled(self) -> bool:
        """Whether all that will be known is known."""
        return all(copy.state.is_final for copy in self.copies)


class Held(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message that waits for the application."""

    arrival: int
    """Counts the messages of this life of the node, from 1."""
    sender: NodeId
    """Its first id, whatever keys it took since: so the message's name stays."""
    number: int
    mode: Mode
    posted_ms: int
    payload: bytes
    again: bool
    """Whether it was here before a restart, and so may have been handed out. Of at-least-once
    nothing is kept that could tell."""


@dataclass(slots=True)
class Counts:
    """What happened since the start; only ever grows."""

    posted: int = 0
    """Messages that our application sent, each counted once."""
    sendings: int = 0
    """Copies that went out, repetitions included."""
    arrived: int = 0
    """Messages of others that were let in."""
    repeated: int = 0
    """Further copies of these, not handed out again."""
    finished: int = 0
    done: int = 0
    """Copies of ours that receivers finished."""
    unacknowledged: int = 0
    """Copies of ours that were given up."""
    overloaded: int = 0
    """Messages of others for which there was no room."""
    strange: int = 0
    """Messages and answers that were not for us, or of no member."""

"""What membership says to peers, what it listens to, what it tells, and what can be asked of it."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.ids import ID_BYTES, NodeId
from credimus.kernel.instant import MILLISECOND, SECOND

_CONFIRMATIONS_MAX = 8
_PAIR = 2


class MembershipConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How often members are probed, and how long they are waited for.

    From a crash to suspicion it takes at most `period + direct + indirect`, to death about
    `suspicion_ns_min` more: 0.8 s and 2.3 s.
    """

    period_ns: int = 500 * MILLISECOND
    """In each, every member is probed by one other. A whole number of ms, above 0. [guess: light]
    """
    direct_ns: int = 150 * MILLISECOND
    """From a ping to asking others, at least. [guess: far above a busy node's step]"""
    indirect_ns: int = 150 * MILLISECOND
    """From asking others to suspicion, at least. [guess: likewise, over two links]"""
    patience_ns_max: int = SECOND
    """Longest wait of each kind for a peer whose answers are known to be slow, before our own
    health multiplies it. [guess]"""
    relay_count: int = 3
    """Others that are asked to probe for us. [paper: SWIM, 3.1; its experiments use 3]"""
    suspicion_ns_min: int = 1_500 * MILLISECOND
    """From suspicion to death when enough others suspect too: the time that a suspect has to
    refute. [guess: as long as death within 3 s allows]"""
    suspicion_ns_max: int = 6 * SECOND
    """The same when nobody else does. [guess]"""
    confirmation_count: int = 3
    """Further suspecting members after which the time is the shortest. Range 0 to 8. [paper:
    Lifeguard, section IV; 3 there]"""
    retransmit_factor: int = 3
    """A claim is passed on so many times the binary logarithm of the fleet's size. [paper: SWIM,
    4.1; there a small multiple]"""
    health_max: int = 8
    """Most that our own health multiplies our patience by, less one. [paper: Lifeguard, section IV;
    8 there]"""
    late_ns: int = 100 * MILLISECOND
    """How late a step may be before we count ourselves slow. [guess]"""
    call_period_ns: int = SECOND
    """Between two pings to members that are dead or were never heard. [guess]"""
    hello_count: int = 10
    """Calls after a start that go to all: links may not be up at once. [guess]"""
    row_period_ns: int = SECOND
    """Between two versions of whom we hear, at least. [guess]"""
    notice_gap_ns: int = 20 * MILLISECOND
    """Between two notices to all, at least; what comes sooner waits so long. In a fleet of more
    than `crowd_count` members longer in proportion. [guess]"""
    crowd_count: int = 12
    """Members above which only the first hello goes to all, and later ones to some who are not
    there. Range 1 and up. [guess: as many as need no overlay]"""
    hello_sample_count: int = 8
    """Those some. [guess]"""
    checks_at_once_from: int = 64
    """Members from which on a node finds out for itself what it was told of others only with its
    turns, `checks_per_turn` at a time: else each would ping each when a large fleet starts or
    splits. Range 2 and up. [guess]"""
    checks_per_turn: int = 4
    """See there. Range 1 and up. [guess]"""

    def __post_init__(self) -> None:
        if self.period_ns < MILLISECOND or self.period_ns % MILLISECOND:
            raise ValueError("period_ns: a whole number of ms, above 0")
        if not 0 <= self.suspicion_ns_min <= self.suspicion_ns_max:
            raise ValueError("suspicion_ns_min: from 0 to suspicion_ns_max")
        if not 0 <= self.confirmation_count <= _CONFIRMATIONS_MAX:
            raise ValueError(f"confirmation_count: 0 to {_CONFIRMATIONS_MAX}")
        if min(self.direct_ns, self.indirect_ns, self.relay_count, self.health_max) < 0:
            raise ValueError("direct_ns, indirect_ns, relay_count, health_max: from 0")
        if min(self.crowd_count, self.hello_sample_count, self.checks_per_turn) < 1:
            raise ValueError("crowd_count, hello_sample_count, checks_per_turn: above 0")
        if self.checks_at_once_from < _PAIR:
            raise ValueError(f"checks_at_once_from: from {_PAIR}")
        if self.retransmit_factor < 1:
            raise ValueError("retransmit_factor: above 0")


class Status(IntEnum):
    """What is held of a member. Claims are ordered by incarnation, then by this."""

    ALIVE = 0
    SUSPECT = 1
    DEAD = 2

    @property
    def word(self) -> str:
        """For people."""
        return self.name.lower()


# --- messages between peers

Identifier: TypeAlias = Annotated[bytes, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
Whole: TypeAlias = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
Bits: TypeAlias = Annotated[bytes, Meta(max_length=limits.ROW_MEMBERS_MAX // 8)]


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Common shape: MessagePack arrays, of messages [tag, ...]."""


class Claim(Message, frozen=True):
    """Somebody's word on a member."""

    member: Identifier
    incarnation: Whole
    status: Status
    by: Identifier
    """Who says so first: the member itself when it is alive."""


class Row(Message, frozen=True):
    """Whom a member hears, a bit for each member of the roster in order of id, lowest bit first."""

    member: Identifier
    version: Whole
    roster: Annotated[bytes, Meta(min_length=8, max_length=8)]
    """Which roster the bits stand for."""
    hears: Bits
    """Messages of that member come straight to this one."""
    through: Bits
    """That member answered the last probe through others only."""


Claims: TypeAlias = Annotated[tuple[Claim, ...], Meta(max_length=limits.CLAIMS_MAX)]
Rows: TypeAlias = Annotated[tuple[Row, ...], Meta(max_length=limits.ROWS_MAX)]


class Telling(Message, frozen=True):
    """What every message of membership carries along."""

    incarnation: Whole
    """The sender's own."""
    claims: Claims


class Ping(Telling, frozen=True, tag=4):
    """Asks for an `Ack` with the same nonce."""

    nonce: Whole
    rows: Rows


class Ack(Telling, frozen=True, tag=5):
    """Answers a ping."""

    nonce: Whole
    rows: Rows


class PingFor(Telling, frozen=True, tag=6):
    """Asks to ping another member, and to say how it went."""

    nonce: Whole
    target: Identifier


class Relayed(Telling, frozen=True, tag=7):
    """Answers a `PingFor`: whether the target answered in time."""

    nonce: Whole
    heard: bool


class Notice(Telling, frozen=True, tag=8):
    """To all: the sender is here, or knows something that can not wait for the next probe."""


MembershipMessage: TypeAlias = Ping | Ack | PingFor | Relayed | Notice

# --- inputs


class RosterChanged(msgspec.Struct, frozen=True, gc=False):
    """Who is a member now, sorted by id."""

    members: tuple[NodeId, ...]


class MessageCame(msgspec.Struct, frozen=True, gc=False):
    """A message whose prefix names this peer; nobody vouches for the name."""

    peer: NodeId
    message: MembershipMessage


MembershipInput: TypeAlias = RosterChanged | MessageCame

# --- events


class PeerAlive(msgspec.Struct, frozen=True, gc=False):
    """A peer is heard of for the first time, refuted a suspicion, or came back."""

    peer: NodeId
    incarnation: int


class PeerSuspected(msgspec.Struct, frozen=True, gc=False):
    """A peer answers nobody, somebody says."""

    peer: NodeId
    by: NodeId


class PeerDead(msgspec.Struct, frozen=True, gc=False):
    """A suspected peer did not refute in time."""

    peer: NodeId


MembershipEvent: TypeAlias = PeerAlive | PeerSuspected | PeerDead

# --- asking


class PeerView(msgspec.Struct, frozen=True, kw_only=True):
    """What is held of one peer now."""

    peer: NodeId
    status: Status | None
    """None when nothing was ever heard of it: down since before our start, or hosted elsewhere."""
    incarnation: int
    through: bool
    """Whether it answered the last probe through others only."""
    trip_us_median: int | None
    """Round trip of its last answers, in us; None before the first."""
    trip_us_p90: int | None

    @property
    def word(self) -> str:
        """The status for people."""
        return "unknown" if self.status is None else self.status.word


@dataclass(slots=True)
class Counts:
    """What happened since the start; only ever grows."""

    probes: int = 0
    unanswered: int = 0
    """Probes that nobody's answer came of."""
    suspicions: int = 0
    deaths: int = 0
    refutations: int = 0
    """Of suspicions of ourselves."""
    late: int = 0
    """Steps of ours that came late."""

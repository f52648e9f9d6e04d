"""What sync says to peers, and what it listens to."""

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.ids import BlockId, NodeId
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.lace.frontier import HEADS_SUM_BYTES, Frontier, Head


class SyncConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How often frontiers are shown, and how patient a node is before it pulls."""

    beacon_period_ns: int = SECOND
    """Between two showings of our frontier to all. Range above 0. [guess: light, so that a healed
    split is noticed within a second]"""
    calm_periods: int = 4
    """In a large fleet, where the same is shown to the same peers again, it is shown once more in
    the next period, and then in every such period only. Range 1 and up. [measured: half of what a
    node of 50 does at rest was this]"""
    told_at_once: int = 3
    """To how many peers that showed what we showed before, news are shown in one period, in turn;
    all others, too, have neighbours of their own. Range 1 and up. [guess: eight neighbours that do
    so leave one in fifty out, for a period]"""
    full_period_ns: int = 10 * SECOND
    """Between two pulls from a random peer without any sign of a gap. [seed: sync 10 s]"""
    patience_ns: int = 40 * MILLISECOND
    """From noticing a gap to pulling: blocks of several senders arrive in any order. [measured:
    under full load nearly all gaps close by themselves within 20 ms]"""
    retry_ns: int = 500 * MILLISECOND
    """From a pull to the next one for the same gap, when no answer came. [guess]"""
    spare_ns: int = 250 * MILLISECOND
    """For so long nobody else is asked for heads that a peer was asked for, in large fleets, where
    all neighbours show the same. Below `retry_ns`: so who never answers comes after others. [guess]
    """
    turn_ns: int = 5 * SECOND
    """How long one peer may be the only one from which a wide gap is filled. Range above 0. [guess:
    long enough for ten thousand blocks]"""
    pulls_max: int = 8
    """Pulls for one gap before it is forgotten; the peer's next beacon opens it again. [guess]"""
    unanswered_max: int = 8
    """Pulls in a row, each followed by a beacon of the peer and by no block, after which it is told
    that the peer does not answer. [measured: a tenth of the messages lost leaves a fifth of the
    pulls without an answer]"""
    differences_max: int = 3
    """Digests of a peer in a row that differ from ours, while one of us changes, after which it is
    shown our whole frontier. [guess: what is on its way arrives between two of them]"""
    again_ns: int = 3 * SECOND
    """Between two showings of our frontier for the same difference. [guess: one may be lost]"""
    supply_count_max: int = 512
    """Blocks in one answer. [guess]"""


# --- messages between peers


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Common shape: MessagePack arrays [tag, ...]."""


class Blocks(Message, frozen=True, tag=1):
    """Blocks, parents before children where both are in; pushed, or the answer to a pull."""

    wires: Annotated[tuple[bytes, ...], Meta(max_length=limits.BLOCK_OPERATIONS_MAX)]
    more: bool = False
    """Whether the sender holds further blocks that the receiver asked for."""


class Beacon(Message, frozen=True, tag=2):
    """What the sender holds."""

    frontier: Frontier


class Pull(Message, frozen=True, tag=3):
    """Asks for these blocks, and for what lies beyond this frontier."""

    frontier: Frontier
    wanted: Annotated[tuple[BlockId, ...], Meta(max_length=limits.WANTED_MAX)] = ()


class Digest(Message, frozen=True, tag=27):
    """What the sender holds, in few bytes: in place of a beacon in large fleets."""

    sum: Annotated[bytes, Meta(min_length=HEADS_SUM_BYTES, max_length=HEADS_SUM_BYTES)]
    """The first 16 bytes of the ids of all heads, added as numbers, modulo 2**128."""
    fresh: Annotated[tuple[Head, ...], Meta(max_length=limits.DIGEST_HEADS_MAX)] = ()
    """Heads that are new since the sender's last digest to all its listeners."""
    asked: bool = False
    """Whether the sender wants to be shown the receiver's frontier when its sum is another."""


SyncMessage: TypeAlias = Blocks | Beacon | Pull | Digest


class Supply(msgspec.Struct, frozen=True, gc=False):
    """Not on the wire: the driver turns it into `Blocks` with the bytes from its store."""

    ids: tuple[BlockId, ...]
    more: bool


# --- inputs


class BeaconSeen(msgspec.Struct, frozen=True, gc=False):
    """A peer showed its frontier."""

    peer: NodeId
    frontier: Frontier


class DigestSeen(msgspec.Struct, frozen=True, gc=False):
    """A peer showed the sum of its heads."""

    peer: NodeId
    digest: Digest


class PullAsked(msgspec.Struct, frozen=True, gc=False):
    """A peer pulls."""

    peer: NodeId
    pull: Pull


class GapSeen(msgspec.Struct, frozen=True, gc=False):
    """Blocks of a peer wait for predecessors that we lack."""

    peer: NodeId
    at_once: bool = False
    """Whether it would be no use to wait: what is lacking was ignored."""


class BatchTaken(msgspec.Struct, frozen=True, gc=False):
    """Blocks of a peer were taken; `more` when some were new and it said that it has more."""

    peer: NodeId
    more: bool


class PullDue(msgspec.Struct, frozen=True, gc=False):
    """It is time to pull from a peer, whatever it has shown; in large fleets, to ask it first
    whether it holds anything else than we."""

    peer: NodeId


SyncInput: TypeAlias = BeaconSeen | DigestSeen | PullAsked | GapSeen | BatchTaken | PullDue


# --- events


class PullsUnanswered(msgspec.Struct, frozen=True, gc=False):
    """A peer went on showing blocks that we lack, and sent none at all in answer to pulls."""

    peer: NodeId
    pull_count: int


SyncEvent: TypeAlias = PullsUnanswered

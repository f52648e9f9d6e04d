"""What recovery says to peers, what it hears, what it remembers and shows, and its settings."""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Annotated, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.ids import BLOCK_ID_BYTES, ID_BYTES, BeliefId, BlockId, NodeId
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.lace.frontier import Frontier
from credimus.state.operations import Operation, Rules

SESSION_KEY = "recovery/session"
"""Under which the session is remembered."""
LOOSE_FAMILY = "recovery-loose"
"""Records of intact blocks whose predecessors are missing."""


class RecoveryConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a recovering node is."""

    ask_period_ns: int = SECOND
    """Between two questions to members that have not answered. Range above 0. [guess]"""
    settle_ns: int = 5 * SECOND
    """From the last block of our own that came from others to writing again, where the log can not
    be accounted for: what we once sent may still be on its way. Range 0 and up. [guess: far longer
    than messages take]"""
    patience_ns: int = 30 * SECOND
    """Without any progress for so long, a recovery is called stalled. Range above 0. [guess]"""
    counts_hosted: bool = False
    """Whether a node's word counts for members that it says it hosts, too. Only for fleets that
    host members and trust each other with that: who lies so can hide a silent member's word."""
    by_name_ns: int = 5 * SECOND
    """So long missing blocks are asked for by name alone; without news of them all is asked for
    that does not follow from each other. Range 0 and up. [guess: ten pulls]"""
    step_pause_ns: int = 20 * MILLISECOND
    """Between two batches of steps. [guess: most of the node's time is for its work]"""


class Cause(IntEnum):
    """Why a node has to recover."""

    DAMAGED = 0
    """Rows of its store were altered or lost."""
    BEHIND = 1
    """It lacks blocks that all others have let go."""


class Phase(IntEnum):
    """How far a recovery is."""

    GATHERING = 0
    """What is missing is fetched; a damaged node writes nothing."""
    SAYING = 1
    """What can not be taken any more is said again."""
    ENDED = 2
    """All is done."""


class Session(
    msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True
):
    """A recovery, as it is remembered."""

    cause: Cause
    phase: Phase = Phase.GATHERING
    began_ms: int = 0
    """By the wall clock."""
    ended_ms: int = 0
    """0 while it goes on."""
    awaited: Annotated[tuple[BlockId, ...], Meta(max_length=limits.RECOVERY_AWAITED_MAX)] = ()
    """Blocks whose rows were altered and still name them."""
    is_accounted: bool = False
    """Whether what was intact and what is awaited is all that the store ever held."""
    intact_count: int = 0
    """Blocks that were read whole."""
    loose_count: int = 0
    """Of those, the ones whose predecessors were missing."""
    said_count: int = 0
    """Steps of saying again that are certainly in blocks."""
    claims: Annotated[tuple[int, ...], Meta(max_length=limits.RECOVERY_AUTHORS_MAX)] = ()
    """Claims that each of our own chains had made as far as it is held, when saying began."""
    lost_count: int = 0
    """Awaited blocks that nobody had."""
    witnessed: Annotated[
        tuple[tuple[NodeId, int, BlockId], ...], Meta(max_length=limits.FRONTIER_HEADS_MAX)
    ] = ()
    """The last blocks of others that waited here in vain when it ended, by author. They were let
    go, and are told whoever recovers: he has signed them."""


class WayKind(IntEnum):
    """How a node gets what it lacks; choosing.py tells them apart."""

    DIFFERENTIAL = 0
    INCREMENTAL = 1
    SNAPSHOT = 2


class Way(msgspec.Struct, frozen=True, gc=False):
    """One way and what it costs, estimated."""

    kind: WayKind
    block_count: int
    """That peers have to send."""
    byte_count: int
    is_possible: bool


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A recovery as people see it."""

    cause: Cause
    phase: Phase
    way: WayKind
    """That it goes, or went at last."""
    ways: tuple[Way, ...]
    """All of them, as they would cost from here on."""
    began_ms: int
    ended_ms: int
    is_holding: bool
    """Whether the node writes nothing meanwhile."""
    awaited_count: int
    """Altered blocks that have not come yet."""
    loose_count: int
    """Intact blocks that still wait for predecessors."""
    snapshot_bytes: tuple[int, int]
    """Fetched, and of how many; zeros when none is fetched."""
    unanswered: tuple[NodeId, ...]
    """Members whose word is waited for, because the store can not be accounted for."""
    step_count: int
    """Steps done."""
    step_total: int
    """Of how many."""
    is_stuck: bool
    """Whether it can not end: a member holds a block of ours whose predecessor is nowhere."""
    is_stalled: bool
    """Whether nothing moved for long."""
    remaining_ms: int | None
    """Estimated; None when nothing can be said."""
    came_count: int = 0
    """Blocks that have come since this run began to gather."""
    missing_count: int = 0
    """Blocks that are known to be wanted still."""


class Sources(NamedTuple):
    """What recovery looks at beside lace and state."""

    waiting: Callable[[NodeId], tuple[int, BlockId] | None]
    """The highest block of an author that waits for predecessors."""
    read: Callable[[Sequence[BlockId]], list[bytes]]
    """The wires of durable blocks."""
    snapshot: Callable[[], tuple[int, int] | None]
    """Bytes fetched of a snapshot, and of how many; None when none is fetched."""
    is_free: Callable[[], bool]
    """Whether all that was said is in blocks."""


# --- messages between peers


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Common shape: MessagePack arrays [tag, ...]."""


Member = Annotated[NodeId, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]


class HeadsAsked(Message, frozen=True, tag=25):
    """Asks what the receiver holds, waiting blocks of these authors included."""

    authors: Annotated[tuple[Member, ...], Meta(max_length=limits.RECOVERY_AUTHORS_MAX)]


class WaitingHead(Message, frozen=True):
    """The highest block of an author that waits for predecessors."""

    author: Member
    sequence: Annotated[int, Meta(ge=1, le=limits.SEQUENCE_MAX)]
    block: Annotated[BlockId, Meta(min_length=BLOCK_ID_BYTES, max_length=BLOCK_ID_BYTES)]


class HeadsHeld(Message, frozen=True, tag=26):
    """All that the sender holds at this moment."""

    frontier: Frontier
    waiting: Annotated[tuple[WaitingHead, ...], Meta(max_length=limits.RECOVERY_AUTHORS_MAX)]
    hosted: Annotated[tuple[Member, ...], Meta(max_length=limits.RECOVERY_AUTHORS_MAX)] = ()
    """Further members for which the sender speaks."""


RecoveryMessage: TypeAlias = HeadsAsked | HeadsHeld

# --- inputs


class AskCame(msgspec.Struct, frozen=True, gc=False):
    """A peer recovers, and asks."""

    peer: NodeId
    asked: HeadsAsked


class HeldCame(msgspec.Struct, frozen=True, gc=False):
    """A peer says what it holds."""

    peer: NodeId
    held: HeadsHeld


class SnapshotPut(msgspec.Struct, frozen=True, gc=False):
    """A checkpoint that a peer passed on was put in place of what we held."""


RecoveryInput: TypeAlias = AskCame | HeldCame | SnapshotPut

# --- what the node is to do


class TakeAgain(msgspec.Struct, frozen=True, gc=False):
    """These blocks of our old store can be taken now."""

    wires: tuple[bytes, ...]


class SayAgain(msgspec.Struct, frozen=True, gc=False):
    """This was acknowledged once, and its block can not be taken any more: say it anew."""

    author: NodeId
    operation: Operation


class ProposeAgain(msgspec.Struct, frozen=True, gc=False):
    """A round that we opened counts for nothing: open one anew."""

    author: NodeId
    belief: BeliefId
    rules: Rules


class WriteAgain(msgspec.Struct, frozen=True, gc=False):
    """All that we ever signed is held, or nowhere: writing is safe."""


Again: TypeAlias = TakeAgain | SayAgain | ProposeAgain | WriteAgain


# --- events


class RecoveryBegan(msgspec.Struct, frozen=True, gc=False):
    """This node recovers."""

    cause: Cause


class RecoveryStepped(msgspec.Struct, frozen=True, gc=False):
    """A recovery went on."""

    cause: Cause
    phase: Phase
    step_count: int
    step_total: int


class RecoveryEnded(msgspec.Struct, frozen=True, gc=False):
    """This node has recovered."""

    cause: Cause
    said_count: int
    """Operations that were said again."""
    lost_count: int
    """Altered blocks that nobody has: what they said is unknown."""


ToldEvent: TypeAlias = RecoveryBegan | RecoveryEnded
"""What readers of events are told."""
RecoveryEvent: TypeAlias = SnapshotPut | RecoveryBegan | RecoveryStepped | RecoveryEnded

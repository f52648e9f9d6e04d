"""What a reunion is asked, what it finds and plans, what it remembers and shows, its settings."""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.ids import BLOCK_ID_BYTES, ID_BYTES, BeliefId, NodeId, RoundId
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.state.beliefs import Belief
from credimus.state.operations import Finding, Strategy

SESSION_KEY = "reunion/session"
"""Under which the session is remembered."""
Bearing: TypeAlias = Callable[[list[Belief]], Iterable[tuple[BeliefId, BeliefId, Finding]]]
"""The pairs among some beliefs that do not merely go together."""


class ReunionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How fast and how patient a reunion is."""

    step_pause_ns: int = 20 * MILLISECOND
    """Between two batches of steps. Range above 0. [guess: most of the node's time is for its
    work]"""
    look_ns: int = 500 * MILLISECOND
    """Between two looks at rounds that have to end. Range above 0. [guess]"""
    patience_ns: int = 30 * SECOND
    """Without any progress for so long it is called stalled. Range above 0. [guess]"""


# --- what is asked


class Apart(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A split, as a node's diary has it."""

    began_ms: int
    """When the first member went out of reach, by the wall clock."""
    ended_ms: int
    """When the parts had come together."""
    far: tuple[NodeId, ...]
    """Members that were out of reach."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is to be brought together, and how."""

    strategy: Strategy
    apart: Apart | None = None
    """Which split; everything that is held when None."""
    undecided: bool = False
    """Whether beliefs of the split whose rounds have expired are put to the vote again, too."""


# --- what is found


class Side(IntEnum):
    """Where a belief was accepted."""

    NEAR = 0
    """By those in reach of this node."""
    FAR = 1


class Tally(msgspec.Struct, frozen=True, gc=False):
    """What one side did while apart."""

    blocks: int
    accepted: int
    """Beliefs that it accepted."""
    expired: int
    """Rounds that it opened and that ended without a verdict."""


class Standing(IntEnum):
    """How a conflict stands before a plan."""

    OPEN = 0
    """A step of the plan is about it."""
    SETTLED = 1
    """What the plan would say is said already."""
    OUTVOTED = 2
    """Another member stands by what prevails over the plan's strategy."""


class Conflict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Two beliefs accepted apart that do not agree."""

    beliefs: tuple[BeliefId, BeliefId]
    """Sorted."""
    rounds: tuple[RoundId, RoundId]
    """The round that accepted each."""
    sides: tuple[Side, Side]
    finding: Finding
    standing: Standing
    strategy: Strategy | None
    """What prevails of it now; None when nobody said anything."""
    author: NodeId | None
    """Who said that."""
    dependents: tuple[BeliefId, ...]
    """Beliefs that lean on one of the two, straight or through others; not all, where many do."""


# --- what is planned


Id = Annotated[bytes, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
Kind: TypeAlias = tuple[Strategy, Finding]


class _Step(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Common shape: arrays [tag, ...]."""


class PairStep(_Step, frozen=True, tag=1):
    """Say how two beliefs are brought together. Undone by taking that back."""

    beliefs: tuple[Id, Id]
    rounds: tuple[Id, Id]
    strategy: Strategy
    finding: Finding
    withdraws: Annotated[tuple[Kind, ...], Meta(max_length=limits.REUNION_KINDS_MAX)] = ()
    """What this node stands by and what would prevail over it; said again when it is undone."""
    stood: bool = False
    """Whether this node stood by it before; then that is not taken back."""


class AgainStep(_Step, frozen=True, tag=2):
    """Put an expired belief to the vote again. What is decided then stays."""

    belief: Id
    round: Id
    """The round that expired."""


Step: TypeAlias = PairStep | AgainStep


class Cost(msgspec.Struct, frozen=True, gc=False):
    """What a plan takes, estimated from its operations and the number of members."""

    steps: int
    rounds: int
    """Put to the vote again."""
    blocks: int
    """Written by all members together."""
    bytes: int
    """In those blocks."""


class Plan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that a reunion would do, in order: what others lean on first."""

    id: bytes
    """Of the steps; the same plan has the same id."""
    strategy: Strategy
    near: Tally
    far: Tally
    conflicts: tuple[Conflict, ...]
    steps: tuple[Step, ...]
    left_out_count: int
    """Beliefs and steps beyond those that are looked at; plan again after this one."""
    costs: tuple[tuple[Strategy, Cost], ...]
    """Of this plan, and of the same with every other strategy."""
    lasting_count: int
    """Steps that open rounds: undoing the plan does not undo what these decide."""


# --- what is remembered and shown


class Phase(IntEnum):
    """How far a reunion is."""

    SAYING = 0
    """Steps are carried out, ten at a time."""
    CHECKING = 1
    """All is said; rounds that were opened have to end."""
    ENDED = 2
    UNDOING = 3
    """It failed, or its operator took it back: steps are undone, the last first."""
    UNDONE = 4


class Session(
    msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True
):
    """A reunion, as it is remembered."""

    plan: bytes
    strategy: Strategy
    steps: Annotated[tuple[Step, ...], Meta(max_length=limits.REUNION_STEPS_MAX)]
    began_ms: int
    """By the wall clock."""
    phase: Phase = Phase.SAYING
    done_count: int = 0
    """Steps, from the first, that are certainly in blocks; while it is undone: that still stand."""
    ended_ms: int = 0
    """0 while it goes on."""
    why: Annotated[str, Meta(max_length=limits.REASON_BYTES_MAX)] = ""
    """Why it is undone; empty otherwise."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A reunion as people see it."""

    session: Session
    resolved_count: int
    """Steps that have come to what was planned."""
    pending_count: int
    """Steps that have not yet."""
    outvoted_count: int
    """Done steps of which something more careful prevails, said by another member."""
    synchronized: tuple[int, int]
    """Members known to hold all that this node wrote, and of how many."""
    is_stalled: bool
    """Whether nothing moved for long."""
    is_waiting: bool
    """Whether it waits because the fleet is split again."""
    remaining_ms: int | None
    """Estimated; None when nothing can be said."""


# --- inputs


class Begin(msgspec.Struct, frozen=True, gc=False):
    """Carry out the plan of this id, for what was asked."""

    plan: Annotated[bytes, Meta(min_length=BLOCK_ID_BYTES, max_length=BLOCK_ID_BYTES)]
    asked: Asked


class Undo(msgspec.Struct, frozen=True, gc=False):
    """Take back what the reunion has said."""


ReunionInput: TypeAlias = Begin | Undo

# --- events


class ReunionBegan(msgspec.Struct, frozen=True, gc=False):
    """A reunion began, or goes on after a restart."""

    strategy: Strategy
    step_count: int


class ReunionStepped(msgspec.Struct, frozen=True, gc=False):
    """A reunion went on."""

    phase: Phase
    step_count: int
    step_total: int


class ReunionEnded(msgspec.Struct, frozen=True, gc=False):
    """A reunion is over."""

    is_undone: bool
    step_count: int
    """Steps that were carried out; when it is undone, that could not be undone."""
    why: str
    """Why it was undone; empty otherwise."""


ToldReunion: TypeAlias = ReunionBegan | ReunionEnded
"""What readers of events are told."""
ReunionEvent: TypeAlias = ReunionBegan | ReunionStepped | ReunionEnded

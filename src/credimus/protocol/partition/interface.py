"""What the partition machine is set to, what it sees and hears, and what it tells."""

from collections.abc import Sequence
from enum import Enum, IntEnum
from typing import Protocol, TypeAlias

import msgspec

from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BeliefId, NodeId, RoundId
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.state.events import (
    BeliefAsserted,
    BeliefsReconciled,
    RoundContested,
    RoundDecided,
    RoundExpired,
)
from credimus.state.operations import Finding, Strategy
from credimus.state.voting.verdict import Verdict


class Level(IntEnum):
    """How much of the fleet is out of reach."""

    NONE = 0
    MINOR = 1
    PARTIAL = 2
    SEVERE = 3

    @property
    def word(self) -> str:
        """For people and JSON."""
        return self.name.lower()


class Policy(Enum):
    """What a node that is cut off from most of the fleet still writes."""

    GUARDED = "guarded"
    """Nothing: reads only. [seed]"""
    OPEN = "open"
    """Everything, as tentative: for a robot that must go on noting what it sees."""


class Standing(IntEnum):
    """What a write can count on, as its receipt says."""

    NORMAL = 0
    DEGRADED = 1
    """Some members are out of reach."""
    QUORUM = 2
    """Many are, but those in reach suffice to decide."""
    TENTATIVE = 3
    """Too many are: nothing that needs the fleet is decided before it heals."""

    @property
    def word(self) -> str:
        """For people and JSON."""
        return self.name.lower()


class Cause(IntEnum):
    """Why a member is out of reach, as far as can be known."""

    SILENT = 0
    """Nobody within hearing hears it: crashed, or alone behind a cut."""
    TOGETHER = 1
    """Likewise, but several fell silent at once: probably cut off together."""
    CUT = 2
    """It runs: somebody within hearing hears it, or it wrote meanwhile."""

    @property
    def word(self) -> str:
        """For people and JSON."""
        return self.name.lower()


class PartitionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """When a split is called one, what it permits, and how what was decided apart is joined."""

    policy: Policy = Policy.GUARDED
    """What is still written in a severe partition. [seed]"""
    severe_below: int = 300_000
    """Share of the members in reach, in millionths, below which it is severe. [seed: 0.3]"""
    partial_below: int = 600_000
    """The same for partial. [seed: 0.6]"""
    minor_below: int = 900_000
    """The same for minor. [seed: 0.9]"""
    look_ns: int = SECOND
    """Between two looks at who can be reached; a death or a return is looked at once. [guess]"""
    worse_ns: int = 500 * MILLISECOND
    """How long it must be worse before the level says so. [guess: a death is certain already]"""
    better_ns: int = SECOND
    """How long it must be better before the level says so. [guess: a link that flaps]"""
    grace_ns: int = 5 * SECOND
    """After a start, how long a member that is not heard of yet counts as in reach. [guess: links
    and the first calls take a second or two]"""
    settle_ns: int = 2 * SECOND
    """From the return of a member to the search for what was decided apart: its blocks come first.
    [guess: two pulls]"""
    speak_ns: int = 500 * MILLISECOND
    """How long the next member waits for the one before it to write a reconciliation. [guess: as
    closings do]"""
    strategy: Strategy = Strategy.MULTI_VALUE
    """How this node reconciles accepted beliefs that contradict each other. [guess: it loses
    nothing]"""
    by_itself: bool = True
    """Whether this node reconciles by itself once the parts have come together; else its operator
    plans that."""

    def __post_init__(self) -> None:
        bounds = self.severe_below, self.partial_below, self.minor_below
        if not 0 <= bounds[0] <= bounds[1] <= bounds[2] <= MILLION:
            raise ValueError("severe_below, partial_below, minor_below: rising, at most the whole")
        times = self.worse_ns, self.better_ns, self.grace_ns, self.settle_ns, self.speak_ns
        if min(times) < 0 or self.look_ns < MILLISECOND:
            raise ValueError("durations: from 0; look_ns from 1 ms")


# --- what the machine sees


class View(Protocol):
    """Who can be reached, as a node knows it. Of members only."""

    @property
    def members(self) -> Sequence[NodeId]:
        """All of the roster, sorted."""
        ...

    def is_own(self, member: NodeId) -> bool:
        """Whether it is this node, or hosted by it."""
        ...

    def is_there(self, member: NodeId) -> bool:
        """Whether it is heard of and not held for dead."""
        ...

    def was_heard(self, member: NodeId) -> bool:
        """Whether anything was ever heard of it in this life of ours."""
        ...

    def has_written(self, member: NodeId) -> bool:
        """Whether a block of it is held."""
        ...

    def hears(self, member: NodeId) -> frozenset[NodeId] | None:
        """Whom a member says that it hears; None while it has not said."""
        ...


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from a view at one moment."""

    members: tuple[NodeId, ...]
    """Those that count: all but members that never were there. Sorted."""
    reachable: tuple[NodeId, ...]
    """Those whose messages can come to us and ours to them, through others if need be; our own
    included. Sorted."""
    cut: tuple[NodeId, ...]
    """Those out of reach that somebody within hearing hears: they run."""
    groups: tuple[tuple[NodeId, ...], ...]
    """The members in groups of mutual reach as far as is known, ours first; whoever is not heard
    of is alone."""
    one_way: tuple[tuple[NodeId, NodeId], ...]
    """Pairs (speaker, hearer) whose messages pass one way only."""

    @property
    def absent(self) -> tuple[NodeId, ...]:
        """Those out of reach, sorted."""
        here = frozenset(self.reachable)
        return tuple(one for one in self.members if one not in here)


# --- inputs


class FleetChanged(msgspec.Struct, frozen=True, gc=False):
    """Who is a member now, sorted by id."""

    members: tuple[NodeId, ...]


class Told(msgspec.Struct, frozen=True):
    """What changed in the state, or in what is held of a peer, in that order."""

    facts: Sequence[object]


PartitionInput: TypeAlias = FleetChanged | Told
PartitionFact: TypeAlias = (
    BeliefAsserted | BeliefsReconciled | RoundDecided | RoundExpired | RoundContested
)

# --- the diary


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """One member's time out of reach."""

    member: NodeId
    cause: Cause
    since_ms: int
    """Milliseconds since the Unix epoch, by this node's clock."""
    back_ms: int | None
    """None while it is out of reach."""
    block_count: int
    """Blocks that it wrote meanwhile and that have come here."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict that changed here because the parts came together."""

    belief: BeliefId
    round: RoundId
    before: Verdict | None
    """None for a belief that was not known here."""
    after: Verdict
    why: str


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """Two beliefs accepted apart that were brought together."""

    beliefs: tuple[BeliefId, BeliefId]
    strategy: Strategy
    finding: Finding
    author: NodeId


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the diary: from the first sign of a split to its healing."""

    began_ms: int
    """Milliseconds since the Unix epoch, by this node's clock; names the entry."""
    healed_ms: int | None
    """None while it lasts."""
    level: Level
    worst: Level
    lopsided: bool
    """Whether some messages passed one way only."""
    member_count: int
    absences: tuple[Absence, ...]
    groups: tuple[tuple[NodeId, ...], ...]
    """As they were at the worst."""
    block_count: int
    """Blocks written by those in reach meanwhile."""
    belief_count: int
    """Beliefs first asserted in reach meanwhile."""
    far_belief_count: int
    """Beliefs first asserted out of reach, that came here."""
    changes: tuple[Change, ...]
    left_out_count: int
    """Changes beyond those that are kept."""
    reconciled: tuple[Reconciled, ...]
    cut_short: bool = False
    """Whether this node stopped before the end."""
    uncompared_count: int = 0
    """Beliefs accepted apart, and pairs of them, that were too many to be reconciled by it."""


# --- events


class PartitionChanged(msgspec.Struct, frozen=True, kw_only=True):
    """The level is another than before."""

    level: Level
    before: Level
    reachable_count: int
    member_count: int
    lopsided: bool
    reason: str
    """Who is out of reach and why, in words."""


class PartitionHealed(msgspec.Struct, frozen=True, kw_only=True):
    """A split is over, and what was apart has come together."""

    episode: Episode


PartitionEvent: TypeAlias = PartitionChanged | PartitionHealed


class Permit(msgspec.Struct, frozen=True, gc=False):
    """What a write can count on, and why."""

    standing: Standing = Standing.NORMAL
    reason: str = ""

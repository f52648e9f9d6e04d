"""Reunions as the API shows them: plans of what was decided apart, and how far one is; light."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from credimus.api.shapes.partitions import FindingName, StrategyName

PhaseName = Literal["saying", "checking", "ended", "undoing", "undone"]
PlanName = Annotated[
    str, Meta(pattern="^[0-9a-fA-F]{4,64}$", extra={"wanted": "the plan's id, or its beginning"})
]


class RecoveryAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /v1/recovery."""

    action: Literal["plan", "begin", "abort"]
    """`plan`: look only. `begin`: carry out the plan named by `plan`. `abort`: take back what the
    last reunion said, also when it has ended. Each may be repeated: it is as once."""
    strategy: StrategyName | None = None
    """How beliefs accepted apart are brought together; as the node is set when left out."""
    partition: Annotated[int, Meta(ge=0)] | Literal["newest", "all"] = "newest"
    """Which split: its `began_ms` in the diary, the newest, or everything that is held."""
    undecided: bool = False
    """Whether beliefs whose rounds have expired are put to the vote again, too."""
    plan: PlanName | None = None
    """The id of the plan that was looked at, or its beginning; for `begin`."""


class TallyView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one side did while apart."""

    blocks: int
    accepted: int
    """Beliefs that it accepted."""
    expired: int
    """Rounds that it opened and that ended without a verdict."""


class ConflictItem(msgspec.Struct, frozen=True, kw_only=True):
    """Two beliefs accepted apart that do not agree."""

    beliefs: list[str]
    contents: list[str]
    sides: list[Literal["near", "far"]]
    """Of each: accepted by those in reach of this node, or out of it."""
    finding: FindingName
    standing: Literal["open", "settled", "outvoted"]
    """`open`: a step is about it. `settled`: what the plan would say is said. `outvoted`: another
    member stands by what prevails; see `said_by`."""
    said: StrategyName | None
    """What prevails of it now; null when nobody said anything."""
    said_by: str | None
    dependents: list[str]
    """Beliefs that lean on one of the two; not all, where many do."""


class StepItem(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a plan."""

    kind: Literal["reconcile", "vote"]
    """`vote`: put an expired belief to the vote again."""
    beliefs: list[str]
    strategy: StrategyName | None
    finding: FindingName | None
    takes_back: list[StrategyName]
    """What this node said before and what would prevail."""
    lasting: bool
    """Whether it opens rounds: what these decide is not undone."""


class CostView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a plan takes, estimated."""

    strategy: StrategyName
    steps: int
    rounds: int
    """Put to the vote again."""
    blocks: int
    """Written by all members together."""
    bytes: int
    """In those blocks."""


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """What a reunion would do; nothing was changed."""

    id: str
    """Begins it; the same plan has the same id."""
    partition: int | None
    """The split that it is about, by its `began_ms`; null for all that is held: that was asked for,
    or there was no split."""
    strategy: StrategyName
    near: TallyView
    far: TallyView
    conflicts: list[ConflictItem]
    steps: list[StepItem]
    """In the order in which they are done: what others lean on first."""
    left_out: int
    """Beliefs and steps beyond those that are looked at; plan again after this one."""
    costs: list[CostView]
    """Of this plan, and of the same with every other strategy."""
    lasting: int
    """Steps that can not be undone."""


class ReunionView(msgspec.Struct, frozen=True, kw_only=True):
    """The last reunion of this node."""

    plan: str
    strategy: StrategyName
    phase: PhaseName
    """`checking`: all is said, and rounds have to end. `undoing`: it failed, or was taken back."""
    health: Literal["moving", "waiting", "stalled", "ended", "undone"]
    """`waiting`: the fleet is split again, or the node may not write."""
    began_ms: int
    ended_ms: int
    """0 while it goes on."""
    steps: int
    """Done and durable; while it is undone, those that still stand."""
    steps_total: int
    resolved: int
    """Steps that have come to what was planned."""
    pending: int
    outvoted: int
    """Done steps of which something more careful prevails, said by another member."""
    synchronized: int
    """Other members known to hold all that this node wrote."""
    others: int
    remaining_ms: int | None
    """Estimated; null when nothing can be said."""
    why: str
    """Why it is undone; empty otherwise."""

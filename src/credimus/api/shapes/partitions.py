"""What the API says of splits: how the node stands now, and its diary."""

from typing import Literal

import msgspec

LevelName = Literal["none", "minor", "partial", "severe"]
StandingName = Literal["normal", "degraded", "quorum", "tentative"]
CauseName = Literal["silent", "together", "cut"]
StrategyName = Literal["last_writer", "semantic", "multi_value", "consensus"]
FindingName = Literal["first_subsumes", "second_subsumes", "compatible", "contradictory"]
EffectName = Literal["stands", "superseded", "alternative", "again"]


class AbsenceItem(msgspec.Struct, frozen=True, kw_only=True):
    """A member's time out of reach."""

    member: str
    name: str
    cause: CauseName
    """`cut`: it ran; `together`: several fell silent at once, probably cut off; `silent`: crashed,
    or alone behind a cut."""
    since_ms: int
    back_ms: int | None
    """Null while it is out of reach."""
    blocks: int
    """Blocks that it wrote meanwhile and that have come here."""


class ChangeItem(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict that changed here because the parts came together."""

    belief: str
    round: str
    before: str | None
    """Null for a belief that was not known here."""
    after: str
    why: str


class ReconciledItem(msgspec.Struct, frozen=True, kw_only=True):
    """Two beliefs accepted apart that were brought together."""

    first: str
    second: str
    strategy: StrategyName
    finding: FindingName
    author: str


class PartitionItem(msgspec.Struct, frozen=True, kw_only=True):
    """A split, as this node saw it."""

    began_ms: int
    healed_ms: int | None
    """Null while it lasts."""
    level: LevelName
    worst: LevelName
    lopsided: bool
    """Whether some messages passed one way only."""
    members: int
    absent: list[AbsenceItem]
    groups: list[list[str]]
    """Members in mutual reach, as known when it was worst; this node's own group first."""
    blocks: int
    """Written by those in reach meanwhile."""
    beliefs: int
    """First asserted in reach meanwhile."""
    far_beliefs: int
    """First asserted out of reach, that have come here."""
    changes: list[ChangeItem]
    changes_left_out: int
    reconciled: list[ReconciledItem]
    cut_short: bool
    """Whether the node stopped before the end."""
    uncompared: int = 0
    """Beliefs accepted apart, and pairs of them, that were too many for this node to reconcile."""


class Partitions(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/partitions."""

    level: LevelName
    reachable: int
    """Members whose messages come here and ours to them, this node included."""
    members: int
    """Those that count: all but members that never were there."""
    lopsided: bool
    reason: str
    """Who is out of reach and why, in words; empty when nobody is."""
    groups: list[list[str]]
    policy: str
    """What is written in a severe partition: `guarded` for nothing, `open` for everything."""
    strategy: StrategyName
    """How this node reconciles beliefs accepted apart."""
    partitions: list[PartitionItem]
    """The newest first."""


class OutcomeItem(msgspec.Struct, frozen=True, kw_only=True):
    """What a reconciliation makes of a belief."""

    other: str
    effect: EffectName
    strategy: StrategyName
    finding: FindingName
    author: str
    said_ms: int
    why: str

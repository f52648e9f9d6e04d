"""A recovery as the API shows it; light, for callers elsewhere."""

from typing import Literal

import msgspec

from credimus.api.shapes.reunion import PlanView, ReunionView


class MemberName(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A member."""

    id: str
    name: str


WayName = Literal["differential", "incremental", "snapshot"]


class WayView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One way to get what is missing, and what it would cost from here on, estimated."""

    way: WayName
    """`differential`: blocks missing in the middle are asked for by name. `incremental`: all that
    does not follow from each other. `snapshot`: a checkpoint in place of blocks that are gone."""
    blocks: int
    bytes: int
    possible: bool


class RecoveryView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last recovery of this node."""

    cause: Literal["damaged", "behind"]
    """`damaged`: rows of its store were altered or lost. `behind`: it lacked blocks that all others
    had let go."""
    phase: Literal["gathering", "saying", "ended"]
    """`gathering`: what is missing is fetched. `saying`: what can not be taken any more is said
    again."""
    health: Literal["moving", "stalled", "stuck", "ended"]
    """`stuck`: it can not end, because a member holds a block of this node's whose predecessor is
    nowhere; the node reads on, and never writes again."""
    way: WayName
    """That it goes: the cheapest that is possible; where that brings nothing, the next."""
    ways: list[WayView]
    began_ms: int
    ended_ms: int
    """0 while it goes on."""
    writes: bool
    """Whether the node writes meanwhile."""
    awaited: int
    """Altered blocks that have not come from others yet."""
    waiting: int
    """Intact blocks of the old store whose predecessors are missing."""
    snapshot_bytes: int
    """Fetched of a snapshot."""
    snapshot_size: int
    """0 when none is fetched."""
    unanswered: list[MemberName]
    """Members whose word is waited for."""
    steps: int
    """Done, of what is said again."""
    steps_total: int
    remaining_ms: int | None
    """Estimated; null when nothing can be said."""
    blocks: int = 0
    """That have come since a damaged node began to gather; 0 otherwise."""
    blocks_total: int = 0
    """Of how many that are known to be wanted: members say what they hold when they answer."""


class RecoveryAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The last recovery and the last reunion, if there were any."""

    recovery: RecoveryView | None
    reunion: ReunionView | None
    """How far what was decided apart is brought together by plan."""
    plan: PlanView | None = None
    """Where one was asked for."""

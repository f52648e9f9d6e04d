"""A recovery as the API shows it; light, for callers elsewhere."""

from typing import Literal

import msgspec


class MemberName(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A member."""

    id: str
    name: str


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


class RecoveryAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last recovery, if there was one."""

    recovery: RecoveryView | None

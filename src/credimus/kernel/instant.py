"""Local time is an integer: nanoseconds on a monotonic clock that never leaves the node.

Deliberately not here: wall clocks (they enter as the argument of the hybrid logical clock, and
where members take turns).
"""

from typing import NewType

import msgspec

Instant = NewType("Instant", int)
"""Nanoseconds since an arbitrary local origin; comparable only within one run of one node."""
Duration = NewType("Duration", int)
"""A span in nanoseconds."""

MICROSECOND = Duration(1_000)
MILLISECOND = Duration(1_000_000)
SECOND = Duration(1_000_000_000)
_LEISURE_NS = 500 * MILLISECOND


def after(instant: Instant, duration: int) -> Instant:
    """The instant `duration` nanoseconds later."""
    return instant + duration  # type: ignore[return-value]  # the cast of a new type is a call


def earliest(*deadlines: Instant | None) -> Instant | None:
    """The first of several deadlines, or None when there is none."""
    first: Instant | None = None
    for one in deadlines:
        if one is not None and (first is None or one < first):
            first = one
    return first


def is_due(deadline: Instant | None, now: "Now") -> bool:
    """Whether a deadline has come."""
    return deadline is not None and deadline <= now.instant


def at_leisure(due: Instant | None) -> Instant | None:
    """When to wake for something that goes along with any earlier tick from `due` on. In a large
    fleet at rest so many wakings are most of the work, and a probe ticks every half a second."""
    return None if due is None else after(due, _LEISURE_NS)


class Now(msgspec.Struct, frozen=True, gc=False):
    """The moment at which a step happens: the one argument through which time enters the core."""

    instant: Instant
    """Monotonic; for deadlines."""
    wall_ms: int
    """Milliseconds since the Unix epoch; for stamps, and for taking turns. May jump."""

"""Options that many commands share, and how people write durations."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from credimus.kernel.errors import UsageError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?")


SomeUrgency = Annotated[
    Literal["critical", "normal", "low"], Parameter(help="How soon others are to know.")
]


@Parameter(name="*")
@dataclass(frozen=True)
class AsJson:
    """Output for programs."""

    json: Annotated[bool, Parameter(negative="", help="One JSON line on stdout.")] = False


@Parameter(name="*")
@dataclass(frozen=True)
class Common(AsJson):
    """Which node, and output for programs."""

    home: Annotated[
        Path | None,
        Parameter(help="The node's folder. Default: $CREDIMUS_HOME, or the user's data folder."),
    ] = None


def seconds_of(text: str, what: str) -> float:
    """A duration such as 500ms, 90, 90s, 15m, 1h or 2d, in seconds.

    Raises:
        UsageError: `bad-duration`.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            "bad-duration", f"{what} is {text[:40]!r}; give a duration such as 500ms, 90s or 1h."
        )
    return float(found[1]) * _UNITS[found[2] or "s"]


def moment_ms(text: str, what: str) -> int:
    """A moment, in ms since the epoch: an ISO 8601 time, or a duration ago.

    Raises:
        UsageError: `bad-time`.
    """
    if _DURATION.fullmatch(text.strip()):
        return max(0, round((time.time() - seconds_of(text, what)) * 1_000))
    from datetime import datetime

    try:
        return max(0, round(datetime.fromisoformat(text.strip()).timestamp() * 1_000))
    except (ValueError, OverflowError):
        raise UsageError(
            "bad-time",
            f"{what} is {text[:40]!r}; give a time such as 2026-03-01T12:00 or a duration ago "
            "such as 1h.",
        ) from None


def moment_text(wall_ms: int) -> str:
    """A moment in local time, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall_ms / 1_000))


def ago(wall_ms: int) -> str:
    """How long ago a moment is, roughly."""
    seconds = time.time() - wall_ms / 1_000
    if seconds < 0:
        return "ahead of now"
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"

"""What a check found, and how to mend it."""

from typing import Any, Literal, NamedTuple

import msgspec

from credimus.kernel.errors import CredimusError

Level = Literal["ok", "warning", "problem"]


class Finding(msgspec.Struct, frozen=True):
    """The answer of one check."""

    check: str
    level: Level
    found: str
    mending: str = ""
    """What to do; empty where nothing is to be done."""


class Answers(NamedTuple):
    """What a running node told of itself, as its API gives it."""

    status: dict[str, Any]
    members: list[dict[str, Any]]


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", found)


def warning(check: str, found: str, mending: str) -> Finding:
    """The node works, and something should be looked at."""
    return Finding(check, "warning", found, mending)


def problem(check: str, found: str, mending: str) -> Finding:
    """The node does not work, or will not."""
    return Finding(check, "problem", found, mending)


def of_error(check: str, error: CredimusError) -> Finding:
    """The problem that an error tells: its first sentence, and what it says to do."""
    found, _, mending = error.message.partition(". ")
    return problem(check, found.rstrip("."), mending or "see docs/protocol/errors.md")

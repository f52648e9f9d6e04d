"""Answers about what a node keeps out, and whom it leaves alone for now."""

from typing import Literal

import msgspec


class FaultItem(msgspec.Struct, frozen=True, kw_only=True):
    """A peer's wrong, counted."""

    peer: str
    code: str
    count: int


class BreakerItem(msgspec.Struct, frozen=True, kw_only=True):
    """A circuit breaker that was open once."""

    kind: Literal["peer", "evaluator"]
    subject: str
    """The peer's id, `strangers`, or the evaluator's name."""
    name: str
    """For people."""
    state: Literal["closed", "half-open", "open"]
    """Open: left alone; half-open: on parole."""
    opened: int
    """How often it opened."""
    spared: int
    """Messages that were not looked at, or questions that were not asked."""
    left_ms: int
    """How long it stays open."""


class CategoryDoor(msgspec.Struct, frozen=True, kw_only=True):
    """What each member may state of a category, and this node still may."""

    category: str
    per_hour: int
    """In the long run."""
    burst: int
    """At once."""
    left: int
    """How many beliefs of it this node may state at once now."""


class Doors(msgspec.Struct, frozen=True, kw_only=True):
    """What the node keeps out, and whom it leaves alone for now."""

    ignored: int
    """Messages of peers that were not looked at."""
    refused: int
    """Requests and writes that a rate limit refused."""
    units_per_s_max: int
    """What the fleet lets each member write, in units per second; 0 for no limit."""
    units_left: int | None
    """What this node may write at once now; null without a limit."""
    categories: list[CategoryDoor]
    """The fleet's limits by category; none where it was founded without."""
    breakers: list[BreakerItem]

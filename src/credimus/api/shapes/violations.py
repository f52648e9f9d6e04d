"""What the API says of wrongs: what was found against whom, and how this node holds them."""

from typing import Literal

import msgspec

KindName = Literal[
    "equivocation", "contradiction", "false-claim", "over-limit", "not-permitted",
    "false-evidence", "bad-signature", "malformed", "strange-fleet", "clock", "flooding",
    "withholding", "other",
]  # fmt: skip
HeldName = Literal["clear", "watched", "limited", "quarantined"]


class ViolationItem(msgspec.Struct, frozen=True, kw_only=True):
    """What was found against one member, of one kind."""

    member: str
    name: str
    kind: KindName
    signed: bool
    """Whether it is certain who did it. Else it came in the member's name, for which nobody
    vouches, and nothing follows from it."""
    count: int
    """How often this node itself found it; 0 for what only others say."""
    first_ms: int
    last_ms: int
    detail: str
    """Of the last one."""
    accusers: list[str]
    """Other members that accuse it now."""
    witnessed: bool
    """Whether they and this node are more than can lie."""


class HeldItem(msgspec.Struct, frozen=True, kw_only=True):
    """How this node holds one member."""

    member: str
    name: str
    standing: HeldName
    points: int
    """Towards quarantine, in the present window."""
    quarantined: int
    """How often it was, since this node started."""
    left_ms: int
    """How long the present quarantine lasts."""
    ignored: int
    """Messages of it that were not heard."""


class Violations(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/violations."""

    threshold: int
    """Points that lead to quarantine."""
    witnesses: int
    """Members whose word together is more than can lie."""
    members: list[HeldItem]
    """Those against whom something was found, the worst first."""
    violations: list[ViolationItem]
    """The newest first."""

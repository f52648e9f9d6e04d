"""What the API says of members."""

from typing import Literal

import msgspec

from credimus.api.shapes.standing import ConductItem, SkillItem

PowerName = Literal["propose", "vote", "admit", "expel"]
Held = Literal["clear", "watched", "limited", "quarantined"]
Standing = Literal["member", "exposed", "pending", "expelled"]


class MemberItem(msgspec.Struct, frozen=True, kw_only=True):
    """A member of the fleet."""

    id: str
    name: str
    address: str
    admitted_ms: int
    admitted_by: str
    self: bool
    connected: bool
    lag: int
    """Blocks of this node that the member is not known to hold."""
    said_ms: int | None
    """Stamp of the last block held of it; null while there is none."""
    conduct: ConductItem
    skill: SkillItem
    standing: Standing = "member"
    """`exposed`: proven to equivocate, so it votes no more; `pending`: too few members have
    admitted it yet; `expelled`."""
    held: Held = "clear"
    """How the node that was asked holds it, by itself: see `GET /v1/violations`."""
    may: list[PowerName] = []
    """What it may say besides stating beliefs."""
    categories: list[str] = []
    """Where it may propose and vote; everywhere when empty."""


class KeyRotated(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/key/rotate."""

    old: str
    """The id that the node had."""
    new: str
    """The id that it has from now on; it answers under it within seconds."""

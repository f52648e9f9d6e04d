"""`credimus members`: who belongs to the fleet, and how far each has come."""

from typing import Any

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common, ago, moment_text
from credimus.cli.output import Outcome, table

COLUMNS = (
    "member", "name", "address", "admitted", "by", "link", "lag", "last said", "conduct", "right",
)  # fmt: skip
_SHOWN_DIGITS = 12


def members(*, common: Common = Common()) -> Outcome:
    """List the fleet's members: who, where, admitted when and by whom, connected or not.

    Lag counts the blocks of this node that a member is not known to hold. It is known from what
    the member writes, so that a silent member may lag by its last few. Conduct is its reputation,
    0 to 1; right is how often its answers are, as far as the answers of all show it.
    Example: credimus members --home ./n0
    """
    found = Client(home_of(common.home)).get("/v1/members")
    return Outcome(found, lambda: table("", COLUMNS, member_rows(found)))


def member_rows(found: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The rows of the table."""
    names = {one["id"]: one["name"] for one in found}
    return [
        (
            one["id"][:_SHOWN_DIGITS],
            one["name"],
            one["address"],
            moment_text(one["admitted_ms"]),
            names.get(one["admitted_by"]) or one["admitted_by"][:_SHOWN_DIGITS],
            link_word(one),
            str(one["lag"]),
            "never" if one["said_ms"] is None else ago(one["said_ms"]),
            f"{one['conduct']['reputation']:.2f}",
            skill_word(one["skill"]),
        )
        for one in found
    ]


def skill_word(skill: dict[str, Any]) -> str:
    """How often a member is right: the range in which that lies with 95 % confidence, and from how
    many answers it is known."""
    if not skill["answers"]:
        return "not known"
    return f"{skill['accuracy_low']:.2f}-{skill['accuracy_high']:.2f} of {skill['answers']}"


def link_word(member: dict[str, Any]) -> str:
    """How a member is linked to the node that was asked."""
    return "itself" if member["self"] else "connected" if member["connected"] else "not connected"

"""`credimus violations`: what was found against whom, and what follows here."""

from typing import Any

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common, moment_text
from credimus.cli.output import Outcome, printable, say, table


def violations(*, common: Common = Common()) -> Outcome:
    """Show what members did wrong, who says so, and how this node holds them.

    What is not signed came in a member's name, for which nobody vouches.
    Example: credimus violations
    """
    found = Client(home_of(common.home)).get("/v1/violations")
    return Outcome(found, lambda: _show(found))


def _show(found: dict[str, Any]) -> None:
    if not found["violations"]:
        say("Nothing was found against anybody.")
        return
    members = [_member(one, found["threshold"]) for one in found["members"]]
    if members:
        table("", ("member", "held", "points", "for"), members)
    table(
        "",
        ("last", "member", "what", "times", "accusers", "detail"),
        [_row(one, found["witnesses"]) for one in found["violations"]],
    )


def _member(one: dict[str, Any], threshold: int) -> tuple[str, ...]:
    left = f"{one['left_ms'] / 1_000:.0f} s" if one["left_ms"] else ""
    return (one["name"], one["standing"], f"{one['points']} of {threshold}", left)


def _row(one: dict[str, Any], witnesses: int) -> tuple[str, ...]:
    believed = " (believed)" if one["witnessed"] else ""
    return (
        moment_text(one["last_ms"]),
        one["name"],
        one["kind"] if one["signed"] else f"{one['kind']} (by name)",
        str(one["count"]),
        f"{len(one['accusers'])} of {witnesses}{believed}" if one["accusers"] else "",
        printable(one["detail"])[:_DETAIL_SHOWN],
    )


_DETAIL_SHOWN = 60

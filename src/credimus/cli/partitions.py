"""`credimus partitions`: who is in reach, and the diary of splits."""

from typing import Any

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common, moment_text
from credimus.cli.output import Outcome, printable, say, table

COLUMNS = ("began", "lasted", "worst", "away", "changed", "reconciled")
_SHOWN_DIGITS = 12


def partitions(*, common: Common = Common()) -> Outcome:
    """Show who is in reach, and the splits that the node has seen.

    Of each: who was away and why, which groups were in mutual reach when it was worst, which
    verdicts changed when the parts came together, and which beliefs accepted apart were reconciled.

    Example: credimus partitions
    """
    client = Client(home_of(common.home))
    found = client.get("/v1/partitions")
    split = len(found["groups"]) > 1 or any(len(one["groups"]) > 1 for one in found["partitions"])
    members = client.get("/v1/members", all="true") if split and not common.json else []
    names = {one["id"]: one["name"] for one in members}
    return Outcome(found, lambda: show(found, names))


def show(found: dict[str, Any], names: dict[str, str]) -> None:
    """Print who is in reach, and the diary.

    Args:
        names: of members, by their ids.
    """
    say(f"{found['level']}: {found['reachable']} of {found['members']} members in reach")
    if found["reason"]:
        say(found["reason"])
    if len(found["groups"]) > 1:
        say(f"groups: {_groups(found['groups'], names)}")
    if not found["partitions"]:
        say("No split so far.")
        return
    table("", COLUMNS, [_row(one) for one in found["partitions"]])
    for one in found["partitions"]:
        if len(one["groups"]) > 1:
            say(f"groups of {moment_text(one['began_ms'])}: {_groups(one['groups'], names)}")
        for line in _changes(one):
            say(line)


def _groups(groups: list[list[str]], names: dict[str, str]) -> str:
    """Members in mutual reach, this node's own group first."""
    named = ([names.get(one) or one[:_SHOWN_DIGITS] for one in group] for group in groups)
    return printable("  |  ".join(", ".join(group) for group in named))


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    return (
        moment_text(one["began_ms"]),
        _lasted(one),
        one["worst"],
        ", ".join(f"{_name(away)} ({away['cause']})" for away in one["absent"]) or "nobody",
        str(len(one["changes"]) + one["changes_left_out"]),
        str(len(one["reconciled"])),
    )


def _lasted(one: dict[str, Any]) -> str:
    if one["healed_ms"] is None:
        return "until this node stopped" if one["cut_short"] else "and lasts"
    return f"{(one['healed_ms'] - one['began_ms']) / 1_000:.1f} s"


def _changes(one: dict[str, Any]) -> list[str]:
    """What an entry says of verdicts."""
    lines = [
        f"{change['belief'][:_SHOWN_DIGITS]}  {change['before'] or 'unknown'} -> "
        f"{change['after']}  {change['why']}"
        for change in one["changes"]
    ]
    lines += [
        f"{both['first'][:_SHOWN_DIGITS]} and {both['second'][:_SHOWN_DIGITS]}  reconciled: "
        f"{both['strategy'].replace('_', ' ')}"
        for both in one["reconciled"]
    ]
    if one["uncompared"]:
        lines.append(
            f"{one['uncompared']} beliefs accepted apart, or pairs of them, were too many to be "
            "reconciled: see `credimus recovery plan`"
        )
    return lines


def _name(away: dict[str, Any]) -> str:
    name: str = away["name"] or away["member"][:_SHOWN_DIGITS]
    return name

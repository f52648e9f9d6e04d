"""`credimus checkpoints`: what the fleet let go, when, and who signed for it."""

from typing import Any

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common, moment_text
from credimus.cli.output import Outcome, say, table

COLUMNS = ("number", "id", "at", "beliefs", "rounds", "assertions", "witnesses")
_SHOWN_DIGITS = 12


def checkpoints(*, common: Common = Common()) -> Outcome:
    """List the checkpoints in force: when each was, and what it let go.

    Blocks below the last one are held no more; its witnesses have signed for what they gave.
    Example: credimus checkpoints --home ./n0
    """
    found = Client(home_of(common.home)).get("/v1/checkpoints")
    if not found:
        return Outcome(found, lambda: say("No checkpoint yet: every block is held."))
    return Outcome(found, lambda: table("", COLUMNS, [_row(one) for one in found]))


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    released = one["released"]
    return (
        str(one["number"]),
        one["id"][:_SHOWN_DIGITS],
        moment_text(one["at_ms"]),
        str(released["beliefs"]),
        str(released["rounds"]),
        str(released["assertions"]),
        str(len(one["witnesses"])) if one["witnesses"] else "",
    )

"""`credimus recovery plan`, `begin` and `abort`: reunite what parts of a split decided apart."""

import shlex
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common
from credimus.cli.output import Outcome, say, table
from credimus.cli.recovery import reunion_line
from credimus.kernel.errors import UsageError

Strategy = Literal["last_writer", "semantic", "multi_value", "consensus"]
How = Annotated[
    Strategy | None, Parameter(help="How they are brought together. Default: as the node is set.")
]
Which = Annotated[
    str, Parameter(help="Which split: when it began in ms, as the diary says, newest, or all.")
]
Undecided = Annotated[
    bool, Parameter(negative="", help="Put beliefs whose rounds expired to the vote again, too.")
]
_SHOWN_DIGITS = 12


def plan(
    *,
    strategy: How = None,
    partition: Which = "newest",
    undecided: Undecided = False,
    common: Common = Common(),
) -> Outcome:
    """Show what parts of a split decided against each other, and what would be done about it.

    Nothing is changed. Begin it with the id that is shown.

    Example: credimus recovery plan --strategy consensus
    """
    found = _ask(common, "plan", strategy, partition, undecided)["plan"]
    return Outcome({"plan": found}, lambda: show_plan(found, partition, undecided, common))


def begin(
    plan: Annotated[
        str, Parameter(help="The id of the plan that you have looked at, or its beginning.")
    ],
    *,
    strategy: How = None,
    partition: Which = "newest",
    undecided: Undecided = False,
    common: Common = Common(),
) -> Outcome:
    """Carry out a plan; give the same options as to `plan`.

    It goes on after a crash. See how far it is with `credimus recovery`.
    Example: credimus recovery begin 5b1c09e2 --strategy consensus
    """
    found = _ask(common, "begin", strategy, partition, undecided, plan)["reunion"]
    return Outcome({"reunion": found}, lambda: say(reunion_line(found)))


def abort(*, common: Common = Common()) -> Outcome:
    """Take back what the last reunion said, the last step first, also when it has ended.

    What rounds have decided that it opened stays.

    Example: credimus recovery abort
    """
    client = Client(home_of(common.home))
    found = client.post("/v1/recovery", action="abort")["reunion"]
    return Outcome({"reunion": found}, lambda: say(reunion_line(found)))


def _ask(
    common: Common, action: str, strategy: str | None, partition: str, undecided: bool,
    plan: str | None = None,
) -> Any:  # fmt: skip
    which: int | str = partition
    if partition not in ("newest", "all"):
        if not partition.isdecimal():
            raise UsageError(
                "usage",
                f"--partition {partition[:40]!r}: give newest, all, or when it began in ms.",
            )
        which = int(partition)
    return Client(home_of(common.home)).post(
        "/v1/recovery",
        action=action,
        strategy=strategy,
        partition=which,
        undecided=undecided,
        plan=plan,
    )


def show_plan(found: dict[str, Any], partition: str, undecided: bool, common: Common) -> None:
    """Print a plan, and the command that begins just this one at this node."""
    if partition == "newest" and found["partition"] is None:
        say("This node has seen no split; the plan is about all that it holds.")
    _show(found)
    if found["steps"]:
        say(f"Begin it with: {_beginning(found, undecided, common)}")


def _show(found: dict[str, Any]) -> None:
    for side, words in (("near", "In reach of this node"), ("far", "Out of reach")):
        one = found[side]
        say(
            f"{words}: {one['blocks']} blocks, {one['accepted']} accepted, {one['expired']} expired"
        )
    if not found["conflicts"] and not found["steps"]:
        say("Nothing was decided against each other; there is nothing to do.")
        return
    for one in found["conflicts"]:
        say(
            f"{one['contents'][0]} ({one['sides'][0]})  /  {one['contents'][1]} ({one['sides'][1]})"
        )
        say(f"    {_standing(one)}{_leaning(one)}")
    steps = found["steps"]
    say(f"{len(steps)} steps by {found['strategy']}, {found['lasting']} of them not to be undone.")
    for number, step in enumerate(steps, 1):
        names = " and ".join(belief[:_SHOWN_DIGITS] for belief in step["beliefs"])
        say(f"{number:4}  {_words(step)} {names}")
    rows = [
        (one["strategy"], str(one["rounds"]), str(one["blocks"]), str(one["bytes"]))
        for one in found["costs"]
    ]
    table("", ("if by", "rounds", "blocks", "bytes, about"), rows)


def _beginning(found: dict[str, Any], undecided: bool, common: Common) -> str:
    which = "all" if found["partition"] is None else str(found["partition"])
    words = ["credimus", "recovery", "begin", found["id"], "--strategy", found["strategy"]]
    words += ["--partition", which, *(["--undecided"] if undecided else [])]
    return shlex.join([*words, *([] if common.home is None else ["--home", str(common.home)])])


def _standing(one: dict[str, Any]) -> str:
    if one["standing"] == "outvoted":
        return f"{one['said_by'][:_SHOWN_DIGITS]} said {one['said']}, which prevails"
    if one["standing"] == "settled":
        return f"said already: {one['said']}"
    return f"open; so far {one['said'] or 'nothing was said'}"


def _leaning(one: dict[str, Any]) -> str:
    count = len(one["dependents"])
    return f"; {count} beliefs lean on it" if count else ""


def _words(step: dict[str, Any]) -> str:
    if step["kind"] == "vote":
        return "put to the vote again"
    before = ", ".join(step["takes_back"])
    return f"{step['strategy']}{f' in place of {before}' if before else ''}:"

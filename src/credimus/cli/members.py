"""Commands on members: list them, admit, expel, change what one may say."""

from typing import Annotated, Any, Literal, get_args

from cyclopts import Parameter

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common, SomeUrgency, ago, moment_text
from credimus.cli.output import Outcome, say, table
from credimus.library.exchange import member_path

Power = Literal["propose", "vote", "admit", "expel"]
POWERS: tuple[Power, ...] = get_args(Power)

COLUMNS = (
    "member", "name", "address", "admitted", "by", "link", "lag", "last said", "standing",
    "conduct", "right",
)  # fmt: skip
_SHOWN_DIGITS = 12


def members(
    *,
    all_: Annotated[
        bool,
        Parameter(name="--all", negative="", help="Those too who are not in yet, or expelled."),
    ] = False,
    common: Common = Common(),
) -> Outcome:
    """List the fleet's members: who, where, admitted when and by whom, and what they may say.

    Standing tells who was proven to equivocate, what a member that may not say everything may, and
    whom this node watches or does not hear (credimus violations says why).
    Lag counts the blocks of this node that a member is not known to hold: a second or so behind
    what it has, in fleets above twelve up to a minute. Conduct is its reputation, 0 to 1; right is
    how often its answers are, as far as the answers of all show it.
    Example: credimus members --home ./n0
    """
    found = Client(home_of(common.home)).get("/v1/members", all="true" if all_ else None)
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
            standing_words(one),
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


def admit(
    member: Annotated[str, Parameter(help="Its name or id, as `credimus members --all` shows it.")],
    *,
    name: Annotated[str | None, Parameter(help="A name, where none is remembered.")] = None,
    urgency: SomeUrgency = "normal",
    common: Common = Common(),
) -> Outcome:
    """Admit somebody whose key is known: a newcomer whom others admitted, or a former member.

    Where the fleet asks for several members' word, each gives it so. Newcomers join with a ticket.
    Example: credimus admit 3f9c02aa41d7 --home ./n1
    """
    made = Client(home_of(common.home)).post(
        f"{member_path(member)}/admit", name=name, urgency=urgency
    )
    return Outcome(made, lambda: say(f"Admitted {member}, as far as this node's word goes."))


def expel(
    member: Annotated[str, Parameter(help="Its name, its id, or the beginning of that.")],
    *,
    reason: Annotated[str, Parameter(help="Why; everybody reads it.")] = "",
    urgency: SomeUrgency = "normal",
    common: Common = Common(),
) -> Outcome:
    """Say that a member is to go.

    Enough by itself where the member was proven to equivocate (`exposed`). Else it goes once more
    than two thirds of all members have said so.
    Example: credimus expel 3f9c02aa41d7 --reason "it was stolen"
    """
    client = Client(home_of(common.home))
    made = client.post(f"{member_path(member)}/expel", reason=reason, urgency=urgency)
    return Outcome(made, lambda: say(f"Said that {member} is to go."))


def grant(
    member: Annotated[str, Parameter(help="Its name, its id, or the beginning of that.")],
    *,
    may: Annotated[
        list[Power], Parameter(negative="", help="All that it may say from now on. Repeatable.")
    ] = [],  # noqa: B006 - cyclopts copies it
    category: Annotated[
        list[str], Parameter(negative="", help="Only there; everywhere when none. Repeatable.")
    ] = [],  # noqa: B006 - cyclopts copies it
    urgency: SomeUrgency = "normal",
    common: Common = Common(),
) -> Outcome:
    """Change what a member may say, besides stating beliefs.

    Only for the founder of a fleet that was founded with --admission founder.
    Example: credimus grant 3f9c02aa41d7 --may vote --may propose --category observation
    """
    made = Client(home_of(common.home)).post(
        f"{member_path(member)}/powers", may=may, categories=category, urgency=urgency
    )
    return Outcome(made, lambda: say(f"{member} may now {', '.join(may) or 'state beliefs only'}."))


def standing_words(member: dict[str, Any]) -> str:
    """How a member stands, what it may say if that is not everything, and how the node holds it."""
    limits = []
    if len(member["may"]) < len(POWERS):
        limits.append("may " + (", ".join(member["may"]) or "state beliefs only"))
    if member["categories"]:
        limits.append("in " + ", ".join(member["categories"]))
    if member["held"] != "clear":
        limits.append(f"{member['held']} here")
    return "; ".join([member["standing"], *limits])


def link_word(member: dict[str, Any]) -> str:
    """How a member is linked to the node that was asked."""
    return "itself" if member["self"] else "connected" if member["connected"] else "not connected"

"""`credimus log`: the audit trail, page by page."""

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common, moment_ms
from credimus.cli.output import Outcome, say, table

Kind = Literal[
    "found", "admit", "leave", "assert", "relate", "retract",
    "electorate", "propose", "vote", "refuse", "close", "conclude", "share",
]  # fmt: skip
_PAGE_MAX = 1_000


def log(
    *,
    author: Annotated[str | None, Parameter(help="A member's name or id.")] = None,
    kind: Kind | None = None,
    belief: Annotated[
        str | None, Parameter(help="A belief's id, or an unambiguous beginning of it.")
    ] = None,
    since: Annotated[str | None, Parameter(help="A time, or a duration ago such as 1h.")] = None,
    until: Annotated[str | None, Parameter(help="A time, or a duration ago such as 1h.")] = None,
    oldest: Annotated[bool, Parameter(negative="", help="The oldest first.")] = False,
    limit: Annotated[int, Parameter(help="How many entries at most.")] = 50,
    cursor: Annotated[str | None, Parameter(help="Where the output before ended.")] = None,
    common: Common = Common(),
) -> Outcome:
    """Show who did what, when: every signed operation, in causal order.

    Example: credimus log --author n1 --kind vote --since 1h
    """
    client = Client(home_of(common.home))
    query = {
        "author": author,
        "kind": kind,
        "belief": belief,
        "since": None if since is None else moment_ms(since, "--since"),
        "until": None if until is None else moment_ms(until, "--until"),
        "order": "oldest" if oldest else "newest",
    }
    entries: list[dict[str, Any]] = []
    while True:
        left = max(1, min(limit - len(entries), _PAGE_MAX))
        page = client.get("/v1/log", **query, limit=left, cursor=cursor)
        entries += page["entries"]
        cursor = page["cursor"]
        if cursor is None or len(entries) >= limit:
            break
    found = {"entries": entries, "cursor": cursor}
    return Outcome(found, lambda: _show(found))


def _show(found: dict[str, Any]) -> None:
    rows = [
        (
            one["time"],
            one["author_name"] or one["author"][:12],
            one["kind"],
            (one["belief"] or "")[:12],
            one["summary"],
        )
        for one in found["entries"]
    ]
    table("", ("time", "author", "kind", "belief", "what"), rows)
    if found["cursor"]:
        say(f"There are more: --cursor {found['cursor']}")

"""`credimus log`: the audit trail, page by page."""

from typing import Annotated, Any

from cyclopts import Parameter

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common, moment_ms
from credimus.cli.output import Outcome, say, table
from credimus.runtime.audit.kinds import Kind

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
    local: Annotated[
        bool, Parameter(negative="", help="What was done at this node: tokens, tickets, refusals.")
    ] = False,
    verify: Annotated[
        bool, Parameter(negative="", help="Check the whole log, and name the first broken place.")
    ] = False,
    head: Annotated[
        str | None, Parameter(help="With --verify: what it printed earlier, to be found again.")
    ] = None,
    common: Common = Common(),
) -> Outcome:
    """Show who did what, when: every signed operation, in causal order.

    Example: credimus log --author n1 --kind vote --since 1h
    """
    if verify or head is not None:
        from credimus.cli.verify_log import verify_log

        return verify_log(home_of(common.home), head)
    client = Client(home_of(common.home))
    if local:
        actions = client.get("/v1/actions", limit=max(1, min(limit, _PAGE_MAX)))
        return Outcome({"actions": actions}, lambda: _show_actions(actions))
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


def _show_actions(actions: list[dict[str, Any]]) -> None:
    rows = [
        (one["time"], str(one["number"]), f"{one['name']} {one['principal']}".strip(), one["what"],
         one["on"])
        for one in actions
    ]  # fmt: skip
    table("", ("time", "number", "who", "what", "on"), rows)

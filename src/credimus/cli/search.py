"""`credimus search`: beliefs by their words, page by page."""

from typing import Annotated, Any

from cyclopts import Parameter

from credimus.cli.beliefs import Verdict, belief_rows
from credimus.cli.client import Client, home_of
from credimus.cli.options import Common, moment_ms
from credimus.cli.output import Outcome, say, table


def search(
    text: Annotated[str, Parameter(help="Words that a belief must all contain, in any order.")],
    *,
    category: Annotated[str | None, Parameter(help="Only of this category.")] = None,
    verdict: Annotated[Verdict | None, Parameter(help="Only with this verdict.")] = None,
    since: Annotated[str | None, Parameter(help="A time, or a duration ago such as 1h.")] = None,
    limit: Annotated[int, Parameter(help="Beliefs on a page, 1 to 1,000.")] = 20,
    cursor: Annotated[
        str | None, Parameter(help="What the page before said, for the next.")
    ] = None,
    common: Common = Common(),
) -> Outcome:
    """Find beliefs by their words, newest first, a page at a time.

    Example: credimus search "north gate" --verdict accepted --since 1d
    """
    page = Client(home_of(common.home)).get(
        "/v1/beliefs",
        text=text,
        category=category,
        verdict=verdict,
        since=None if since is None else moment_ms(since, "--since"),
        limit=limit,
        cursor=cursor,
    )
    return Outcome(page, lambda: _show(page))


def _show(page: dict[str, Any]) -> None:
    if not page["beliefs"]:
        say("nothing found")
        return
    table(
        "",
        ("belief", "verdict", "credence", "confidence", "category", "content"),
        belief_rows(page),
    )
    if page["cursor"]:
        say(f"There is more: the same words with --cursor {page['cursor']}")

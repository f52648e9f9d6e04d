"""`credimus watch`: prints events as they come, over dropped connections and restarts."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from cyclopts import Parameter

from credimus.cli.client import home_of
from credimus.cli.options import Common
from credimus.cli.output import Outcome, Refused, complain, printable, say
from credimus.kernel.errors import CredimusError, Unavailable
from credimus.library.exchange import connection_to, place_of
from credimus.runtime.access.tokens import read_token
from credimus.runtime.home import Home

if TYPE_CHECKING:
    import http.client

SILENCE_S = 45.0
"""A stream that gives no comment for so long is broken: the node gives one every 15 s."""
PAUSE_S = 1.0
"""Before a broken stream is taken up again."""
_PREFIX = "credimus."


def watch(
    *,
    type: Annotated[  # noqa: A002 - the option's name
        list[str] | None,
        Parameter(negative="", help="Only these, such as decided or expired. Repeatable."),
    ] = None,
    belief: Annotated[
        str | None, Parameter(help="Only this: its id, or an unambiguous beginning of it.")
    ] = None,
    count: Annotated[int | None, Parameter(help="End after so many events.")] = None,
    common: Common = Common(),
) -> Outcome:
    """Print what happens at the node until Ctrl-C; --json gives one CloudEvent a line.

    Example: credimus watch --type decided --type expired
    """
    query = {"type": ",".join(type) if type else None, "belief": belief}
    stream = Stream(home_of(common.home), {k: v for k, v in query.items() if v is not None})
    printed = 0
    for event in stream:
        _show(event, as_json=common.json)
        printed += event["type"] != MISSED
        if count is not None and printed >= count:
            break
    return Outcome(None, lambda: None)


MISSED = "credimus.missed"
"""The event that tells how many are not kept any more."""
PATH = "/v1/events/stream"


class Stream:
    """The events of one node, as long as they are taken; takes up again what breaks."""

    def __init__(self, home: Home, query: dict[str, str]) -> None:
        self._home = home
        self._target = f"{PATH}?{urlencode(query)}" if query else PATH
        self._last = ""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Every event, in order.

        Raises:
            Refused: the node says why not.
            Unavailable: `node-not-running`, when it was not there at the beginning.
        """
        import http.client

        begun = False
        while True:
            try:
                place = place_of(self._home.url(), self._home.certificate())
                with closing(connection_to(place, SILENCE_S)) as connection:
                    lines = self._open(connection)
                    begun = True
                    yield from self._events(lines)
                why = "it ended"
            except (OSError, http.client.HTTPException, Unavailable, Refused) as problem:
                if not begun or (isinstance(problem, Refused) and not problem.problem.get("retry")):
                    raise _told(problem, self._home) from None
                why = str(problem)
            complain(f"the stream broke ({why}); taking it up again")
            time.sleep(PAUSE_S)

    def _open(self, connection: "http.client.HTTPConnection") -> "http.client.HTTPResponse":
        headers = {"Authorization": f"Bearer {read_token(self._home.token)}"}
        if self._last:
            headers["Last-Event-ID"] = self._last
        connection.request("GET", self._target, headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise Refused(json.loads(answer.read()))
        return answer

    def _events(self, lines: "http.client.HTTPResponse") -> Iterator[dict[str, Any]]:
        """The events of one connection; notes the last id."""
        body: list[str] = []
        for raw in iter(lines.readline, b""):
            name, _, value = raw.decode().rstrip("\n").partition(": ")
            if name == "id":
                self._last = value
            elif name == "data":
                body.append(value)
            elif not name and body:
                event: dict[str, Any] = json.loads("\n".join(body))
                body.clear()
                yield event


def _told(problem: Exception, home: Home) -> CredimusError:
    if isinstance(problem, CredimusError):
        return problem
    reason = problem.strerror if isinstance(problem, OSError) else None
    return home.not_running(reason or str(problem))


def _show(event: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(event, ensure_ascii=False), flush=True)  # noqa: T201
        return
    found = event["data"]
    words = [
        found["kind"].ljust(12),
        (found.get("belief") or found.get("member") or "")[:12].ljust(12),
        str(found.get("verdict") or found.get("level") or found.get("missed") or ""),
        printable(found.get("reason") or ""),
    ]
    say("  ".join(word for word in words if word).rstrip())

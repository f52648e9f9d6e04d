"""`credimus watch`: prints events as they come, over dropped connections and restarts."""

import http.client
import json
import time
from collections.abc import Iterator
from typing import Annotated, Any, Self
from urllib.parse import urlencode, urlsplit

from cyclopts import Parameter

from credimus.cli.client import home_of, pinned
from credimus.cli.options import Common
from credimus.cli.output import Outcome, Refused, complain, say
from credimus.kernel.errors import CredimusError, Unavailable
from credimus.runtime.home import Home
from credimus.runtime.tokens import read_token

SILENCE_S = 45.0
"""A stream that gives no comment for so long is broken: the node gives one every 15 s."""
PAUSE_S = 1.0
"""Before a broken stream is taken up again."""
_PREFIX = "credimus."


def watch(
    *,
    type: Annotated[  # noqa: A002 - the option's name
        list[str] | None,
        Parameter(negative="", help="Only these, such as round.decided. Repeatable."),
    ] = None,
    belief: Annotated[
        str | None, Parameter(help="Only this: its id, or an unambiguous beginning of it.")
    ] = None,
    count: Annotated[int | None, Parameter(help="End after so many events.")] = None,
    common: Common = Common(),
) -> Outcome:
    """Print what happens at the node until Ctrl-C; --json gives one CloudEvent a line.

    Example: credimus watch --type round.decided --type round.expired
    """
    query = {"type": ",".join(type) if type else None, "belief": belief}
    stream = Stream(home_of(common.home), {k: v for k, v in query.items() if v is not None})
    printed = 0
    for event in stream:
        _show(event, as_json=common.json)
        printed += event["type"] not in NOTICES
        if count is not None and printed >= count:
            break
    return Outcome(None, lambda: None)


NOTICES = ("credimus.gap", "credimus.cut")
"""Events about the stream itself."""


class Stream:
    """The events of one node, as long as they are taken; takes up again what breaks."""

    def __init__(self, home: Home, query: dict[str, str]) -> None:
        self._home = home
        self._target = f"/v1/events?{urlencode(query)}" if query else "/v1/events"
        self._last = ""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Every event, in order.

        Raises:
            Refused: the node says why not.
            Unavailable: `node-not-running`, when it was not there at the beginning.
        """
        begun = False
        while True:
            try:
                with _connection(self._home) as connection:
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

    def _open(self, connection: "_Connection") -> http.client.HTTPResponse:
        headers = {"Authorization": f"Bearer {read_token(self._home.token)}"}
        if self._last:
            headers["Last-Event-ID"] = self._last
        connection.request("GET", self._target, headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise Refused(json.loads(answer.read()))
        return answer

    def _events(self, lines: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
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


class _Connection(http.client.HTTPConnection):
    """A connection that is closed at the end of a block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _SecureConnection(http.client.HTTPSConnection, _Connection):
    """The same over TLS."""


def _connection(home: Home) -> _Connection:
    where = urlsplit(home.url())
    host = where.hostname or "127.0.0.1"
    if where.scheme == "https":
        context = pinned(home.certificate())
        return _SecureConnection(host, where.port, timeout=SILENCE_S, context=context)
    return _Connection(host, where.port, timeout=SILENCE_S)


def _told(problem: Exception, home: Home) -> CredimusError:
    if isinstance(problem, CredimusError):
        return problem
    return home.not_running(str(problem))


def _show(event: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(event, ensure_ascii=False), flush=True)  # noqa: T201
        return
    found = event["data"]
    words = [
        event.get("time", "")[11:23].ljust(12),
        event["type"].removeprefix(_PREFIX).ljust(18),
        (found.get("belief") or "")[:12].ljust(12),
        found.get("verdict") or found.get("code") or found.get("reason") or "",
        found.get("content") or found.get("message") or found.get("node_name") or "",
    ]
    say(_printable("  ".join(word for word in words if word).rstrip()))


def _printable(text: str) -> str:
    """The text without what could steer a terminal: its words may be a stranger's."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)

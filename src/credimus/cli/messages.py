"""Commands about messages of applications: send, inbox, done, sent."""

import json
import sys
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common, seconds_of
from credimus.cli.output import FAILED, OK, Outcome, complain, printable, say, table
from credimus.kernel.errors import UsageError

Mode = Literal["at-most-once", "at-least-once", "exactly-once"]
POLL_S = 10.0
"""Seconds that one request of `inbox --follow` waits at the node; below what an answer may take."""
_ALL = "all"


def send(
    text: Annotated[str | None, Parameter(help="What to say; or --file.")] = None,
    *,
    to: Annotated[
        list[str], Parameter(negative="", help="A member's name or id, or all. Repeatable.")
    ],
    file: Annotated[
        Path | None, Parameter(help="Send what is in this file; - for standard input.")
    ] = None,
    mode: Annotated[Mode, Parameter(help="What is promised.")] = "exactly-once",
    ttl: Annotated[str | None, Parameter(help="How long to try: 90s, 15m, 1h, 2d.")] = None,
    wait: Annotated[
        str | None, Parameter(help="Wait so long for all to acknowledge it, such as 10s.")
    ] = None,
    key: Annotated[str | None, Parameter(help="Repeated under it, it is sent once.")] = None,
    common: Common = Common(),
) -> Outcome:
    """Send a message to the applications of other members.

    With --wait the exit code is 1 when not all of them have acknowledged it in time.
    Example: credimus send "open the gate" --to n1
    """
    if (text is None) == (file is None):
        raise UsageError("usage", "give either the text of the message or --file.")
    wait_s = None if wait is None else seconds_of(wait, "--wait")
    view = Client(home_of(common.home)).post(
        "/v1/messages",
        wait_s or 0.0,
        to=_ALL if to == [_ALL] else to,
        text=text,
        payload=None if file is None else b64encode(_content(file)).decode(),
        mode=mode,
        ttl_s=None if ttl is None else seconds_of(ttl, "--ttl"),
        wait_for=None if wait_s is None else "delivered",
        timeout=wait_s,
        key=key,
    )
    missing = [one for one in view["to"] if one["state"] != "done"]
    code = FAILED if wait_s is not None and missing and mode != "at-most-once" else OK

    def show() -> None:
        _show_sent([view])
        if code != OK:
            complain(
                f"Not done by {len(missing)} of {len(view['to'])} after {wait}; it is tried on. "
                f"Look again: credimus sent {view['id']}"
            )

    return Outcome(view, show, code)


def inbox(
    *,
    follow: Annotated[
        bool, Parameter(negative="", help="Go on as messages come, until Ctrl-C.")
    ] = False,
    finish: Annotated[
        bool, Parameter(negative="", help="Say of each that it is done once it is printed.")
    ] = False,
    count: Annotated[int | None, Parameter(help="End after so many messages.")] = None,
    common: Common = Common(),
) -> Outcome:
    """Print the messages that wait for this node's application.

    They stay until they are done; those of mode at-most-once are shown once. With --follow and
    --json each is a line of its own.
    Example: credimus inbox --finish
    """
    client = Client(home_of(common.home))
    cursor: str | None = None
    printed = 0
    found: list[dict[str, Any]] = []
    while count is None or printed < count:
        limit = None if count is None else min(count - printed, 100)
        timeout = POLL_S if follow else None
        page = client.get("/v1/messages", after=cursor, limit=limit, timeout=timeout)
        cursor = page["cursor"]
        for message in page["messages"]:
            if common.json and not follow:
                found.append(message)
            else:
                _show_message(message, as_json=common.json)
            if finish and message["mode"] != "at-most-once":
                client.post(f"/v1/messages/{message['id']}/done")
            printed += 1
        if not page["messages"] and not follow:
            break
    return Outcome(None if follow else {"messages": found}, lambda: None)


def done(
    message: Annotated[str, Parameter(help="Its id, as `credimus inbox` shows it.")],
    result: Annotated[str | None, Parameter(help="For the sender, at most 4,096 bytes.")] = None,
    *,
    common: Common = Common(),
) -> Outcome:
    """Say that this node's application has finished with a message; its sender is told.

    Example: credimus done 3f9c02aa41d7c5e03f9c02aa41d7c5e0-17 "it is open"
    """
    answer = Client(home_of(common.home)).post(f"/v1/messages/{_path(message)}/done", text=result)
    return Outcome(answer, lambda: say(f"Done: {answer['id']}"))


def sent(
    message: Annotated[str | None, Parameter(help="Its id; the newest if not given.")] = None,
    *,
    limit: Annotated[int, Parameter(help="Show so many at most.")] = 20,
    common: Common = Common(),
) -> Outcome:
    """Show how far this node's own messages have come.

    Example: credimus sent --limit 5
    """
    client = Client(home_of(common.home))
    if message is not None:
        view = client.get(f"/v1/messages/{_path(message)}")
        return Outcome(view, lambda: _show_sent([view]))
    views = client.get("/v1/messages/sent", limit=limit)
    return Outcome({"messages": views}, lambda: _show_sent(views))


def _content(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as problem:
        raise UsageError("file-unreadable", f"{file}: {problem.strerror or problem}.") from None


def _path(message: str) -> str:
    if not message.replace("-", "").isalnum() or not message.isascii():
        raise UsageError("bad-message-id", f"{message[:60]!r} is no message's id.")
    return message


def _show_message(message: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(message, ensure_ascii=False), flush=True)  # noqa: T201
        return
    text = message["text"]
    if text is None:
        text = f"({len(b64decode(message['payload']))} bytes that are no text; see --json)"
    again = "  (again)" if message["again"] else ""
    sender = printable(message["name"] or message["sender"][:12])
    say(f"{message['id']}  {sender}  {_time(message['posted_ms'])}{again}")
    say(f"  {printable(text)}")


def _show_sent(views: list[dict[str, Any]]) -> None:
    rows = [
        (
            view["id"],
            view["mode"],
            printable(one["name"] or one["member"][:12]),
            one["state"],
            printable(one["reason"] or one["text"] or ""),
        )
        for view in views
        for one in view["to"]
    ]
    table("", ("message", "mode", "to", "state", "result or reason"), rows)


def _time(wall_ms: int) -> str:
    return datetime.fromtimestamp(wall_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")

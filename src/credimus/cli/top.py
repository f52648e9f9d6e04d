"""`credimus top`: a node and its fleet, live; every frame is asked over HTTP.

Deliberately not here: how a frame looks (top_view.py, loaded for a terminal only).
"""

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import Annotated, Any

from cyclopts import Parameter

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common, seconds_of
from credimus.cli.output import Outcome, print_json
from credimus.kernel.errors import UsageError

VERDICTS_SHOWN = 12
_PERIOD_S_MIN = 0.1


class Watching:
    """Asks a node again and again; a frame tells what changed since the one before."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._before: tuple[float, int] | None = None

    def frame(self) -> dict[str, Any]:
        """How the node is now; `decided_per_s` is counted since the frame before, if there is."""
        status = self._client.get("/v1/status")
        page = self._client.get("/v1/beliefs", limit=100)
        recent = [one for one in page["beliefs"] if one["verdict"] != "open"]
        recent.sort(key=lambda one: (-one["changed_ms"], one["id"]))
        now = status["uptime_s"], status["decided"]
        earlier, self._before = self._before, now
        return {
            "status": status,
            "members": self._client.get("/v1/members"),
            "verdicts": recent[:VERDICTS_SHOWN],
            "decided_per_s": None if earlier is None else round(rate(earlier, now), 3),
        }


def rate(earlier: tuple[float, int], now: tuple[float, int]) -> float:
    """Decided beliefs a second between two readings of uptime and count; 0 after a restart."""
    seconds, count = now[0] - earlier[0], now[1] - earlier[1]
    return count / seconds if seconds > 0 and count > 0 else 0.0


def top(
    *,
    once: Annotated[bool, Parameter(negative="", help="Print one frame and end.")] = False,
    period: Annotated[str, Parameter(help="Between two frames: 500ms, 2s.")] = "1s",
    common: Common = Common(),
) -> Outcome:
    """Watch a node live: members, links, lag, rounds, decisions, verdicts, faults; Ctrl-C ends it.

    With --json it prints one object a frame.
    Example: credimus top --home ./n0 --period 2s
    """
    period_s = seconds_of(period, "--period")
    if period_s < _PERIOD_S_MIN:
        raise UsageError("out-of-range", f"--period is {period!r}; give 100ms or more.")
    watching = Watching(Client(home_of(common.home)))
    first = watching.frame()
    if once:
        return Outcome(first, lambda: _print(first))
    with contextlib.suppress(KeyboardInterrupt):
        if common.json:
            for frame in _frames(watching, first, period_s):
                print_json("top", "data", frame)
        elif sys.stdout.isatty():
            from credimus.cli.top_view import live

            live(_frames(watching, first, period_s))
        else:
            for frame in _frames(watching, first, period_s):
                _print(frame)
    return Outcome(None, lambda: None)


def _frames(watching: Watching, first: dict[str, Any], period_s: float) -> Iterator[dict[str, Any]]:
    yield first
    pause = threading.Event()
    while True:
        pause.wait(period_s)
        yield watching.frame()


def _print(frame: dict[str, Any]) -> None:
    from credimus.cli.output import console
    from credimus.cli.top_view import picture

    terminal = console()
    terminal.print(picture(frame, terminal.width))

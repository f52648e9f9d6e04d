"""One frame of `credimus top` as a picture for the terminal."""

from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from credimus.cli.members import COLUMNS, member_rows
from credimus.cli.options import ago
from credimus.cli.output import printable, style_of

_LINK_STYLES = {"connected": "green", "not connected": "red", "itself": ""}

_WIDE = 110
"""Columns of a terminal from which on a member's row fits whole."""
_LEFT_OUT = (COLUMNS[-1],)
_LEFT_OUT_NARROW = ("address", "admitted", "by", "conduct")


def live(frames: Iterable[dict[str, Any]]) -> None:
    """Show frame after frame on a screen of its own, which goes when this ends."""
    console = Console(highlight=False)
    with Live(console=console, screen=console.is_terminal, auto_refresh=False) as shown:
        for frame in frames:
            shown.update(picture(frame, console.width), refresh=True)


def picture(frame: dict[str, Any], width: int) -> RenderableType:
    """A frame, for a terminal of so many columns."""
    parts: list[RenderableType] = [_head(frame), Text(), _members(frame["members"], width)]
    if frame["verdicts"]:
        parts += [Text(), _verdicts(frame["verdicts"])]
    faults = frame["status"]["faults"]
    if faults:
        parts += [Text(), _faults(faults, frame["members"])]
    return Group(*parts)


def _head(frame: dict[str, Any]) -> Table:
    status = frame["status"]
    links = f"{len(status['neighbours'])} connected" if status["links_open"] else "down (by order)"
    per_s = frame["decided_per_s"]
    speed = "" if per_s is None else f", {per_s:.1f} decided a second"
    grid = Table.grid(padding=(0, 2))
    for name, value in (
        ("node", f"{status['name']} {status['node'][:12]}, up {status['uptime_s']:.0f} s"),
        ("fleet", f"{status['fleet_name']}, {status['members']} members, {links}"),
        ("beliefs", f"{status['beliefs']}, {status['decided']} decided{speed}"),
        ("blocks", f"{status['blocks']}, {status['orphans']} waiting for others"),
        ("state", status["fingerprint"][:16]),
    ):
        grid.add_row(Text(name, style="bold"), Text(printable(value)))
    grid.add_row(Text("rounds", style="bold"), _rounds(status["rounds"]))
    if status["failure"] is not None:
        grid.add_row(Text("failure", style="bold red"), Text(status["failure"]["message"]))
    return grid


def _rounds(counts: dict[str, int]) -> Text:
    parts = [
        Text(f"{count} {word}", style=style_of(word)) for word, count in counts.items() if count
    ]
    return Text(", ").join(parts) if parts else Text("none")


def _members(members: list[dict[str, Any]], width: int) -> Table:
    """The members; on a narrow terminal without what `credimus members` tells as well."""
    left_out = _LEFT_OUT if width >= _WIDE else (*_LEFT_OUT, *_LEFT_OUT_NARROW)
    shown = [index for index, name in enumerate(COLUMNS) if name not in left_out]
    made = _table(COLUMNS[index] for index in shown)
    for row in member_rows(members):
        cells = [row[index] for index in shown]
        made.add_row(*(Text(printable(cell), style=_LINK_STYLES.get(cell, "")) for cell in cells))
    return made


def _verdicts(verdicts: list[dict[str, Any]]) -> Table:
    made = _table(("verdict", "changed", "belief", "content"))
    for one in verdicts:
        word = one["verdict"]
        made.add_row(
            Text(word, style=style_of(word)),
            ago(one["changed_ms"]),
            one["id"][:12],
            Text(printable(one["content"]), overflow="ellipsis", no_wrap=True),
        )
    return made


def _faults(faults: list[dict[str, Any]], members: list[dict[str, Any]]) -> Table:
    names = {one["id"]: one["name"] for one in members}
    made = _table(("fault", "count", "peer"))
    for one in faults:
        peer = names.get(one["peer"]) or one["peer"][:12]
        made.add_row(one["code"], str(one["count"]), Text(printable(peer)))
    return made


def _table(columns: Iterable[str]) -> Table:
    return Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)

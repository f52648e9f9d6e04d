"""What goes on while an incident is played, told live on a terminal, as plain lines, or not at all.

Deliberately not here: the report at the end (report.py).
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Literal, Protocol, Self

import msgspec
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

Mark = Literal["say", "yes", "no", "bad", "wait", "fault", "step"]
_LOOKS: dict[Mark, tuple[str, str, str]] = {
    "say": ("·", ".", "dim"),
    "yes": ("✓", "+", "green"),
    "no": ("✗", "x", "magenta"),
    "bad": ("‼", "?", "bold red"),
    "wait": ("…", "~", "yellow"),
    "fault": ("⚡", "!", "bold yellow"),
    "step": ("▸", ">", "bold cyan"),
}
"""Sign on a terminal, sign in plain lines, style."""


class NodeNow(msgspec.Struct, frozen=True, kw_only=True):
    """A node as it is just now."""

    name: str
    state: Literal["starting", "up", "dead", "cut off"]
    neighbours: int = 0
    blocks: int = 0
    beliefs: int = 0
    decided: int = 0
    fingerprint: str = ""


class Teller(Protocol):
    """Hears what goes on."""

    def tell(self, mark: Mark, text: str, second: float | None = None) -> None:
        """Something happened; `second` counts from when the fleet was ready."""
        ...

    def show(self, nodes: Sequence[NodeNow]) -> None:
        """How the nodes are."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...  # fmt: skip


class Silent:
    """Tells nothing."""

    def tell(self, mark: Mark, text: str, second: float | None = None) -> None:
        """Nothing."""

    def show(self, nodes: Sequence[NodeNow]) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Plain:
    """One line for each event."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def tell(self, mark: Mark, text: str, second: float | None = None) -> None:
        """A line."""
        self._console.print(
            Text(f"{_clock(second)} {_LOOKS[mark][1]} {text}"),
            overflow="ignore", no_wrap=True, crop=False, soft_wrap=True,
        )  # fmt: skip

    def show(self, nodes: Sequence[NodeNow]) -> None:
        """Nothing: the lines tell."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Lively:
    """Lines that scroll above a table of the nodes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=8, transient=True)

    def tell(self, mark: Mark, text: str, second: float | None = None) -> None:
        """A line above the table."""
        sign, _, style = _LOOKS[mark]
        plain = mark in ("say", "yes", "no", "wait")
        line = Text.assemble(
            (f"{_clock(second)} ", "dim"), (f"{sign} ", style), (text, "" if plain else style)
        )
        self._console.print(line, no_wrap=True, overflow="ellipsis")

    def show(self, nodes: Sequence[NodeNow]) -> None:
        """The table anew."""
        self._live.update(_table(nodes))

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()


def teller(console: Console) -> Teller:
    """The teller that suits a console: live where it is a terminal with colours."""
    lively = console.is_terminal and not console.no_color and not console.is_dumb_terminal
    return Lively(console) if lively else Plain(console)


def _clock(second: float | None) -> str:
    return " set-up" if second is None else f"{second:5.1f} s"


def _table(nodes: Sequence[NodeNow]) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for heading in ("node", "state", "links", "blocks", "beliefs", "decided", "fingerprint"):
        numbers = heading in ("links", "blocks", "beliefs", "decided")
        table.add_column(heading, justify="right" if numbers else "left")
    colours = {"up": "green", "dead": "red", "cut off": "yellow", "starting": "dim"}
    for node in nodes:
        counts = (node.neighbours, node.blocks, node.beliefs, node.decided)
        table.add_row(
            node.name,
            Text(node.state, style=colours[node.state]),
            *(str(count) if node.state != "dead" else "" for count in counts),
            node.fingerprint[:12],
        )
    return table

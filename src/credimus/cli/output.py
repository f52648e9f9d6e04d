"""What a command gives back, and how it is shown: JSON for programs, text and tables for people.

Results go to stdout, everything else to stderr. The terminal library is loaded for tables only.
"""

import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from credimus.kernel.errors import (
    CredimusError,
    NotPermitted,
    PeerFault,
    StorageError,
    Unavailable,
    UsageError,
)

SCHEMA_VERSION = 1
OK, FAILED, USAGE, UNAVAILABLE, STORAGE, NOT_PERMITTED, BUG = 0, 1, 2, 3, 4, 5, 70
INTERRUPTED = 130
EXIT_CODES = (
    (OK, "done"),
    (FAILED, "done, and a verdict or a check failed"),
    (USAGE, "a wrong call; nothing was changed"),
    (UNAVAILABLE, "not possible now; the node may not run"),
    (STORAGE, "the disk: full, torn or altered"),
    (NOT_PERMITTED, "not permitted"),
    (BUG, "a bug in credimus; please report it"),
    (INTERRUPTED, "stopped by Ctrl-C"),
)
"""Every exit code and what it says."""
_BY_KIND = {
    "usage": USAGE,
    "not-found": USAGE,
    "conflict": USAGE,
    "not-permitted": NOT_PERMITTED,
    "unavailable": UNAVAILABLE,
    "storage": STORAGE,
}


class Outcome(NamedTuple):
    """What a command came to."""

    data: Any
    """For --json."""
    show: Callable[[], None]
    """Prints it for people."""
    exit_code: int = OK


class Refused(CredimusError):
    """The node answered with a problem document."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(str(problem.get("code", "unknown")), str(problem.get("detail", "")))
        self.problem = problem

    def worded(self, options: Mapping[str, str]) -> "Refused":
        """The same, with the fields of a request named as the options that gave them.

        Args:
            options: by field.
        """
        detail = self.message
        if self.code in ("bad-field", "out-of-range"):
            for field, option in options.items():
                detail = re.sub(rf"`{field}`|^{field}\b", option, detail)
        return Refused({**self.problem, "detail": detail})


def exit_code_of(error: CredimusError) -> int:
    """The exit code that tells of an error."""
    if isinstance(error, Refused):
        return _BY_KIND.get(str(error.problem.get("kind")), BUG)
    for kind, code in (
        (NotPermitted, NOT_PERMITTED),
        (UsageError, USAGE),
        (Unavailable, UNAVAILABLE),
        (StorageError, STORAGE),
        (PeerFault, FAILED),
    ):
        if isinstance(error, kind):
            return code
    return BUG


def error_body(error: CredimusError) -> dict[str, Any]:
    """The field `error` of the JSON output."""
    if isinstance(error, Refused):
        return {
            "code": error.code,
            "message": error.message,
            **{
                name: value
                for name, value in error.problem.items()
                if name not in ("type", "title", "detail", "code")
            },
        }
    return {
        "code": error.code,
        "message": error.message,
        "definite": error.definite,
        "retry": error.retry,
    }


def print_json(command: str, field: str, value: Any) -> None:
    """One JSON line on stdout: the envelope of all output for programs."""
    line = {"schema_version": SCHEMA_VERSION, "command": command, field: value}
    print(json.dumps(line, ensure_ascii=False), flush=True)  # noqa: T201


def say(text: str) -> None:
    """A line for people on stdout."""
    print(text, flush=True)  # noqa: T201


def complain(text: str) -> None:
    """A line for people on stderr."""
    print(printable(text), file=sys.stderr, flush=True)  # noqa: T201


def printable(text: str) -> str:
    """The text with control characters spelled out: what a member wrote never steers a terminal."""
    return text.translate(_SPELLED)


def ratio_word(ratio: float, digits: int = 2) -> str:
    """A ratio from 0 to 1, rounded; 0 and 1 are shown for certainty alone."""
    least = 0.1**digits
    return f"{ratio if ratio in (0, 1) else min(max(ratio, least), 1 - least):.{digits}f}"


def pairs(rows: Sequence[tuple[str, str]]) -> None:
    """Names and values on stdout, one pair a line."""
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        say(f"{name:<{width}}  {printable(value)}".rstrip())


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout: on a terminal as wide as that, and in colour; else one line a row.

    Args:
        title: a line above it, or nothing.
        columns: their heads; with none, the rows are pairs of name and value.
    """
    if title:
        say(title)
    if not columns:
        pairs([(row[0], row[1]) for row in rows])
        return
    if not sys.stdout.isatty():
        _plain_table(columns, rows)
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, column in enumerate(columns):
        made.add_column(column, overflow="fold", no_wrap=index == 0)
    for row in rows:
        made.add_row(*(Text(printable(cell), style=style_of(cell)) for cell in row))
    console().print(made)


def _plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [list(columns), *([_in_one_line(cell) for cell in row] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        padded = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        say("  ".join(padded).rstrip())


def _in_one_line(cell: str) -> str:
    return printable(" ".join(cell.split()))


def console() -> Any:
    """The console for people; NO_COLOR and pipes give plain text."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120
    return Console(highlight=False, width=width)


def style_of(word: str) -> str:
    """The style in which a verdict is shown; plain for any other word."""
    return _STYLES.get(word, "")


_STYLES = {
    "accepted": "green",
    "rejected": "red",
    "contested": "bold magenta",
    "expired": "yellow",
    "open": "cyan",
    "ok": "green",
    "warning": "yellow",
    "problem": "bold red",
}
"""How verdicts and findings look in colour."""
_CONTROLS = (*range(10), *range(11, 32), *range(127, 160))
"""All but the end of a line."""
_TURNS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""What turns the direction of writing, and so can show a text as another."""
_SPELLED = {
    **{one: f"\\x{one:02x}" for one in _CONTROLS},
    **{one: f"\\u{one:04x}" for one in _TURNS},
}

"""What `--help` prints of one command: what it is for, what it takes, and last an example.

Made here in place of the parser's library, whose own help takes as long again as the command.
"""

import sys
from os import get_terminal_size
from textwrap import fill
from typing import Any, NamedTuple

from credimus.cli.commands import Entry
from credimus.cli.parser import description, examples, parser_of

_WIDTH_MAX = 100
_INDENT = 4


class Taken(NamedTuple):
    """An argument or option of a command."""

    name: str
    """`TEXT`, or `--limit INT`."""
    help: str
    choices: tuple[str, ...]
    default: str
    """Empty where there is none to tell."""
    required: bool
    positional: bool

    @property
    def told(self) -> str:
        """Its help, choices and default in one line."""
        parts = [self.help] if self.help else []
        if self.choices:
            parts.append(f"One of {', '.join(self.choices)}.")
        if self.default:
            parts.append(f"Default: {self.default}.")
        if self.required and not self.positional:
            parts.append("Must be given.")
        return " ".join(parts)


def help_of(entry: Entry) -> str:
    """The help of a command."""
    takes = taken(entry)
    arguments = [one for one in takes if one.positional]
    options = [one for one in takes if not one.positional]
    parts = [_wrapped(description(entry)), f"Usage: {usage(entry, takes)}"]
    if arguments:
        parts.append("\n".join(["Arguments:", *map(_lines, arguments)]))
    parts.append("\n".join(["Options:", *map(_lines, options)]))
    parts.append("\n".join(f"Example: {one}" for one in examples(entry)))
    return "\n\n".join(parts)


def usage(entry: Entry, takes: list[Taken]) -> str:
    """One line with everything that must be given."""
    words = [one.name if one.required else f"[{one.name}]" for one in takes if one.positional]
    words += [one.name for one in takes if one.required and not one.positional]
    return " ".join(["credimus", entry.words, *words, "[OPTIONS]"])


def taken(entry: Entry) -> list[Taken]:
    """What a command takes, in the order in which it declares it."""
    collection = parser_of(entry).assemble_argument_collection()
    return [_taken(one) for one in collection if not one.children]


def _taken(argument: Any) -> Taken:
    positional = argument.index is not None
    word = argument.names[0].removeprefix("--")
    choices = tuple(argument.get_choices() or ())
    if positional:
        name = word.upper()
    else:
        kind = _kind(argument.hint)
        name = f"--{word} {kind}" if kind else f"--{word}"
    return Taken(
        name,
        argument.parameter.help or "",
        choices,
        _default(argument.field_info.default),
        bool(argument.required),
        positional,
    )


def _kind(hint: Any) -> str:
    """What stands for an option's value; nothing for a switch."""
    words = str(hint)
    if hint is bool:
        return ""
    if "Literal" in words:  # first: a choice may hold the name of a kind, as `appoint` does
        return "WORD"
    for kind, shown in (("int", "NUMBER"), ("float", "NUMBER"), ("Path", "PATH")):
        if kind in words:
            return shown
    return "TEXT"


def _default(value: Any) -> str:
    """A default that says something: not of a switch, nor of what may be left out."""
    silent = value is None or value == "" or isinstance(value, bool | type)
    return "" if silent else str(value)


def _lines(one: Taken) -> str:
    return f"  {one.name}\n{_wrapped(one.told, _INDENT + 2)}".rstrip()


def _wrapped(text: str, indent: int = 0) -> str:
    width = min(_WIDTH_MAX, _columns())
    gap = " " * indent
    paragraphs = [fill(one, width, initial_indent=gap, subsequent_indent=gap,
                       break_on_hyphens=False) for one in text.split("\n\n")]  # fmt: skip
    return "\n\n".join(paragraphs)


def _columns() -> int:
    try:
        return get_terminal_size(sys.stdout.fileno()).columns or _WIDTH_MAX
    except (OSError, ValueError):
        return _WIDTH_MAX

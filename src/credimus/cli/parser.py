"""Parsers made from the table of commands: of one command, or of all for completion.

Only the command that is called is loaded; that is most of what keeps a command quick.
"""

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

from cyclopts import App

from credimus.cli.commands import COMMANDS, GROUPS, Entry

_EXAMPLE = "Example: "


def parser_of(entry: Entry) -> App:
    """The parser of one command, which takes the arguments after its words."""
    return _app(f"credimus {entry.words}", function_of(entry))


def parser_of_all() -> App:
    """The parser of every command: it loads them all."""
    whole = App(name="credimus", version_flags="--version")
    groups = {name: App(name=name, help=text, version_flags=()) for name, text in GROUPS.items()}
    for app in groups.values():
        whole.command(app)
    parents = dict(groups)
    for entry in COMMANDS:
        group, _, word = entry.words.rpartition(" ")
        app = parents[entry.words] = _app(word, function_of(entry), ("--help", "-h"))
        (parents[group] if group else whole).command(app)
    return whole


def description(entry: Entry) -> str:
    """What a command is for, without its examples."""
    return "\n".join(one for one in _lines(entry) if not one.startswith(_EXAMPLE)).strip()


def examples(entry: Entry) -> list[str]:
    """The command lines that its help ends with."""
    return [one.removeprefix(_EXAMPLE) for one in _lines(entry) if one.startswith(_EXAMPLE)]


def function_of(entry: Entry) -> Callable[..., Any]:
    """What carries a command out."""
    module, _, name = entry.target.partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function


def _app(name: str, function: Callable[..., Any], help_flags: tuple[str, ...] = ()) -> App:
    app = App(
        name=name,
        help=(function.__doc__ or "").partition("\n")[0],
        help_flags=help_flags,
        version_flags=(),
    )
    app.default(function)
    return app


def _lines(entry: Entry) -> list[str]:
    return inspect.cleandoc(function_of(entry).__doc__ or "").splitlines()

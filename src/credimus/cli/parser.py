"""Parsers made from the table of commands: of one command, or of all for pages and completion.

Only the command that is called is loaded; that is most of what keeps a command quick.
"""

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

from cyclopts import App

from credimus import __version__
from credimus.cli.commands import COMMANDS, GROUPS, HEADLINE, Entry

_EXAMPLE = "Example: "


def parser_of(entry: Entry) -> App:
    """The parser of one command, which takes the arguments after its words."""
    app = _app(f"credimus {entry.words}", _function(entry))
    app["--help"].show = False
    return app


def parser_of_all() -> App:
    """The parser of every command: it loads them all."""
    whole = App(name="credimus", help=HEADLINE, help_format="plaintext", version=__version__)
    groups = {name: App(name=name, help=text) for name, text in GROUPS.items()}
    for app in groups.values():
        whole.command(app)
    for entry in COMMANDS:
        group, _, word = entry.words.rpartition(" ")
        parent = groups[group] if group else whole
        parent.command(_app(word, _function(entry)))
    return whole


def description(entry: Entry) -> str:
    """What a command is for, without its examples."""
    return "\n".join(one for one in _lines(entry) if not one.startswith(_EXAMPLE)).strip()


def examples(entry: Entry) -> list[str]:
    """The command lines that its help ends with."""
    return [one.removeprefix(_EXAMPLE) for one in _lines(entry) if one.startswith(_EXAMPLE)]


def _app(name: str, function: Callable[..., Any]) -> App:
    lines = inspect.cleandoc(function.__doc__ or "").splitlines()
    app = App(
        name=name,
        help="\n".join(one for one in lines if not one.startswith(_EXAMPLE)).strip(),
        help_format="plaintext",
        help_formatter="plain",
        help_epilogue="\n".join(one for one in lines if one.startswith(_EXAMPLE)),
        version_flags=(),
    )
    app.default(function)
    return app


def _lines(entry: Entry) -> list[str]:
    return inspect.cleandoc(_function(entry).__doc__ or "").splitlines()


def _function(entry: Entry) -> Callable[..., Any]:
    module, _, name = entry.target.partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function

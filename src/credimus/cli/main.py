"""`credimus`: the table of commands, and one way out for every outcome and error.

A command lives in the module of its group, loaded when it is called. It returns an `Outcome` and
raises a `CredimusError`; nothing else prints or exits.
"""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import takewhile
from typing import NamedTuple, NoReturn

from cyclopts import App, CycloptsError

from credimus import __version__
from credimus.cli.output import (
    BUG,
    USAGE,
    Outcome,
    complain,
    error_body,
    exit_code_of,
    print_json,
)
from credimus.kernel.errors import CredimusError, InternalError, UsageError


class Entry(NamedTuple):
    """A command: its words, where it lives, what it is for."""

    words: str
    target: str
    help: str


COMMANDS = (
    Entry("init", "credimus.cli.node:init", "Found a fleet: make the folder of its first node."),
    Entry("invite", "credimus.cli.node:invite", "Print a ticket with which one node can join."),
    Entry("join", "credimus.cli.node:join", "Join a fleet with a ticket."),
    Entry("up", "credimus.cli.node:up", "Run a node in the foreground."),
    Entry("status", "credimus.cli.node:status", "Show how the node is."),
    Entry("assert", "credimus.cli.beliefs:assert_", "State a belief and put it to the vote."),
    Entry("vote", "credimus.cli.beliefs:vote", "Vote in the open round on a belief."),
    Entry("retract", "credimus.cli.beliefs:retract", "Take back this node's own assertions."),
    Entry("beliefs", "credimus.cli.beliefs:beliefs", "List beliefs."),
    Entry("demo", "credimus.cli.demo:demo", "Play an incident on five real nodes."),
    Entry("replay", "credimus.cli.replay:replay", "Decide a crowd's answers, from a CSV file."),
    Entry("bench decide", "credimus.cli.bench:decide", "Decided beliefs per second."),
    Entry("bench orset", "credimus.cli.bench:orset", "Speed and size of the OR-Set."),
)
_GROUPS = {"bench": "Measure this machine."}
_EPILOGUE = (
    "Exit codes: 0 done, 1 a verdict or check failed, 2 wrong call, 3 unavailable now, 4 storage, "
    "5 not permitted, 70 a bug."
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = run(given)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


def run(given: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    command = _named(given)
    as_json = "--json" in takewhile(lambda word: word != "--", given)
    try:
        outcome = application(command)(
            list(given), exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as problem:
        return _failed(command, as_json, _usage(command, problem), USAGE)
    except CredimusError as error:
        return _failed(command, as_json, error, exit_code_of(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        raise
    except Exception as problem:
        if os.environ.get("CREDIMUS_DEBUG"):
            raise
        bug = InternalError(
            "bug", f"{type(problem).__name__}: {problem}. Please report it (CREDIMUS_DEBUG=1 "
            "shows where)."
        )  # fmt: skip
        return _failed(command, as_json, bug, BUG)
    if not isinstance(outcome, Outcome):  # help, version
        return 0
    if not as_json:
        outcome.show()
    elif outcome.data is not None:
        print_json(command, "data", outcome.data)
    return outcome.exit_code


def application(called: str = "") -> App:
    """The parser of all commands that are installed; none is loaded yet.

    Args:
        called: the command whose own text is wanted, should it be asked for help.
    """
    app = App(
        name="credimus",
        help="A leaderless fleet that decides what it believes.",
        help_format="plaintext",
        help_formatter="plain",
        help_epilogue=_EPILOGUE,
        version=__version__,
    )
    groups: dict[str, App] = {}
    for entry in COMMANDS:
        if find_spec(entry.target.partition(":")[0]) is None:
            continue
        group, _, word = entry.words.rpartition(" ")
        parent = app
        if group:
            parent = groups.get(group) or App(
                name=group, help=_GROUPS[group], help_format="plaintext", help_formatter="plain"
            )
            if group not in groups:
                groups[group] = parent
                app.command(parent)
        parent.command(entry.target, name=word, help=None if entry.words == called else entry.help)
    return app


def _named(given: Sequence[str]) -> str:
    """The words of the command that is called, as the JSON output names it."""
    words = " ".join(word for word in given[:2] if not word.startswith("-"))
    known = {entry.words for entry in COMMANDS}
    first = words.partition(" ")[0]
    return words if words in known else first if first in known | set(_GROUPS) else "credimus"


def _usage(command: str, problem: CycloptsError) -> UsageError:
    text = " ".join(str(problem).split())
    called = "credimus" if command == "credimus" else f"credimus {command}"
    return UsageError("usage", f"{text} See `{called} --help`.")


def _failed(command: str, as_json: bool, error: CredimusError, code: int) -> int:
    if as_json:
        print_json(command, "error", error_body(error))
    else:
        complain(f"error: {error.message} [{error.code}]")
    return code

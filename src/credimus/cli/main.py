"""`credimus`: the table of commands, and one way out for every outcome and error.

A command lives in the module of its group, loaded when it is called. It returns an `Outcome` and
raises a `CredimusError`; nothing else prints or exits.
"""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from credimus import __version__
from credimus.cli.output import (
    OK,
    Outcome,
    complain,
    error_body,
    exit_code_of,
    print_json,
    say,
)
from credimus.kernel.errors import CredimusError, InternalError, UsageError

if TYPE_CHECKING:
    from cyclopts import App


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
    Entry("why", "credimus.cli.why:why", "Explain a belief: the votes, and what would change it."),
    Entry("certificate", "credimus.cli.certificates:certificate", "Print the proof of a verdict."),
    Entry("verify", "credimus.cli.certificates:verify_", "Check a certificate, offline."),
    Entry("trust", "credimus.cli.certificates:trust", "Print what others need to check yours."),
    Entry("demo", "credimus.cli.demo:demo", "Play an incident on five real nodes."),
    Entry("sim", "credimus.cli.sim:sim", "Run a whole fleet under faults, from one seed."),
    Entry("replay", "credimus.cli.replay:replay", "Decide a crowd's answers, from a CSV file."),
    Entry("bench decide", "credimus.cli.bench:decide", "Decided beliefs per second."),
    Entry("bench orset", "credimus.cli.bench:orset", "Speed and size of the OR-Set."),
    Entry("bench certificate", "credimus.cli.bench:certificate", "Size of certificates."),
)
INTERRUPTED = 130
_GROUPS = {"bench": "Measure this machine."}
_HEADLINE = "A leaderless fleet that decides what it believes."
_EPILOGUE = (
    "Exit codes: 0 done, 1 a verdict or check failed, 2 wrong call, 3 unavailable now,\n4 storage, "
    "5 not permitted, 70 a bug, 130 stopped by Ctrl-C."
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
    if list(given) in ([], ["--help"], ["-h"], ["--version"]):
        say(__version__ if given and given[0] == "--version" else _overview())
        return OK
    command = _named(given)
    as_json = "--json" in takewhile(lambda word: word != "--", given)
    try:
        outcome = _called(command, given)
    except CredimusError as error:
        return _failed(command, as_json, error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as problem:  # the last resort
        if os.environ.get("CREDIMUS_DEBUG"):
            raise
        text = f"{type(problem).__name__}: {problem}. Please report it."
        return _failed(command, as_json, InternalError("bug", text))
    if not isinstance(outcome, Outcome):  # help
        return OK
    if not as_json:
        outcome.show()
    elif outcome.data is not None:
        print_json(command, "data", outcome.data)
    return outcome.exit_code


def _called(command: str, given: Sequence[str]) -> object:
    """What the command came to.

    Raises:
        UsageError: `usage`, when the words are not understood.
    """
    from cyclopts import CycloptsError

    try:
        return application(command)(
            list(given), exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as problem:
        text = " ".join(str(problem).split())
        called = "credimus" if command == "credimus" else f"credimus {command}"
        raise UsageError("usage", f"{text} See `{called} --help`.") from None


def application(called: str = "") -> "App":
    """The parser of all commands that are installed; none is loaded yet.

    Args:
        called: the command whose own text is wanted, should it be asked for help.
    """
    from cyclopts import App

    app = App(
        name="credimus",
        help=_HEADLINE,
        help_format="plaintext",
        help_formatter="plain",
        help_epilogue=_EPILOGUE,
        version=__version__,
    )
    groups: dict[str, App] = {}
    for entry in _installed():
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


def _installed() -> list[Entry]:
    return [one for one in COMMANDS if find_spec(one.target.partition(":")[0]) is not None]


def _overview() -> str:
    """What `credimus --help` prints: made without the parser, so that it comes at once."""
    lines = [f"  {one.words:<18} {one.help}" for one in _installed()]
    return "\n".join(
        ["Usage: credimus COMMAND [OPTIONS]", "", f"{_HEADLINE}", "", *lines, "", _EPILOGUE,
         "See `credimus COMMAND --help`."]
    )  # fmt: skip


def _named(given: Sequence[str]) -> str:
    """The words of the command that is called, as the JSON output names it."""
    words = " ".join(word for word in given[:2] if not word.startswith("-"))
    known = {entry.words for entry in COMMANDS}
    first = words.partition(" ")[0]
    return words if words in known else first if first in known | set(_GROUPS) else "credimus"


def _failed(command: str, as_json: bool, error: CredimusError) -> int:
    if as_json:
        print_json(command, "error", error_body(error))
    else:
        complain(f"error: {error.message} [{error.code}]")
    return exit_code_of(error)

"""`credimus`: one way in for every command, and one way out for every outcome and error.

A command lives in the module of its group, loaded when it is called. It returns an `Outcome` and
raises a `CredimusError`; nothing else prints or exits.
"""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from itertools import takewhile
from typing import NoReturn

from credimus import __version__
from credimus.cli.commands import (
    COMMANDS,
    GROUPS,
    HEADLINE,
    Entry,
    entry_of,
    members_of,
    named,
    unknown,
)
from credimus.cli.output import (
    EXIT_CODES,
    INTERRUPTED,
    OK,
    Outcome,
    Refused,
    complain,
    error_body,
    exit_code_of,
    print_json,
    say,
)
from credimus.kernel.errors import CredimusError, InternalError, UsageError

_HELP = ("--help", "-h")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):  # what a terminal can not show never ends a command
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = run(given)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = OK
    sys.exit(code)


def run(given: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    words = list(given)
    if not words or (len(words) == 1 and words[0] in _HELP):
        say(_overview(HEADLINE, COMMANDS))
        return OK
    if words == ["--version"]:
        say(__version__)
        return OK
    command, count = named(words)
    as_json = "--json" in _options(words)
    try:
        return _finished(command, as_json, _called(command, words[count:]))
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


def _called(command: str, given: list[str]) -> object:
    """What the command came to; None when it only showed its help.

    Raises:
        UsageError: `usage`, when the words are not understood.
    """
    entry = entry_of(command)
    if entry is not None and not _asks_help(given):
        return _parsed(entry, given)
    if entry is not None:
        from credimus.cli.help import help_of

        say(help_of(entry))
        return None
    if command in GROUPS:
        if not given or _asks_help(given):
            say(_overview(GROUPS[command], members_of(command), command))
            return None
        raise unknown(given, command)
    raise unknown(given)


def _options(given: list[str]) -> list[str]:
    """The words that may be options: after -- none is."""
    return list(takewhile(lambda word: word != "--", given))


def _asks_help(given: list[str]) -> bool:
    return any(word in _HELP for word in _options(given))


def _parsed(entry: Entry, given: list[str]) -> object:
    from cyclopts import CycloptsError, MissingArgumentError, UnusedCliTokensError

    from credimus.cli.parser import parser_of

    try:
        return parser_of(entry)(
            given, exit_on_error=False, print_error=False, result_action="return_value"
        )
    except UnusedCliTokensError as problem:
        word = next(iter(problem.unused_tokens or ()), "")
        text = (
            f"{word[:60]!r} is one word too many: name a node's folder with --home, and put quotes "
            "around a text of several words."
        )
    except MissingArgumentError as problem:
        text = " ".join(str(problem).split())
        taken = problem.argument.field_info if problem.argument is not None else None
        if taken is not None and taken.kind is taken.POSITIONAL_OR_KEYWORD:
            text = f"{taken.name.rstrip('_').upper()} must be given, and is no empty word."
        elif problem.argument is not None:
            lacks = "must be given" if problem.keyword is None else "needs a value"
            near = text[text.find(" Did you mean") :] if " Did you mean" in text else ""
            text = f"{problem.keyword or problem.argument.name} {lacks}.{near}"
    except CycloptsError as problem:
        text = " ".join(str(problem).split())
    raise UsageError("usage", f"{text} See `credimus {entry.words} --help`.")


def _finished(command: str, as_json: bool, outcome: object) -> int:
    if not isinstance(outcome, Outcome):  # help
        return OK
    if not as_json:
        outcome.show()
    elif outcome.data is not None:
        print_json(command, "data", outcome.data)
    return outcome.exit_code


def _failed(command: str, as_json: bool, error: CredimusError) -> int:
    if as_json:
        print_json(command, "error", error_body(error))
    else:
        complain(f"error: {error.message}{_again(error)} [{error.code}]")
    return exit_code_of(error)


def _again(error: CredimusError) -> str:
    """When to try again, where the node said so."""
    problem = error.problem if isinstance(error, Refused) else {}
    wait_ms = problem.get("retry_after_ms")
    return f" (again in {wait_ms / 1_000:g} s)" if isinstance(wait_ms, int) else ""


def _overview(headline: str, entries: Sequence[Entry], group: str = "") -> str:
    """What `--help` prints of all commands: made without the parser, so that it comes at once."""
    called = f"credimus {group}".strip()
    lines = [f"  {one.words.removeprefix(group).strip():<13} {one.help}" for one in entries]
    codes = [f"  {code:<4} {meaning}" for code, meaning in EXIT_CODES]
    return "\n".join(
        [f"Usage: {called} COMMAND [OPTIONS]", "", headline, "", *lines, "", "Exit codes:",
         *codes, "", f"See `{called} COMMAND --help`, which ends with an example."]
    )  # fmt: skip

"""Writes cli.md from the commands: `python docs/make_cli.py`."""

from pathlib import Path

from credimus.cli.commands import COMMANDS, Entry
from credimus.cli.help import Taken, taken, usage
from credimus.cli.output import EXIT_CODES
from credimus.cli.parser import description, examples

PAGE = Path(__file__).with_name("cli.md")

HEAD = """# Commands

<!-- made by make_cli.py from the commands themselves; do not edit -->

`credimus COMMAND --help` says the same in the terminal.
Commands that ask a running node find it by its folder: `--home`, else `$CREDIMUS_HOME`, else the
user's data folder.

## Output

Results go to stdout, everything else to stderr: errors, warnings, logs, and bars for long work,
which show on a terminal only.
Tables are in colour on a terminal unless `NO_COLOR` is set; in a pipe they are one line a row.

With `--json` a command prints one line on stdout:
`{"schema_version": 1, "command": "status", "data": {...}}`, or with an `error` in place of `data`:
`{"code": ..., "message": ..., "definite": ..., "retry": ...}`.
`code` is stable ([all of them](protocol/errors.md)); `definite` says whether it certainly did not
happen, `retry` whether the same call may succeed later.
`top` prints such a line for every frame; `up` prints one when the node answers.
`watch` prints one CloudEvent a line instead.

## Exit codes

| code | meaning |
|---|---|
"""
COMPLETION = """
## Completion

`credimus completion bash --install` writes the script where bash looks for it; `zsh` and `fish`
likewise.
Without `--install` the script is printed, to be put wherever it is wanted.
It knows commands, options and choices, and starts no program: make it anew after an update.
"""


def section(entry: Entry) -> list[str]:
    """The lines about one command."""
    takes = taken(entry)
    lines = [f"### {entry.words}", "", description(entry), "", f"    {usage(entry, takes)}", ""]
    lines += ["| takes | meaning |", "|---|---|", *(_row(one) for one in takes), ""]
    return [*lines, "```sh", *examples(entry), "```", ""]


def _row(one: Taken) -> str:
    return f"| `{one.name}` | {one.told.replace('|', '/')} |"


def page() -> str:
    """The text of cli.md."""
    codes = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES]
    index = [f"* [{one.words}](#{one.words.replace(' ', '-')}): {one.help}" for one in COMMANDS]
    lines = [HEAD + "\n".join(codes), COMPLETION, "## Commands", "", *index, ""]
    for entry in COMMANDS:
        lines += section(entry)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())

"""Reads an incident from a TOML file, checks it, and writes what each node of it knows.

Every rule that is broken is a UsageError that names the entry and says what is wrong with it.
"""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from credimus.demo.checking import problems
from credimus.demo.scenario import Scenario
from credimus.kernel.errors import NotFound, UsageError


def read_scenario(path: Path) -> Scenario:
    """The scenario of a file, checked.

    Raises:
        NotFound: `scenario-missing`.
        UsageError: `bad-scenario`, naming the entry.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise NotFound(
            "scenario-missing", f"{path} does not exist; check --scenario, or leave it away."
        ) from None
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError("bad-scenario", f"{path} can not be read: {problem}") from None
    return parse_scenario(text, str(path))


def parse_scenario(text: str, name: str) -> Scenario:
    """The scenario of a text, checked; `name` is how messages call it.

    Raises:
        UsageError: `bad-scenario`, naming the entry.
    """
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise UsageError("bad-scenario", f"{name} is not valid TOML: {problem}") from None
    try:
        scenario = msgspec.convert(read, Scenario)
    except msgspec.ValidationError as problem:
        raise UsageError("bad-scenario", f"{name}: {_named(str(problem), read)}") from None
    for wrong in problems(scenario):
        raise UsageError("bad-scenario", f"{name}: {wrong}")
    return scenario


def example_path() -> Path:
    """Where the incident that ships with credimus is: in the package, or in the checkout.

    Raises:
        NotFound: `scenario-missing`.
    """
    here = Path(__file__).resolve()
    for path in (here.with_name("incident.toml"), here.parents[3] / "examples" / "incident.toml"):
        if path.is_file():
            return path
    raise NotFound("scenario-missing", "incident.toml is not installed; name one with --scenario.")


def knowledge_of(scenario: Scenario, node: str) -> str:
    """What a node knows by itself, as the knowledge file of `credimus up`."""
    lines = [f"# What {node} knows by itself: {scenario.title}."]
    for one in scenario.statement:
        for holds, reasons in ((True, one.known), (False, one.denied)):
            if node in reasons:
                lines += [
                    "",
                    "[[fact]]",
                    f"content = {_toml(one.says)}",
                    f"holds = {'true' if holds else 'false'}",
                    f"reason = {_toml(reasons[node])}",
                ]
    return "\n".join(lines) + "\n"


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _named(problem: str, read: dict[str, Any]) -> str:
    """A message of the decoder, with the id of the statement that it counts."""
    found = re.search(r"\$\.(\w+)\[(\d+)\]", problem)
    if found is None:
        return problem
    kind, index = found[1], int(found[2])
    entry = read[kind][index]
    handle = entry.get("id") or entry.get("name") if isinstance(entry, dict) else None
    which = f"{kind} {handle!r}" if isinstance(handle, str) else f"{kind} number {index + 1}"
    return f"{which}: {problem}"

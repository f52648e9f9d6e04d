"""Writes configuration.md from the settings: `python docs/make_configuration.py`."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect as kinds

from credimus.runtime.settings import keeping as keeping_settings
from credimus.runtime.settings import reach as reach_settings
from credimus.runtime.settings import settings
from credimus.runtime.settings import spreading as spreading_settings
from credimus.runtime.settings import vigilance as vigilance_settings
from credimus.runtime.settings.layers import Field, fields

PAGE = Path(__file__).with_name("configuration.md")

HEAD = """# Configuration

<!-- made by make_configuration.py from src/credimus/runtime/settings/settings.py; do not edit -->

A node's settings are in `config.toml` in its folder; `credimus config path` prints where that is.
What is not there has a default.
`credimus config show --origin` shows every setting with its value and where it comes from.

## What goes before what

1. an option of `credimus up`, for one run;
2. an environment variable, for one run;
3. `config.toml`;
4. the default.

A variable is named after its section and its setting: `CREDIMUS_VOTING_TIMEOUT_MS` is `timeout_ms`
of `[voting]`, `CREDIMUS_VOTING_WEBHOOK_URL` is `url` of `[voting.webhook]`.
A list is written with commas: `CREDIMUS_VOTING_EVALUATORS=rules,local`.
The fleet has no variable: a folder belongs to one for life.
A threshold belongs to the scheme beside which it stands: another scheme from an option or variable
has its own.

What can not be used is refused with the name of the option, variable or setting and what to give.
A variable that begins with `CREDIMUS_` and sets nothing is told as a warning, with what may have
been meant.
Programs that load a node with `Daemon.load` read `config.toml` only.

Two more variables are no settings: `CREDIMUS_HOME` names the node's folder where `--home` does not,
and `CREDIMUS_DEBUG` shows the traceback of a bug.

## The settings

`[seed]` marks a default that the requirements gave, `[measured]` one that was measured, `[guess]`
the rest; a default without a mark follows from what the setting is.
"""
UNITS = {"_per_s": "per s", "_ms": "ms", "_s": "s", "_bytes": "bytes"}
"""By the end of a name, but for `_min` and `_max`; the first that fits."""
FROM = re.compile(r"\[(seed|guess|measured|paper)[^\]]*\]")

SOURCES = settings, spreading_settings, reach_settings, keeping_settings, vigilance_settings


def documented() -> dict[tuple[str, str], str]:
    """(section's class, field) -> the words below the field."""
    found = {}
    sources = (inspect.getsource(one) for one in SOURCES)
    shapes = (node for source in sources for node in ast.parse(source).body)
    for shape in (node for node in shapes if isinstance(node, ast.ClassDef)):
        for one, after in zip(shape.body, shape.body[1:], strict=False):
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                words = ast.get_docstring(ast.Module([after], []))  # type: ignore[arg-type]
                found[shape.name, one.target.id] = " ".join((words or "").split())
    return found


def words_of(field: Field, words: dict[tuple[str, str], str]) -> str:
    """What is said of a field, where it is declared."""
    name = field.name.rpartition(".")[2]
    return next((words[c.__name__, name] for c in field.shape.__mro__
                 if words.get((c.__name__, name))), "")  # fmt: skip


def range_of(kind: Any) -> str:  # noqa: C901 - one case for each kind
    """What may be given."""
    match kind:
        case kinds.Metadata():
            return range_of(kind.type)
        case kinds.UnionType():
            parts = [range_of(one) for one in kind.types if not isinstance(one, kinds.NoneType)]
            return " or ".join(parts)
        case kinds.LiteralType():
            return ", ".join(f"`{one}`" for one in kind.values)
        case kinds.IntType():
            return f"{kind.ge:,} to {kind.le:,}" if kind.le else "number"
        case kinds.BoolType():
            return "true, false"
            return "`true`, `false`"
        case kinds.FloatType() if kind.le:
            return f"up to {kind.le:,}"
        case kinds.FloatType():
            return "number" if kind.le is None else f"{kind.ge:g} to {kind.le:g}"
        case kinds.VarTupleType():
            return f"list of {range_of(kind.item_type)}"
        case kinds.StrType():
            if kind.pattern:
                return f"text matching `{kind.pattern}`"
            return f"text, {kind.min_length} to {kind.max_length}" if kind.max_length else "text"
        case _:
            raise TypeError(f"no words for {kind}")


def default_of(field: Field) -> str:
    """What holds when nothing is given."""
    value = field.default
    if value is msgspec.NODEFAULT:
        return "must be given"
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value)
    return f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"


def row(field: Field, words: dict[tuple[str, str], str]) -> str:
    """One line of the table."""
    said = words_of(field, words)
    marks = FROM.findall(said)
    meaning = FROM.sub("", said).replace("|", "/").strip()
    name = field.name.rpartition(".")[2]
    bare = name.removesuffix("_max").removesuffix("_min")
    unit = next((unit for end, unit in UNITS.items() if bare.endswith(end)), "")
    default = " ".join([default_of(field), *(f"[{one}]" for one in marks)])
    variable = f"`{field.variable}`" if field.variable else "none"
    limits = range_of(kinds.type_info(field.kind))
    return f"| `{name}` | {limits} | {unit} | {default} | {variable} | {meaning} |"


def page() -> str:
    """The text of configuration.md."""
    words = documented()
    lines, section = [HEAD.rstrip()], ""
    for field in fields():
        head = field.name.rpartition(".")[0]
        if head != section:
            section = head
            about = " ".join((field.shape.__doc__ or "").split())
            lines += ["", f"### [{section}]", "", about, "",
                      "| setting | range | unit | default | variable | meaning |",
                      "|---|---|---|---|---|---|"]  # fmt: skip
        lines.append(row(field, words))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())

"""The settings of a run, laid over each other: option, variable, config.toml, default.

A variable is named after its setting: `CREDIMUS_VOTING_TIMEOUT_MS` is `timeout_ms` of `[voting]`.
The fleet can not be set: a folder belongs to one for life. Deliberately not here: what settings
mean, and reading them without a run (settings.py).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import msgspec

from credimus.kernel.errors import UsageError
from credimus.kernel.wording import did_you_mean, sentence
from credimus.runtime.identity.credentials import read_file
from credimus.runtime.settings.settings import Settings

PREFIX = "CREDIMUS_"
OTHER_VARIABLES = ("CREDIMUS_HOME", "CREDIMUS_DEBUG", "CREDIMUS_PASSPHRASE_FILE")
"""Variables that are no settings: the node's folder, whether bugs show their traceback, and where
the passphrase of the node's key is."""
OriginKind = Literal["option", "variable", "file", "default"]


class Field(NamedTuple):
    """A setting."""

    name: str
    """With its sections: `voting.webhook.url`."""
    kind: Any
    """Its type, with its bounds."""
    default: Any
    """`msgspec.NODEFAULT` where one must be given."""
    shape: type[msgspec.Struct]
    """The section that declares it."""

    @property
    def variable(self) -> str | None:
        """The environment variable that sets it."""
        if self.name.startswith("fleet."):
            return None
        return PREFIX + self.name.replace(".", "_").upper()


class Origin(NamedTuple):
    """Where a value comes from."""

    kind: OriginKind
    where: str
    """The option, the variable, or file and line; empty for a default."""


class Given(NamedTuple):
    """A value that overrides config.toml."""

    value: Any
    origin: Origin


class Resolved(NamedTuple):
    """The settings of a run and where each comes from."""

    settings: Settings
    origins: dict[str, Origin]
    """By the name of the setting; of every setting that applies."""
    warnings: tuple[str, ...]
    """Variables that look like settings and are none."""
    idle: tuple[str, ...] = ()
    """Evaluators that are set up and never asked."""

    def shown(self) -> list[tuple[str, Any, Origin]]:
        """Name, value and origin of every setting; what may be secret in a URL is left out."""
        rows = []
        for name, origin in self.origins.items():
            value: Any = self.settings
            for part in name.split("."):
                value = getattr(value, part)
            rows.append((name, _without_secrets(value) if name.endswith(".url") else value, origin))
        return rows


def fields(shape: type[msgspec.Struct] = Settings, inside: str = "") -> list[Field]:
    """Every setting, in the order in which the sections declare them."""
    found = []
    for one in msgspec.structs.fields(shape):
        section = _section_of(one.type)
        if section is not None:
            found += fields(section, f"{inside}{one.name}.")
        else:
            default = one.default
            found.append(Field(f"{inside}{one.name}", one.type, default, shape))
    return found


def resolve(
    path: Path, variables: Mapping[str, str], options: Mapping[str, tuple[str, Any]] | None = None
) -> Resolved:
    """The settings of a run.

    Args:
        path: config.toml.
        variables: the environment.
        options: by name of the setting, the option as it is written and its value; those with the
            value None were not given.

    Raises:
        NotFound: `key-missing`.
        UsageError: `bad-config`, `bad-variable` or `bad-option`, naming what to mend.
        StorageError: `disk-failed`.
    """
    text, tree = _read(path)
    over = {**_from_variables(variables), **_from_options(options or {})}
    lines = _lines(text)
    if "voting.scheme" in over:
        _drop_lost_threshold(tree, over)
    for name, one in over.items():
        _put(tree, name, one.value)
    try:
        settings = msgspec.convert(tree, Settings)
    except msgspec.ValidationError as problem:
        given = ", ".join(one.origin.where for one in over.values())
        raise UsageError(
            "bad-config",
            f"{path} together with {given}: {sentence(problem, Settings)} Mend one of them.",
        ) from None
    origins = {}
    for field in fields():
        if field.name in over:
            origins[field.name] = over[field.name].origin
        elif _get(tree, field.name) is not None:
            origins[field.name] = Origin("file", f"{path.name}:{lines.get(field.name, '?')}")
        elif _applies(settings, field.name):
            origins[field.name] = Origin("default", "")
    return Resolved(settings, origins, tuple(_unknown(variables)), tuple(_idle(settings)))


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = read_file(path).decode()
        tree: dict[str, Any] = msgspec.toml.decode(text)
        msgspec.convert(tree, Settings)  # what is wrong in the file is told as the file's
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise UsageError(
            "bad-config", f"{path}: {sentence(problem, Settings)} Mend the file."
        ) from None
    return text, tree


def _from_variables(variables: Mapping[str, str]) -> dict[str, Given]:
    found = {}
    for field in fields():
        name = field.variable
        if name is None or name not in variables:
            continue
        value: Any = variables[name]
        if _is_list(field.kind):
            value = [one.strip() for one in value.split(",")]
        found[field.name] = _checked(field, value, Origin("variable", name), "bad-variable")
    return found


def _from_options(options: Mapping[str, tuple[str, Any]]) -> dict[str, Given]:
    known = {field.name: field for field in fields()}
    return {
        name: _checked(known[name], value, Origin("option", option), "bad-option")
        for name, (option, value) in options.items()
        if value is not None
    }


def _checked(field: Field, value: Any, origin: Origin, code: str) -> Given:
    """The value as the field wants it.

    Raises:
        UsageError: naming the option or variable.
    """
    try:
        return Given(msgspec.convert(value, field.kind, strict=False), origin)
    except msgspec.ValidationError as problem:
        raise UsageError(
            code,
            f"{origin.where} is {value!r:.60}: {sentence(problem, field.kind)} Mend it, or "
            f"leave it out for what config.toml says of {field.name}.",
        ) from None


def _drop_lost_threshold(tree: dict[str, Any], over: dict[str, Given]) -> None:
    """A threshold belongs to the scheme it was given with: another scheme has its own."""
    if over["voting.scheme"].value == tree.get("voting", {}).get("scheme", "byzantine"):
        return
    tree.get("voting", {}).pop("threshold", None)
    given = over.get("voting.threshold")
    if given is not None and given.origin.kind != over["voting.scheme"].origin.kind:
        del over["voting.threshold"]


def _unknown(variables: Mapping[str, str]) -> list[str]:
    """A sentence for each variable with our prefix that sets nothing."""
    known = [*OTHER_VARIABLES, *(one.variable for one in fields() if one.variable is not None)]
    told = []
    for name in sorted(variables):
        if name.startswith(PREFIX) and name not in known:
            bare = [one.removeprefix(PREFIX) for one in known]
            hint = did_you_mean(name.removeprefix(PREFIX), bare, PREFIX)
            hint = hint or "see docs/configuration.md."
            told.append(f"{name} sets nothing here; {hint}")
    return told


def _idle(settings: Settings) -> list[str]:
    """A sentence for each evaluator that has a table and no place in the chain."""
    voting = settings.voting
    chain = ", ".join(f'"{one}"' for one in voting.evaluators)
    return [
        f"[voting.{name}] is set, but never asked: evaluators of [voting] is [{chain}]; add "
        f'"{name}" there, or remove the table.'
        for name in ("rules", "callback", "webhook")
        if getattr(voting, name) is not None and name not in voting.evaluators
    ]


def _lines(text: str) -> dict[str, int]:
    """The line of every setting that stands alone on one, as config.toml is written."""
    found, section = {}, ""
    for number, line in enumerate(text.splitlines(), 1):
        head = re.match(r"\s*\[([\w.]+)\]", line)
        item = re.match(r"\s*(\w+)\s*=", line)
        if head is not None:
            section = head[1]
        elif item is not None:
            found[f"{section}.{item[1]}"] = number
    return found


def _put(tree: dict[str, Any], name: str, value: Any) -> None:
    *sections, last = name.split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
    tree[last] = value


def _get(tree: Any, name: str) -> Any:
    for part in name.split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def _applies(settings: Settings, name: str) -> bool:
    """Whether the section of a setting is there."""
    value: Any = settings
    for part in name.split(".")[:-1]:
        value = getattr(value, part)
    return value is not None


def _section_of(kind: Any) -> type[msgspec.Struct] | None:
    """The section that a type is, or may be."""
    for one in (kind, *getattr(kind, "__args__", ())):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one
    return None


def _is_list(kind: Any) -> bool:
    inner = getattr(kind, "__origin__", kind)
    return getattr(inner, "__origin__", inner) is tuple


def _without_secrets(url: Any) -> Any:
    """A URL with its query masked: senders put keys there."""
    if not isinstance(url, str) or "?" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "...", ""))

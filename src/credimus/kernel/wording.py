"""What is wrong with what people wrote, in words: which field, what it may be, what was meant.

Deliberately not here: raising; whoever reads the value knows whose mistake it is.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from msgspec import inspect

_SAID_MAX = 300
"""Characters of what msgspec says: it repeats what was given."""
_NAME_MAX = 60
"""Characters of a name that is compared with those that are known."""
_QUOTE = "'"
_GOT = ", got `"
_STEP = re.compile(r"\.([^.\[]+)|(\[[^\]]*\])")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`$", re.DOTALL)
_CHOICE = re.compile(r"Invalid enum value (.*)$", re.DOTALL)
_EXPECTED = re.compile(
    r"Expected `([^`]*)`((?:(?: of length)? [<>=]+ | of length |, got `).*)?$", re.DOTALL
)
_TWICE = re.compile(r"Cannot declare (?P<keys>\(.*\)) twice (?P<where>\(.*\))$")
_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "named fields",
    "array": "a list",
    "null": "nothing",
}


def plainly(problem: Exception, shape: Any = None) -> str:
    """What is wrong, without a full stop; in the reader's own words where there are no better ones.

    Args:
        problem: what msgspec raised as it read a value.
        shape: the type that the value was to have, to tell what it may be.
    """
    said = str(problem).rstrip(".")[:_SAID_MAX]
    if (twice := _TWICE.match(said)) is not None:
        name = ".".join(re.findall(r"'([^']*)'", twice["keys"]))
        return f"[{name}] stands there twice {twice['where']}; put all of it under one heading"
    what, _, place = said.partition(" - at `$")
    at = place.removesuffix("`").removeprefix(".")
    kind = None if shape is None else _kind_at(inspect.type_info(shape), place)
    if (found := _UNKNOWN.match(what)) is not None:
        return f"`{_within(at, found[1])}` is not known; {_may_be(found[1], _fields(kind))}"
    if (found := _MISSING.match(what)) is not None:
        return f"`{_within(at, found[1])}` is missing; it must be given"
    if (found := _CHOICE.match(what)) is not None:
        choices = _may_be(found[1].strip(_QUOTE), _choices(kind))
        return f"`{at}` is {found[1]}; {choices}" if at else choices
    if not at:
        return said
    if what.startswith("Expected `str` matching regex") and (wanted := _wanted(kind)):
        return f"`{at}`: give {wanted}"
    if (found := _EXPECTED.match(what)) is not None:
        more = found[2] or ""
        if more.startswith(_GOT):
            more = f", not {_words(more.removeprefix(_GOT).rstrip('`'))}"
        return f"`{at}` must be {_words(found[1])}{more}"
    return said


def sentence(problem: Exception, shape: Any = None) -> str:
    """What is wrong, as `plainly` says it, as a sentence."""
    return ended(plainly(problem, shape))


def ended(said: str) -> str:
    """The words with one mark at their end."""
    return said if said.endswith("?") else f"{said}."


def did_you_mean(given: str, known: Iterable[str], prefix: str = "") -> str:
    """The question after what is known and nearest to what was given; empty when nothing is near.

    Args:
        prefix: what all names begin with, but for those given here.
    """
    near = get_close_matches(given[:_NAME_MAX], [*known], 1)
    return f"did you mean `{prefix}{near[0]}`?" if near else ""


def _within(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _may_be(given: str, known: Sequence[str]) -> str:
    every = f"known are {', '.join(known)}" if known else "leave it out"
    return did_you_mean(given, known) or every


def _words(kinds: str) -> str:
    return " or ".join(_KINDS.get(one, one) for one in kinds.split(" | "))


def _kind_at(kind: inspect.Type, place: str) -> inspect.Type | None:
    """The type of what stands at a place such as `.voting.evaluators[0]`."""
    for name, _ in _STEP.findall(place.removesuffix("`")):
        found = next((one for one in _bare(kind) if _holds(one, name)), None)
        match found:
            case inspect.StructType() if name:
                kind = next(one.type for one in found.fields if one.encode_name == name)
            case inspect.ListType() | inspect.VarTupleType():
                kind = found.item_type
            case _:
                return None
    return kind


def _holds(kind: inspect.Type, name: str) -> bool:
    if isinstance(kind, inspect.StructType):
        return any(one.encode_name == name for one in kind.fields)
    return not name and isinstance(kind, inspect.ListType | inspect.VarTupleType)


def _bare(kind: inspect.Type | None) -> list[inspect.Type]:
    """The types that a type stands for, without what is said about them."""
    match kind:
        case None:
            return []
        case inspect.Metadata(inner):
            return _bare(inner)
        case inspect.UnionType(kinds):
            return [one for part in kinds for one in _bare(part)]
        case _:
            return [kind]


def _fields(kind: inspect.Type | None) -> list[str]:
    return [
        field.encode_name
        for one in _bare(kind)
        if isinstance(one, inspect.StructType)
        for field in one.fields
    ]


def _choices(kind: inspect.Type | None) -> list[str]:
    found: list[str] = []
    for one in _bare(kind):
        if isinstance(one, inspect.LiteralType):
            found += [str(value) for value in one.values]
        elif isinstance(one, inspect.EnumType):
            found += [str(member.value) for member in one.cls]
    return found


def _wanted(kind: inspect.Type | None) -> str | None:
    """What `Meta(extra={"wanted": ...})` says of a text that must have a certain form."""
    if isinstance(kind, inspect.Metadata):
        return str(kind.extra["wanted"]) if kind.extra else _wanted(kind.type)
    if isinstance(kind, inspect.UnionType):
        return next((found for one in kind.types if (found := _wanted(one))), None)
    return None

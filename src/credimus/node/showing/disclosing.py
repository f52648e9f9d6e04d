"""Shapes whose enclosed texts are replaced by what they say, as far as this node can read them."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import msgspec

from credimus.lace.enclosing import is_enclosed

Shape = TypeVar("Shape")


def disclosed(shape: Shape, shown: Callable[[str], str]) -> Shape:
    """The same value; enclosed texts in it, at any depth, are shown.

    Args:
        shown: what stands for an enclosed text.
    """
    return cast(Shape, _disclosed(shape, shown))


def _disclosed(value: Any, shown: Callable[[str], str]) -> Any:
    match value:
        case str():
            return shown(value) if is_enclosed(value) else value
        case list() | tuple():
            return type(value)(_disclosed(one, shown) for one in value)
        case msgspec.Struct():
            inside = {name: getattr(value, name) for name in value.__struct_fields__}
            opened = {name: _disclosed(one, shown) for name, one in inside.items()}
            changed = {name: one for name, one in opened.items() if one is not inside[name]}
            return msgspec.structs.replace(value, **changed) if changed else value
        case _:
            return value

"""Puts another function in the place of one, for a while."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def patched(owner: type | ModuleType, name: str, replacement: Callable[..., Any]) -> Iterator[None]:
    """While this lasts, `name` of a class or module is the replacement."""
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    try:
        yield
    finally:
        setattr(owner, name, original)

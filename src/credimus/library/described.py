"""Shapes that are known to msgspec before threads use them.

It takes a class apart at the first use, and the process crashes when two threads come first at
once [measured: msgspec 0.22, one in twenty runs of eight threads]. So that is done here, by one
thread at a time; afterwards a shape may be used by all.
"""

import threading
from typing import TypeVar

import msgspec

Shape = TypeVar("Shape")
_turn = threading.Lock()
_described: set[object] = set()


def described(shape: type[Shape]) -> type[Shape]:
    """The same shape, known."""
    if shape not in _described:
        with _turn:
            if shape not in _described:
                msgspec.json.Decoder(shape)
                _described.add(shape)
    return shape

"""Threads that share the library: what msgspec can not bear at once happens one after the other."""

import threading
from typing import Any

import msgspec
import pytest

from credimus.library import described as module
from credimus.library.described import described


class New(msgspec.Struct):
    """A shape that nobody used before."""

    number: int


def test_a_shape_is_taken_apart_by_one_thread_at_a_time_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both_inside = threading.Barrier(2)
    met: list[bool] = []

    class Watched:
        def __init__(self, _: Any) -> None:
            try:
                both_inside.wait(0.1)
            except threading.BrokenBarrierError:
                met.append(False)
            else:
                met.append(True)

    monkeypatch.setattr(module.msgspec.json, "Decoder", Watched)
    threads = [threading.Thread(target=described, args=(New,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == [False]
    assert described(New) is New

"""The ring of events: numbers, what is kept, who is woken."""

import asyncio

import pytest

from credimus.kernel import limits
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Unavailable
from credimus.kernel.ids import BeliefId, NodeId
from credimus.node.config import Config
from credimus.node.events import Sealed
from credimus.node.node import Node
from credimus.runtime.feed import Feed
from credimus.state.events import BeliefChanged
from strategies import FLEET, SIGNERS


def feed(kept: int = 4) -> Feed:
    return Feed(Node(FLEET, SIGNERS[:1], Config(), Entropy(b"feed")), kept)


def changed(number: int) -> BeliefChanged:
    return BeliefChanged(BeliefId(bytes([number]) * 16))


def test_numbers_go_up_by_one_and_the_oldest_go() -> None:
    one = feed()
    assert (one.first, one.last, one.after(0, 9)) == (1, 0, [])
    one.note([changed(1), Sealed(NodeId(bytes(16)), 1), changed(2)])
    assert [told.number for told in one.after(0, 9)] == [1, 2]
    one.note([changed(number) for number in range(3, 8)])
    assert (one.first, one.last) == (4, 7)
    assert [told.number for told in one.after(0, 9)] == [4, 5, 6, 7]
    assert [told.number for told in one.after(4, 2)] == [5, 6]
    assert [told.event for told in one.after(6, 9)] == [changed(7)]
    assert one.after(7, 9) == []


def test_runs_have_names_of_their_own() -> None:
    assert feed().run != feed().run


def test_readers_are_woken_by_events_that_are_told_and_by_the_end() -> None:
    async def scene() -> list[bool]:
        one = feed()
        waiting = [one.more() for _ in range(2)]
        one.note([Sealed(NodeId(bytes(16)), 1)])
        found = [waiting[0].done()]
        one.note([changed(1)])
        found += [future.done() for future in waiting]
        last = one.more()
        one.close()
        return [*found, last.done(), one.more().done()]

    assert asyncio.run(scene()) == [False, True, True, True, True]


def test_readers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STREAMS_MAX", 1)
    one = feed()
    one.enter()
    with pytest.raises(Unavailable) as caught:
        one.enter()
    assert caught.value.code == "too-many-streams"
    one.leave()
    one.enter()
    one.close()
    with pytest.raises(Unavailable):
        one.enter()

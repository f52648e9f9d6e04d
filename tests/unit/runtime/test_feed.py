"""What happened has the same number after a restart; a slow reader learns what it missed."""

import asyncio

import pytest
from hypothesis import given

from credimus.kernel.errors import Unavailable, UsageError
from credimus.lace.block import Block
from credimus.node.events import Sealed
from credimus.runtime import feed as module
from credimus.runtime.feed import Feed
from credimus.state.events import BeliefChanged, MemberLeft, StateEvent
from strategies import BELIEFS, MEMBERS, Replica, histories


def changed(count: int) -> list[StateEvent]:
    return [BeliefChanged(BELIEFS[number % 2]) for number in range(count)]


def test_events_are_read_from_any_place_on() -> None:
    feed = Feed(MEMBERS[0])
    events = changed(5)
    feed.note([*events[:2], Sealed(MEMBERS[0], 1), *events[2:]])
    assert feed.number == 5, "what a node tells itself alone is not counted"
    assert feed.read(0, 10) == (0, 1, events)
    assert feed.read(2, 2) == (0, 3, events[2:4])
    assert feed.read(5, 10) == (0, 6, [])
    assert feed.number_of(feed.cursor(3)) == 3


def test_a_slow_reader_is_told_how_much_it_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVENTS_KEPT", 4)
    feed = Feed(MEMBERS[0])
    events = changed(10)
    for event in events:
        feed.note([event])
    assert feed.read(0, 2) == (6, 7, events[6:8])
    assert feed.read(8, 9) == (0, 9, events[8:])


@pytest.mark.parametrize("cursor", ["", "7", "x-1", "{0}-", "{0}-6", "{0}--1", "{0}-²", "{0}-1e0"])
def test_a_cursor_of_another_node_or_of_the_future_is_refused(cursor: str) -> None:
    feed = Feed(MEMBERS[0])
    feed.note(changed(5))
    with pytest.raises(UsageError, match="no cursor"):
        feed.number_of(cursor.format(feed.cursor(0).partition("-")[0]))
    with pytest.raises(UsageError):
        feed.number_of(Feed(MEMBERS[1]).cursor(0))


def test_readers_wait_until_something_comes_or_the_node_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WATCHERS_MAX", 2)

    async def main() -> None:
        feed = Feed(MEMBERS[0])
        assert await feed.wait(0, 0.001) is False
        waiting = [asyncio.create_task(feed.wait(0)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="too many"):
            await feed.wait(0)
        feed.note([MemberLeft(MEMBERS[1])])
        assert await asyncio.gather(*waiting) == [True, True]
        assert await feed.wait(0) is True
        last = asyncio.create_task(feed.wait(1))
        await asyncio.sleep(0)
        feed.end()
        with pytest.raises(Unavailable, match="stopping"):
            await last

    asyncio.run(main())


@given(histories())
def test_a_restart_tells_the_same_in_the_same_order(blocks: list[Block]) -> None:
    replica = Replica()
    live = [event for block in blocks for taken in replica.take(block) for event in taken.events]
    again = Replica()
    told = [event for block in replica.log for event in again.ingress.restore(block.wire).events]
    assert told == live

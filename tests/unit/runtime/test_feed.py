"""What happened has the same number after a restart; a slow reader learns what it missed."""

import asyncio

import pytest
from hypothesis import given

from credimus.kernel.errors import Unavailable, UsageError
from credimus.lace.block import Block
from credimus.node.events import Sealed
from credimus.protocol.membership.interface import PeerDead
from credimus.runtime import feed as module
from credimus.runtime.feed import Feed, Mark
from credimus.state.events import BeliefChanged, MemberLeft, StateEvent
from liars import histories
from strategies import (
    BELIEFS,
    MEMBERS,
    Replica,
)


def changed(count: int) -> list[StateEvent]:
    return [BeliefChanged(BELIEFS[number % 2]) for number in range(count)]


def numbered(events: list[StateEvent], first: int) -> list[tuple[Mark, StateEvent]]:
    return [(Mark(number), event) for number, event in enumerate(events, first)]


def test_events_are_read_from_any_place_on() -> None:
    feed = Feed(MEMBERS[0])
    events = changed(5)
    feed.note([*events[:2], Sealed(MEMBERS[0], 1), *events[2:]])
    assert feed.number == 5, "what a node tells itself alone is not counted"
    assert feed.read(Mark(0), 10) == (0, Mark(0), numbered(events, 1))
    assert feed.read(Mark(2), 2) == (0, Mark(2), numbered(events[2:4], 3))
    assert feed.read(Mark(5), 10) == (0, Mark(5), [])
    assert feed.mark_of(feed.cursor(Mark(3))) == Mark(3)


def test_a_slow_reader_is_told_how_much_it_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVENTS_KEPT", 4)
    feed = Feed(MEMBERS[0])
    events = changed(10)
    for event in events:
        feed.note([event])
    assert feed.read(Mark(0), 2) == (6, Mark(6), numbered(events[6:8], 7))
    assert feed.read(Mark(8), 9) == (0, Mark(8), numbered(events[8:], 9))


def seen(peer: int) -> PeerDead:
    return PeerDead(MEMBERS[peer])


def test_what_only_this_node_saw_stands_between_the_facts_and_shifts_no_number() -> None:
    moments = iter([50, 50, 40, 90])
    feed = Feed(MEMBERS[0], lambda: next(moments))
    facts = changed(2)
    feed.note([facts[0], seen(1), seen(2), facts[1], seen(1)])
    assert feed.number == 2
    order = [Mark(1), Mark(1, 50), Mark(1, 51), Mark(2), Mark(2, 52)]
    assert [mark for mark, _ in feed.read(Mark(0), 9).events] == order
    assert feed.newest == Mark(2, 52), "a wall clock that goes back goes on"
    for place, mark in enumerate(order):
        assert feed.mark_of(feed.cursor(mark)) == mark
        assert [one for one, _ in feed.read(mark, 9).events] == order[place + 1 :]
    assert [one for one, _ in feed.read(Mark(0), 3).events] == order[:3], "no more than asked for"


def test_after_a_restart_a_reader_misses_and_repeats_nothing() -> None:
    before = Feed(MEMBERS[0], lambda: 100)
    facts = changed(3)
    before.note([*facts[:2], seen(1)])
    cursor = before.cursor(before.newest)
    after = Feed(MEMBERS[0], lambda: 200)
    after.note(facts[:2])
    place = after.mark_of(cursor)
    assert after.read(place, 9).events == [], "the facts before it are not told again"
    after.note([seen(2), facts[2]])
    told = after.read(place, 9).events
    assert told == [(Mark(2, 200), seen(2)), (Mark(3), facts[2])]


def test_a_reader_behind_the_kept_facts_is_told_no_older_event_of_the_node_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "EVENTS_KEPT", 2)
    monkeypatch.setattr(module, "LOCAL_KEPT", 2)
    feed = Feed(MEMBERS[0], lambda: 7)
    facts = changed(4)
    for event in (seen(0), facts[0], seen(1), *facts[1:], seen(2)):
        feed.note([event])
    found = feed.read(Mark(0), 9)
    assert (found.missed, found.after) == (2, Mark(2))
    assert [mark for mark, _ in found.events] == [Mark(3), Mark(4), Mark(4, 9)]


def test_a_reader_wakes_for_what_only_this_node_saw() -> None:
    async def main() -> None:
        feed = Feed(MEMBERS[0])
        waiting = asyncio.create_task(feed.wait(Mark(0)))
        await asyncio.sleep(0)
        feed.note([seen(1)])
        assert await waiting is True

    asyncio.run(main())


@pytest.mark.parametrize(
    "cursor",
    ["", "7", "x-1", "{0}-", "{0}-6", "{0}--1", "{0}-²", "{0}-1e0", "{0}-1.", "{0}-1.x", "{0}-.1"],
)
def test_a_cursor_of_another_node_or_of_the_future_is_refused(cursor: str) -> None:
    feed = Feed(MEMBERS[0])
    feed.note(changed(5))
    with pytest.raises(UsageError, match="no cursor"):
        feed.mark_of(cursor.format(feed.cursor(Mark(0)).partition("-")[0]))
    with pytest.raises(UsageError):
        feed.mark_of(Feed(MEMBERS[1]).cursor(Mark(0)))


def test_readers_wait_until_something_comes_or_the_node_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WATCHERS_MAX", 2)

    async def main() -> None:
        feed = Feed(MEMBERS[0])
        assert await feed.wait(Mark(0), 0.001) is False
        waiting = [asyncio.create_task(feed.wait(Mark(0))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="too many"):
            await feed.wait(Mark(0))
        feed.note([MemberLeft(MEMBERS[1])])
        assert await asyncio.gather(*waiting) == [True, True]
        assert await feed.wait(Mark(0)) is True
        last = asyncio.create_task(feed.wait(Mark(1)))
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

"""The inbox lets messages gather when asked to, and no longer than until every peer has spoken."""

import asyncio
from collections.abc import Callable

from credimus.kernel.effects import SOON_NS, Wake
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND
from credimus.kernel.limits import INBOX_FREE, INBOX_MAX, INBOX_SHARE_MAX
from credimus.runtime.transport.inbox import Inbox
from credimus.runtime.transport.interface import Counts, Received

PEERS = [NodeId(bytes([n]) * 16) for n in range(3)]
FOR_EVER_S = 3_600.0


def _heard(work: Callable[[Inbox], object], peer_count: int) -> list[list[Received]]:
    """The batches handed over when everything that is ready has run."""
    batches: list[list[Received]] = []

    async def run() -> None:
        inbox = Inbox(asyncio.get_running_loop(), batches.append, Counts())
        inbox.peer_count = peer_count
        work(inbox)
        for _ in range(5):
            await asyncio.sleep(0)
        inbox.shut()

    asyncio.run(run())
    return batches


def test_a_burst_is_one_batch() -> None:
    def burst(inbox: Inbox) -> None:
        for peer in PEERS:
            inbox.put(peer + b"hello")

    assert _heard(burst, 3) == [[(peer, b"hello") for peer in PEERS]]


def test_a_gathering_ends_when_all_peers_have_spoken() -> None:
    def one_by_one(inbox: Inbox) -> None:
        loop = asyncio.get_running_loop()
        inbox.gather(FOR_EVER_S)
        inbox.put(PEERS[0] + b"a")
        loop.call_soon(lambda: loop.call_soon(lambda: inbox.put(PEERS[1] + b"b")))

    assert _heard(one_by_one, 2) == [[(PEERS[0], b"a"), (PEERS[1], b"b")]]


def test_what_waits_when_a_gathering_begins_counts() -> None:
    def after_all(inbox: Inbox) -> None:
        for peer in PEERS:
            inbox.put(peer + b"hello")
        inbox.gather(FOR_EVER_S)

    assert _heard(after_all, 3) == [[(peer, b"hello") for peer in PEERS]]


def test_a_gathering_goes_on_while_a_peer_is_silent_and_ends_with_its_time() -> None:
    def one_of_two(inbox: Inbox, seconds: float) -> None:
        inbox.gather(seconds)
        inbox.put(PEERS[0] + b"a")

    assert _heard(lambda inbox: one_of_two(inbox, FOR_EVER_S), 2) == []
    assert _heard(lambda inbox: one_of_two(inbox, 0.0), 2) == [[(PEERS[0], b"a")]]


def test_a_gathering_is_for_one_batch() -> None:
    def twice(inbox: Inbox) -> None:
        loop = asyncio.get_running_loop()
        inbox.gather(0.0)
        inbox.put(PEERS[0] + b"a")
        loop.call_later(0.0, lambda: loop.call_soon(lambda: inbox.put(PEERS[1] + b"b")))

    assert _heard(twice, 3)[0] == [(PEERS[0], b"a")]


def test_what_wakes_soon_does_so_also_after_a_drain_that_came_between() -> None:
    """A thread had put a message, and its loop had taken it, before the thread asked to be woken
    for it: the flag stood for nothing, and the next message did not set it."""
    batches: list[list[Received]] = []

    async def run() -> None:
        inbox = Inbox(asyncio.get_running_loop(), batches.append, Counts())
        inbox._is_soon = True
        inbox._wait()
        await asyncio.sleep(2 * SOON_NS / SECOND)
        inbox.put(PEERS[0] + b"soon", Wake.SOON)
        while not batches:
            await asyncio.sleep(0.001)
        inbox.shut()

    asyncio.run(asyncio.wait_for(run(), 30))
    assert batches == [[(PEERS[0], b"soon")]]


def test_what_wakes_nobody_waits_until_it_is_fetched_with_what_is_calm() -> None:
    def some(inbox: Inbox) -> None:
        inbox.put(PEERS[0] + b"calm", Wake.NEVER)
        inbox.put(PEERS[1] + b"now")
        inbox.fetch(calm=False)

    assert _heard(some, 3) == [[(PEERS[1], b"now")]]
    assert _heard(lambda inbox: (some(inbox), inbox.fetch()), 3) == [
        [(PEERS[1], b"now")],
        [(PEERS[0], b"calm")],
    ]


def test_a_flood_of_calm_messages_takes_no_room_from_others_and_each_sender_has_a_share() -> None:
    def flood(inbox: Inbox) -> None:
        for _ in range(INBOX_MAX + 1):
            inbox.put(PEERS[0] + b"x", Wake.NEVER)
        inbox.put(PEERS[1] + b"calm", Wake.NEVER)
        inbox.put(PEERS[2] + b"now")
        inbox.fetch()

    calm, now = _heard(flood, 3)
    assert now == [(PEERS[2], b"now")]
    assert len(calm) == INBOX_FREE + INBOX_SHARE_MAX + 1
    assert calm[-1] == (PEERS[1], b"calm")

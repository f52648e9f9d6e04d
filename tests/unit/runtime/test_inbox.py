"""The inbox lets messages gather for a pause, and no longer than until every peer has spoken."""

import asyncio
from collections.abc import Callable

from credimus.kernel.ids import NodeId
from credimus.runtime.transport.inbox import Inbox
from credimus.runtime.transport.interface import Counts, Received

PEERS = [NodeId(bytes([n]) * 16) for n in range(3)]
FOR_EVER_S = 3_600.0


def _heard(work: Callable[[Inbox], None], pause_s: float, peer_count: int) -> list[list[Received]]:
    """The batches handed over when everything that is ready has run."""
    batches: list[list[Received]] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        inbox = Inbox(loop, batches.append, Counts(), lambda: pause_s)
        inbox.peer_count = peer_count
        work(inbox)
        for _ in range(5):
            await asyncio.sleep(0)
        inbox.shut()

    asyncio.run(run())
    return batches


def test_without_a_pause_a_burst_is_one_batch() -> None:
    def burst(inbox: Inbox) -> None:
        for peer in PEERS:
            inbox.put(peer + b"hello")

    assert _heard(burst, 0.0, 3) == [[(peer, b"hello") for peer in PEERS]]


def test_a_pause_ends_when_all_peers_have_spoken() -> None:
    def one_by_one(inbox: Inbox) -> None:
        loop = asyncio.get_running_loop()
        inbox.put(PEERS[0] + b"a")
        loop.call_soon(lambda: loop.call_soon(lambda: inbox.put(PEERS[1] + b"b")))

    assert _heard(one_by_one, FOR_EVER_S, 2) == [[(PEERS[0], b"a"), (PEERS[1], b"b")]]


def test_a_pause_goes_on_while_a_peer_is_silent() -> None:
    assert _heard(lambda inbox: inbox.put(PEERS[0] + b"a"), FOR_EVER_S, 2) == []

"""Under pressure a driver takes turns, waits with its receipts, and says when it is full."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Unavailable
from credimus.kernel.ids import BeliefId, fleet_id
from credimus.lace.frontier import Frontier
from credimus.node.commands import AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.sync.interface import Beacon
from credimus.runtime.deciding import Deciding
from credimus.runtime.driver import Driver
from credimus.runtime.store.memory import MemoryStore
from credimus.state.operations import Assert, Found
from strategies import SIGNERS

RATE = 50
NONCE = bytes(16)
FLEET = fleet_id(SIGNERS[0].public, NONCE, 0, RATE)
PEER = SIGNERS[1].node_id


def play(scene: Callable[[Driver], Awaitable[None]]) -> None:
    async def main() -> None:
        node = Node(FLEET, [SIGNERS[0]], Config(), Entropy(b"pressure"))
        node.found(Found("limited", NONCE, SIGNERS[0].public, "n0", "", 0, RATE))
        driver = Driver(node, MemoryStore())
        driver.begin()
        await turns()
        try:
            await scene(driver)
        finally:
            driver.close()

    asyncio.run(asyncio.wait_for(main(), 30))


async def turns(count: int = 8) -> None:
    """Let what is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)


def test_a_flood_is_taken_in_several_steps_and_then_all_of_it() -> None:
    async def scene(driver: Driver) -> None:
        payload = encode(Beacon(Frontier(())))
        before = driver.step_count
        driver.deliver([(PEER, payload)] * 1_000)
        await turns(200)
        assert not driver._inbox
        assert driver.step_count - before >= 900 // limits.TURN_ROUNDS_MAX
        driver.deliver([(PEER, payload)] * (limits.INBOX_FREE + limits.INBOX_SHARE_MAX + 3))
        assert driver.inbox_dropped_count == 3
        driver.deliver([(SIGNERS[2].node_id, payload)])
        assert driver.inbox_dropped_count == 3, "another has room"

    play(scene)


def test_what_is_held_back_is_not_told_as_durable() -> None:
    async def scene(driver: Driver) -> None:
        node = driver.node
        receipt = driver.submit(AssertBelief(content="first", propose=False))
        for number in range(6_000):
            node.authors[0].say(Assert(number + 2, f"said {number}", "general", 1))
        with pytest.raises(Unavailable) as caught:
            driver.submit(AssertBelief(content="second", propose=False))
        assert caught.value.code == "overloaded"
        assert caught.value.retry_after_ms
        await turns()
        assert node.is_held_back
        assert not receipt.is_local
        node.state.roster.units_per_s_max = 0  # in place of minutes in which the bucket fills
        await receipt.local()
        assert not node.authors[0].has_open

    play(scene)


def test_callers_who_wait_are_counted_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAITING_RECEIPTS_MAX", 3)

    async def scene(_: Driver) -> None:
        deciding = Deciding(lambda _: None)
        belief = BeliefId(bytes(16))
        waiting = [deciding.wait(belief) for _ in range(3)]
        with pytest.raises(Unavailable, match="too many callers"):
            deciding.wait(belief)
        deciding.forget(belief, waiting[0])
        deciding.wait(belief)

    play(scene)


def test_watchers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WATCHERS_MAX", 2)

    async def scene(driver: Driver) -> None:
        ends = [driver.watch(lambda: None) for _ in range(2)]
        with pytest.raises(Unavailable, match="too many callers"):
            driver.watch(lambda: None)
        ends[0]()
        driver.watch(lambda: None)

    play(scene)

"""A write with a key is made once: again, meanwhile, after a restart, after a crash in between."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from credimus.kernel import limits
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Conflict, StorageError, Unavailable, UsageError
from credimus.node.commands import AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.runtime.driver import Driver
from credimus.runtime.founding import stored
from credimus.runtime.idempotency import FAMILY, Key, Once
from credimus.runtime.receipt import Receipt
from credimus.runtime.store.memory import MemoryStore
from strategies import FLEET, GENESIS, SIGNERS

RAIN = AssertBelief(content="it rains", propose=False)


async def answering(receipt: Receipt) -> bytes:
    """What callers are told: the block and the belief."""
    await receipt.local()
    return f"{receipt.sequence} {receipt.belief.hex()}".encode()


async def impatient(receipt: Receipt) -> bytes:
    """Gives up once the write is durable."""
    await receipt.local()
    raise Unavailable("undecided", "too few electors have answered alike")


def play(scene: Callable[[Driver], Awaitable[None]], store: MemoryStore | None = None) -> None:
    """Play a scene at a fleet's founder, on a store that may outlive it."""

    async def main(disk: MemoryStore) -> None:
        disk.append([stored(GENESIS)])
        node = Node(FLEET, SIGNERS[:1], Config(), Entropy(b"once"))
        node.restore(block.wire for block in disk.blocks())
        driver = Driver(node, disk)
        driver.begin()
        await scene(driver)
        driver.close()

    asyncio.run(asyncio.wait_for(main(MemoryStore() if store is None else store), 30))


def test_a_repeated_key_gives_the_first_answer_and_writes_nothing() -> None:
    async def scene(driver: Driver) -> None:
        once = Once(driver)
        first, again = await once.write(Key("k"), b"rain", RAIN, answering)
        assert not again
        blocks = driver.store.block_count
        await driver.submit(AssertBelief(content="it pours")).local()
        assert await once.write(Key("k"), b"rain", RAIN, answering) == (first, True)
        assert (await once.write(Key("k", "other"), b"snow", RAIN, answering))[1] is False
        other, again = await once.write(Key("l"), b"rain", RAIN, answering)
        assert other != first
        assert not again
        assert driver.store.block_count > blocks

    play(scene)


def test_the_same_key_for_another_request_is_refused() -> None:
    async def scene(driver: Driver) -> None:
        once = Once(driver)
        await once.write(Key("k"), b"rain", RAIN, answering)
        with pytest.raises(Conflict) as caught:
            await once.write(Key("k"), b"snow", RAIN, answering)
        assert caught.value.code == "key-reused"

    play(scene)


def test_callers_at_the_same_time_share_one_write() -> None:
    async def scene(driver: Driver) -> None:
        once = Once(driver)
        blocks = driver.store.block_count
        answers = await asyncio.gather(
            *(once.write(Key("k"), b"rain", RAIN, answering) for _ in range(5))
        )
        assert len({body for body, _ in answers}) == 1
        assert [again for _, again in answers].count(False) == 1
        assert driver.store.block_count == blocks + 1
        waiting = asyncio.gather(
            once.write(Key("l"), b"rain", RAIN, answering),
            once.write(Key("l"), b"snow", RAIN, answering),
            return_exceptions=True,
        )
        assert isinstance((await waiting)[1], Conflict)

    play(scene)


def test_a_key_outlives_a_restart() -> None:
    store = MemoryStore()
    answers: list[bytes] = []

    async def scene(driver: Driver) -> None:
        answers.append((await Once(driver).write(Key("k"), b"rain", RAIN, answering))[0])

    async def count(driver: Driver) -> None:
        blocks = driver.store.block_count
        answers.append((await Once(driver).write(Key("k"), b"rain", RAIN, answering))[0])
        assert driver.store.block_count == blocks

    play(scene, store)
    play(count, store)
    assert answers[0] == answers[1]


def test_where_the_answer_was_lost_the_receipt_of_the_first_write_is_told() -> None:
    """The key is in the transaction of the block; the answer may come later, or never."""
    store = MemoryStore()

    async def crash(driver: Driver) -> None:
        with pytest.raises(Unavailable):
            await Once(driver).write(Key("k"), b"rain", RAIN, impatient)

    async def again(driver: Driver) -> None:
        blocks = driver.store.block_count
        body, before = await Once(driver).write(Key("k"), b"rain", RAIN, answering)
        assert before
        assert int(body.split()[0]) == driver.node.lace.head(driver.node.id).sequence  # type: ignore[union-attr]
        assert driver.store.block_count == blocks

    play(crash, store)
    play(again, store)


def test_a_refused_write_keeps_no_key() -> None:
    async def scene(driver: Driver) -> None:
        once = Once(driver)
        with pytest.raises(UsageError):
            await once.write(Key("k"), b"rain", AssertBelief(content=""), answering)
        assert driver.store.facts(FAMILY) == []
        assert (await once.write(Key("k"), b"snow", RAIN, answering))[1] is False

    play(scene)


def test_keys_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KEYS_MAX", 2)

    async def scene(driver: Driver) -> None:
        once = Once(driver)
        for key in "abc":
            await once.write(Key(key), b"rain", RAIN, answering)
        assert len(driver.store.facts(FAMILY)) == 2
        assert (await once.write(Key("c"), b"rain", RAIN, answering))[1] is True
        assert (await once.write(Key("a"), b"rain", RAIN, answering))[1] is False
        for wrong in ("", "k" * (limits.KEY_BYTES_MAX + 1)):
            with pytest.raises(UsageError) as caught:
                await once.write(Key(wrong), b"rain", RAIN, answering)
            assert caught.value.code == "bad-key"

    play(scene)


def test_a_damaged_fact_is_named() -> None:
    async def scene(driver: Driver) -> None:
        once = Once(driver)
        await once.write(Key("k"), b"rain", RAIN, answering)
        ((name, _),) = driver.store.facts(FAMILY)
        driver.store.remember(name, b"\xff")
        with pytest.raises(StorageError, match=name):
            await once.write(Key("k"), b"rain", RAIN, answering)

    play(scene)

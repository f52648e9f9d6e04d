"""A keyed write is made once: while it waits, after it is durable, and after a restart."""

import asyncio
from collections.abc import Sequence

import pytest

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Conflict, StorageError, UsageError
from credimus.kernel.ids import BeliefId
from credimus.node.commands import AnyCommand, AssertBelief, RelateBeliefs, RetractBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.runtime import keys
from credimus.runtime.driver import Driver
from credimus.runtime.joining.founding import stored
from credimus.runtime.receipt import Receipt
from credimus.runtime.store.interface import Fact, StoredBlock
from credimus.runtime.store.memory import MemoryStore
from credimus.state.operations import Evidence, Relation
from strategies import FLEET, GENESIS, SIGNERS

RAIN = AssertBelief(content="it rains", evidence=(Evidence("sensor", "gauge 7"),))
SNOW = AssertBelief(content="it snows")


class Full(MemoryStore):
    """A disk that is full until it has room."""

    full = True

    def append(
        self, blocks: Sequence[StoredBlock], facts: Sequence[Fact] = (), *, synced: bool = True
    ) -> None:
        """Refuse all while it is full."""
        if self.full:
            raise StorageError("disk-full", "the disk is full")
        super().append(blocks, facts, synced=synced)


def driver_on(store: MemoryStore) -> Driver:
    """A node restored from a store, at work; called on the event loop."""
    node = Node(FLEET, SIGNERS[:1], Config(), Entropy(b"keys"))
    node.restore(block.wire for block in store.blocks())
    driver = Driver(node, store)
    driver.begin()
    return driver


def fresh(kind: type[MemoryStore] = MemoryStore) -> MemoryStore:
    store = kind()
    MemoryStore.append(store, [stored(GENESIS)])
    return store


async def write(driver: Driver, command: AnyCommand, key: str) -> Receipt:
    return await driver.submit(command, key).local()


def told(receipt: Receipt) -> tuple[object, ...]:
    return receipt.written.belief, receipt.written.round, receipt.sequence


def test_a_repetition_gives_the_first_receipt_and_writes_nothing() -> None:
    async def main() -> None:
        store = fresh()
        driver = driver_on(store)
        first = driver.submit(RAIN, "a")
        assert driver.submit(RAIN, "a") is first, "not durable yet: the same receipt"
        await first.local()
        blocks = store.block_count
        again = await write(driver, RAIN, "a")
        assert told(again) == told(first)
        assert await again.replicated(1) == 1
        assert not driver.keys.has_pending
        await write(driver, SNOW, "b")
        assert len(driver.node.state.beliefs.assertions(first.belief)) == 1
        driver.close()
        restarted = driver_on(store)
        assert told(await write(restarted, RAIN, "a")) == told(first)
        assert len(restarted.node.state.beliefs.assertions(first.belief)) == 1
        assert store.block_count >= blocks
        restarted.close()

    asyncio.run(main())


def test_another_command_under_a_key_is_refused_before_and_after_a_restart() -> None:
    async def main() -> None:
        store = fresh()
        driver = driver_on(store)
        first = driver.submit(RAIN, "a")
        others: list[AnyCommand] = [
            SNOW, AssertBelief(content="it rains"), RetractBelief(belief=first.belief),
            AssertBelief(content="it rains", confidence=0, evidence=RAIN.evidence),
        ]  # fmt: skip
        for other in others:
            with pytest.raises(Conflict, match="another command"):
                driver.submit(other, "a")
        await first.local()
        driver.close()
        driver = driver_on(store)
        for other in others:
            with pytest.raises(Conflict, match="another command"):
                driver.submit(other, "a")
        assert len(driver.node.state.beliefs) == 1
        driver.close()

    asyncio.run(main())


def test_a_write_that_says_nothing_new_is_remembered_too() -> None:
    async def main() -> None:
        driver = driver_on(fresh())
        one = (await write(driver, RAIN, "a")).belief
        other = (await write(driver, SNOW, "b")).belief
        command = RelateBeliefs(source=one, relation=Relation.SUPPORTS, target=other)
        await write(driver, command, "c")
        repeated = await write(driver, command, "d")
        assert await write(driver, command, "d") is repeated
        await write(driver, AssertBelief(content="it hails"), "e")
        assert not driver.keys.has_pending
        with pytest.raises(Conflict):
            driver.submit(RAIN, "d")
        driver.close()

    asyncio.run(main())


def test_a_command_that_is_refused_leaves_its_key_free() -> None:
    async def main() -> None:
        driver = driver_on(fresh())
        with pytest.raises(UsageError):
            driver.submit(RetractBelief(belief=BeliefId(bytes(16))), "a")
        assert (await write(driver, RAIN, "a")).is_local
        driver.close()

    asyncio.run(main())


def test_what_a_full_disk_holds_back_is_made_once_when_there_is_room() -> None:
    async def main() -> None:
        store = fresh(Full)
        assert isinstance(store, Full)
        driver = driver_on(store)
        with pytest.raises(StorageError):
            await write(driver, RAIN, "a")
        with pytest.raises(StorageError):
            driver.submit(RAIN, "a")
        assert store.facts("receipt") == []
        store.full = False
        stepped = asyncio.Event()
        driver.watch(stepped.set)
        await asyncio.wait_for(stepped.wait(), 10)
        receipt = await write(driver, RAIN, "a")
        assert len(store.facts("receipt")) == 1
        assert len(driver.node.state.beliefs.assertions(receipt.belief)) == 1
        driver.close()

    asyncio.run(main())


def test_keys_are_bounded_in_number_and_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "KEYS_MAX", 3)

    async def main() -> None:
        store = fresh()
        driver = driver_on(store)
        for number in range(5):
            await write(driver, AssertBelief(content=f"gauge {number} is dry"), f"k/{number}")
        assert len(store.facts("receipt")) == 3
        with pytest.raises(Conflict):
            driver.submit(RAIN, "k/4")
        assert (await write(driver, RAIN, "k/0")).is_local, "let go, so it names a new write"
        with pytest.raises(UsageError, match="128 bytes"):
            driver.submit(RAIN, "k" * 129)
        assert (await write(driver, SNOW, "\ud800 half a pair, and / slashes")).is_local
        driver.close()

    asyncio.run(main())


def test_a_damaged_receipt_is_named() -> None:
    async def main() -> None:
        store = fresh()
        driver = driver_on(store)
        await write(driver, RAIN, "a")
        (name, _), *_ = store.facts("receipt")
        store.remember(name, b"\xc1")
        with pytest.raises(StorageError, match="is not a receipt"):
            driver.submit(RAIN, "a")
        driver.close()

    asyncio.run(main())

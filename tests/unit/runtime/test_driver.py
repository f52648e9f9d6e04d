"""The driver lets go of what no transport carries; callers speak within the step that told them."""

import asyncio
from collections.abc import Sequence

import pytest

from credimus.kernel.effects import Wake
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import StorageError, Unavailable
from credimus.kernel.ids import NodeId
from credimus.node.commands import AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.node.supply import payload_of
from credimus.protocol.sync.interface import Blocks
from credimus.runtime.driver import Driver, now
from credimus.runtime.joining.founding import found_fleet, stored
from credimus.runtime.store.interface import Fact, StoredBlock
from credimus.runtime.store.memory import MemoryStore
from credimus.runtime.transport.interface import PAYLOAD_BYTES_MAX, check_payload
from credimus.runtime.transport.memory import MemoryHub, MemoryTransport
from strategies import FLEET, GENESIS, MEMBERS, SIGNERS


class Narrow(MemoryTransport):
    """Finds every message too large."""

    def broadcast(self, payload: bytes) -> None:
        """Refuse it, as any transport refuses what is too large."""
        check_payload(payload + bytes(PAYLOAD_BYTES_MAX))

    def send(self, to: NodeId, payload: bytes, wake: Wake = Wake.NOW) -> None:  # noqa: ARG002
        """Refuse it."""
        self.broadcast(payload)


def _at_work(store: MemoryStore) -> Driver:
    """The first of several members, alone for now."""
    store.append([stored(GENESIS)])
    node = Node(FLEET, SIGNERS[:1], Config(), Entropy(b"driver"))
    node.restore(store.wires([GENESIS.id]))
    driver = Driver(node, store)
    driver.begin()
    return driver


async def _assert_over_narrow_links() -> Driver:
    node, store = Node(FLEET, SIGNERS[:1], Config(), Entropy(b"driver")), MemoryStore()
    store.append([stored(GENESIS)])
    node.restore(store.wires([GENESIS.id]))
    driver = Driver(node, store)
    links = Narrow(MemoryHub(), node.id, driver.deliver)
    await links.open()
    driver.start(links)
    await driver.submit(AssertBelief(content="it rains")).local()
    driver.close()
    return driver


def test_a_message_that_no_transport_carries_is_skipped_and_counted() -> None:
    driver = asyncio.run(_assert_over_narrow_links())
    assert driver.unsent_count >= 1
    assert len(driver.node.lace) > 1
    assert driver.failure is None


def _alone() -> Driver:
    """At work as the only member of a fleet."""
    fleet, blocks = found_fleet(SIGNERS[0], "alone", "n0", "")
    node, store = Node(fleet, SIGNERS[:1], Config(), Entropy(b"driver")), MemoryStore()
    store.append([stored(block) for block in blocks])
    node.restore(block.wire for block in blocks)
    driver = Driver(node, store)
    driver.begin()
    return driver


async def _chain_of_beliefs(count: int) -> Driver:
    """Each belief asserted when the one before it is decided, by the only member of a fleet."""
    driver = _alone()
    for number in range(count):
        await driver.submit(AssertBelief(content=f"it rains {number}")).decided(timeout=30)
    driver.close()
    return driver


def test_what_a_caller_says_to_a_verdict_is_in_the_same_block_as_its_record() -> None:
    """The record of a verdict rides along with the next belief: one block each, not two."""
    driver = asyncio.run(_chain_of_beliefs(8))
    blocks = list(driver.node.lace.in_causal_order())
    assert len(blocks) <= 1 + 1 + 8  # the founding, an electorate at most, the beliefs
    assert all(one.verdict.decided for one in driver.node.state.rounds)


def test_who_waits_for_a_verdict_and_gives_up_is_forgotten() -> None:
    async def give_up() -> tuple[str, bool]:
        node, store = Node(FLEET, SIGNERS[:1], Config(), Entropy(b"driver")), MemoryStore()
        store.append([stored(GENESIS)])
        node.restore(store.wires([GENESIS.id]))
        driver = Driver(node, store)
        driver.begin()
        receipt = driver.submit(AssertBelief(content="it rains", propose=False))
        with pytest.raises(Unavailable) as refusal:
            await receipt.decided(timeout=0)
        waiting = bool(driver._deciding)
        driver.close()
        return refusal.value.code, waiting

    assert asyncio.run(give_up()) == ("undecided", False)


def test_a_write_is_not_called_durable_before_it_is_while_others_wait_for_verdicts() -> None:
    """Where somebody waits, a step tells verdicts in its first half; writes stand in the second."""

    async def write_beside_one_who_waits() -> tuple[int, list[bytes], bytes]:
        driver = _alone()
        open_question = driver.submit(AssertBelief(content="it rains", propose=False))
        await open_question.local()
        waiting = asyncio.ensure_future(open_question.decided(timeout=3_600))
        while not driver._deciding:
            await asyncio.sleep(0)
        receipt = await driver.submit(AssertBelief(content="it snows", propose=False)).local()
        held = [block.id for block in driver.store.blocks()]
        head = driver.node.lace.head(driver.node.id)
        assert head is not None
        assert driver.node.state.beliefs.get(receipt.belief) is not None
        waiting.cancel()
        driver.close()
        return receipt.sequence - head.sequence, held, head.id

    behind, held, head = asyncio.run(write_beside_one_who_waits())
    assert behind == 0
    assert held[-1] == head


class Full(MemoryStore):
    """A disk that is full when told so."""

    full = False
    tried_count = 0

    def append(
        self, blocks: Sequence[StoredBlock], facts: Sequence[Fact] = (), *, synced: bool = True
    ) -> None:
        """Refuse all while it is full."""
        self.tried_count += self.full
        if self.full:
            raise StorageError("disk-full", "the disk is full")
        super().append(blocks, facts, synced=synced)


@pytest.mark.parametrize("half", ["heard", "spoken"])
def test_a_step_that_a_full_disk_holds_back_is_finished_as_the_half_that_it_was(half: str) -> None:
    """What is said under a key is remembered with the block that holds it, in neither half else."""

    async def main() -> None:
        disk = Full()
        driver = _at_work(disk)
        question = driver.submit(AssertBelief(content="it rains", propose=False))
        await question.local()
        waiting = asyncio.ensure_future(question.decided(timeout=3_600))
        while not driver._deciding:
            await asyncio.sleep(0)
        disk.full = True
        snow = AssertBelief(content="it snows", propose=False)
        receipt = driver.submit(snow, "a")
        if half == "heard":
            driver.deliver([(MEMBERS[1], _said_by_another())])
        with pytest.raises(StorageError, match="waits in memory"):
            await receipt.local()
        assert driver._stuck is not None
        assert driver._stuck[1] is (half == "spoken")
        assert disk.facts("receipt") == []
        disk.full = False
        while driver.keys.has_pending:
            await asyncio.sleep(0.01)
        head = driver.node.lace.head(driver.node.id)
        assert head is not None
        again = await driver.submit(snow, "a").local()
        assert again.sequence == head.sequence, "the block that holds it"
        assert len(disk.facts("receipt")) == 1
        assert [block.id for block in disk.blocks()][-1] == head.id
        waiting.cancel()
        driver.close()

    asyncio.run(asyncio.wait_for(main(), 30))


def test_a_full_disk_is_tried_now_and_then_and_what_came_meanwhile_is_taken_after() -> None:
    async def main() -> None:
        disk = Full()
        driver = _at_work(disk)
        await driver.submit(AssertBelief(content="it rains", propose=False)).local()
        disk.full = True
        with pytest.raises(StorageError, match="waits in memory"):
            await driver.submit(AssertBelief(content="it snows", propose=False)).local()
        tried_count = disk.tried_count
        said = _said_by_another()
        for _ in range(20):
            driver.deliver([(MEMBERS[1], said)])
            await asyncio.sleep(0)
        assert disk.tried_count == tried_count, "a message that comes makes no room"
        disk.full = False
        while driver.node.lace.head(MEMBERS[1]) is None:
            await asyncio.sleep(0.01)
        assert driver._stuck is None
        driver.close()

    asyncio.run(asyncio.wait_for(main(), 30))


def _said_by_another() -> bytes:
    """A message of the second member with a block that the first has not."""
    other, store = Node(FLEET, SIGNERS[1:2], Config(), Entropy(b"other")), MemoryStore()
    store.append([stored(GENESIS)])
    other.restore(store.wires([GENESIS.id]))
    other.execute(AssertBelief(content="it hails", propose=False), now())
    effects = other.collect(now())
    store.append([stored(block) for block in effects.persist])
    (said,) = [send.message for send in effects.send if isinstance(send.message, Blocks)]
    return payload_of(said, store.wires)

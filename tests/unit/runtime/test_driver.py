"""The driver lets go of what no transport carries; callers speak within the step that told them."""

import asyncio

import pytest

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Unavailable
from credimus.kernel.ids import NodeId
from credimus.node.commands import AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.runtime.driver import Driver
from credimus.runtime.founding import found_fleet, stored
from credimus.runtime.store.memory import MemoryStore
from credimus.runtime.transport.interface import PAYLOAD_BYTES_MAX, check_payload
from credimus.runtime.transport.memory import MemoryHub, MemoryTransport
from strategies import FLEET, GENESIS, SIGNERS


class Narrow(MemoryTransport):
    """Finds every message too large."""

    def broadcast(self, payload: bytes) -> None:
        """Refuse it, as any transport refuses what is too large."""
        check_payload(payload + bytes(PAYLOAD_BYTES_MAX))

    def send(self, to: NodeId, payload: bytes) -> None:  # noqa: ARG002
        """Refuse it."""
        self.broadcast(payload)


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


async def _chain_of_beliefs(count: int) -> Driver:
    """Each belief asserted when the one before it is decided, by the only member of a fleet."""
    fleet, blocks = found_fleet(SIGNERS[0], "alone", "n0", "")
    node, store = Node(fleet, SIGNERS[:1], Config(), Entropy(b"driver")), MemoryStore()
    store.append([stored(block) for block in blocks])
    node.restore(block.wire for block in blocks)
    driver = Driver(node, store)
    driver.begin()
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


async def _write_while_another_waits_for_a_verdict() -> tuple[int, int]:
    """The sequence that a receipt tells once it is local, and what the store holds then."""
    node, store = Node(FLEET, SIGNERS[:1], Config(), Entropy(b"driver")), MemoryStore()
    store.append([stored(GENESIS)])
    node.restore(store.wires([GENESIS.id]))
    driver = Driver(node, store)
    driver.begin()
    nobody_votes = AssertBelief(content="it rains", propose=False)
    undecided = (await driver.submit(nobody_votes).local()).belief
    waiting = driver.when_decided(undecided)
    receipt = await driver.submit(AssertBelief(content="it pours", propose=False)).local()
    held = store.block_count
    driver.forget(undecided, waiting)
    driver.close()
    return receipt.sequence, held


def test_a_write_is_local_only_when_its_block_is_durable_though_others_wait_for_verdicts() -> None:
    sequence, held = asyncio.run(_write_while_another_waits_for_a_verdict())
    assert sequence == held
    assert held == 3  # the founding, one belief, the other

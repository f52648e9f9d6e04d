"""The driver lets go of what no transport carries, and goes on."""

import asyncio

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import NodeId
from credimus.node.commands import AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.runtime.driver import Driver
from credimus.runtime.founding import stored
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

"""Links inside one process and one event loop: for tests and for fleets that need no network.

Deliberately not here: delay, loss and reordering; those belong to the simulator.
"""

import asyncio

from credimus.kernel.effects import SOON_NS, Wake
from credimus.kernel.ids import ID_BYTES, NodeId
from credimus.kernel.instant import SECOND
from credimus.kernel.limits import INBOX_MAX
from credimus.kernel.shares import Shares
from credimus.runtime.transport.interface import (
    INBOX_BYTES_MAX,
    Counts,
    OnMessages,
    Received,
    check_payload,
)


class MemoryHub:
    """Where the transports of one process meet: whoever is open hears whoever is open.

    The order of messages between each two nodes is the order sent, always.
    """

    def __init__(self) -> None:
        self._open: dict[NodeId, MemoryTransport] = {}

    def transport(self, node: NodeId, on_messages: OnMessages) -> "MemoryTransport":
        """A transport of this hub, not yet open."""
        return MemoryTransport(self, node, on_messages)

    def join(self, transport: "MemoryTransport") -> None:
        """Connect it with all who are open; the last to open under an id keeps the id."""
        self._open[transport.node] = transport

    def leave(self, transport: "MemoryTransport") -> None:
        """Disconnect it, if it is connected."""
        if self._open.get(transport.node) is transport:
            del self._open[transport.node]

    def others(self, node: NodeId) -> list["MemoryTransport"]:
        """The open transports of all other nodes, in the order they opened."""
        return [transport for peer, transport in self._open.items() if peer != node]

    def find(self, node: NodeId) -> "MemoryTransport | None":
        """The open transport of that node, or None."""
        return self._open.get(node)


class MemoryTransport:
    """A `Transport` that puts payloads straight into the inboxes of the others."""

    def __init__(self, hub: MemoryHub, node: NodeId, on_messages: OnMessages) -> None:
        self.counts = Counts()
        self.node = node
        self._hub = hub
        self._on_messages = on_messages
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[Received] = []
        self._calm: list[Received] = []
        self._shares = Shares()
        self._waiting_bytes = 0
        self._called = False
        self._soon: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Connect with all who are open."""
        self._loop = asyncio.get_running_loop()
        self._hub.join(self)

    def broadcast(self, payload: bytes) -> None:
        """Send to all others; see `Transport.broadcast`."""
        check_payload(payload)
        if self._loop is None:
            return
        self._count_sent(payload)
        for peer in self._hub.others(self.node):
            peer.receive(self.node, payload)

    def send(self, to: NodeId, payload: bytes, wake: Wake = Wake.NOW) -> None:
        """Send to one peer; see `Transport.send`."""
        check_payload(payload)
        if self._loop is None or to == self.node:
            return
        self._count_sent(payload)
        peer = self._hub.find(to)
        if peer is not None:
            peer.receive(self.node, payload, wake)

    def fetch(self, *, calm: bool = True) -> None:
        """Hand over at once; see `Transport.fetch`."""
        if calm:
            self._waiting += self._calm
            self._calm.clear()
        self._drain()

    def gather(self, seconds: float) -> None:
        """Nothing: what is sent in one turn of the loop is one batch anyway."""

    def neighbours(self) -> frozenset[NodeId]:
        """All other open nodes of the hub."""
        if self._loop is None:
            return frozenset()
        return frozenset(peer.node for peer in self._hub.others(self.node))

    async def close(self) -> None:
        """Disconnect and forget what waits."""
        self._hub.leave(self)
        self._loop = None
        self._waiting.clear()
        self._calm.clear()
        self._waiting_bytes = 0

    def receive(self, sender: NodeId, payload: bytes, wake: Wake = Wake.NOW) -> None:
        """Take a message for the next batch, and call for that when it says; drop and count it when
        the inbox, or its sender's share of it, is full."""
        if self._loop is None:
            return
        queue = self._calm if wake is Wake.NEVER else self._waiting
        count = len(queue)
        full = count >= INBOX_MAX or self._waiting_bytes >= INBOX_BYTES_MAX
        if full or not self._shares.admits(sender, count):
            self.counts.dropped += 1
            return
        if wake is Wake.NOW and not self._called:
            self._called = True
            self._loop.call_soon(self._drain)
        elif wake is Wake.SOON and self._soon is None:
            self._soon = self._loop.call_later(SOON_NS / SECOND, self._drain)
        queue.append((sender, payload))
        self._waiting_bytes += len(payload) + ID_BYTES

    def _drain(self) -> None:
        batch, self._waiting = self._waiting, []
        self._called = False
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        self._shares.clear()
        self._waiting_bytes = sum(len(payload) + ID_BYTES for _, payload in self._calm)
        if batch:
            self.counts.received += len(batch)
            self.counts.received_bytes += sum(len(payload) for _, payload in batch)
            self._on_messages(batch)

    def _count_sent(self, payload: bytes) -> None:
        self.counts.sent += 1
        self.counts.sent_bytes += len(payload)

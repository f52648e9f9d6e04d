"""Links inside one process and one event loop: for tests and for fleets that need no network.

Deliberately not here: delay, loss and reordering; those belong to the simulator.
"""

import asyncio

from credimus.kernel.effects import Wake
from credimus.kernel.ids import NodeId
from credimus.runtime.transport.inbox import Inbox
from credimus.runtime.transport.interface import Counts, OnMessages, check_payload


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
        self._inbox: Inbox | None = None

    async def open(self) -> None:
        """Connect with all who are open."""
        self._inbox = Inbox(asyncio.get_running_loop(), self._on_messages, self.counts)
        self._hub.join(self)

    def broadcast(self, payload: bytes) -> None:
        """Send to all others; see `Transport.broadcast`."""
        check_payload(payload)
        if self._inbox is None:
            return
        self._count_sent(payload)
        for peer in self._hub.others(self.node):
            peer.receive(self.node, payload)

    def send(self, to: NodeId, payload: bytes, wake: Wake = Wake.NOW) -> None:
        """Send to one peer; see `Transport.send`."""
        check_payload(payload)
        if self._inbox is None or to == self.node:
            return
        self._count_sent(payload)
        peer = self._hub.find(to)
        if peer is not None:
            peer.receive(self.node, payload, wake)

    def fetch(self, *, calm: bool = True) -> None:
        """Hand over at once; see `Transport.fetch`."""
        if self._inbox is not None:
            self._inbox.fetch(calm=calm)

    def gather(self, seconds: float) -> None:
        """Nothing: what is sent in one turn of the loop is one batch anyway."""

    def neighbours(self) -> frozenset[NodeId]:
        """All other open nodes of the hub."""
        if self._inbox is None:
            return frozenset()
        return frozenset(peer.node for peer in self._hub.others(self.node))

    async def close(self) -> None:
        """Disconnect and forget what waits."""
        self._hub.leave(self)
        if self._inbox is not None:
            self._inbox.shut()
            self._inbox = None

    def receive(self, sender: NodeId, payload: bytes, wake: Wake = Wake.NOW) -> None:
        """Let a message wait in the inbox, if it has room."""
        if self._inbox is not None:
            self._inbox.put(sender + payload, wake)

    def _count_sent(self, payload: bytes) -> None:
        self.counts.sent += 1
        self.counts.sent_bytes += len(payload)

"""How many of a node's own blocks each member is known to hold."""

from collections.abc import Sequence

from credimus.kernel.ids import NodeId
from credimus.node.events import Acknowledged, NodeEvent
from credimus.node.node import Node


class Acknowledgements:
    """What members have shown to hold, since the node started."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._held: dict[NodeId, int] = {}

    def note(self, events: Sequence[NodeEvent]) -> None:
        """Take what happened in a step."""
        for event in events:
            if type(event) is Acknowledged:
                self._held[event.member] = max(event.sequence, self._held.get(event.member, 0))

    def lag(self, member: NodeId) -> int:
        """How many of our blocks the member is not known to hold."""
        head = self._node.lace.head(self._node.id)
        return 0 if head is None else max(0, head.sequence - self._held.get(member, 0))

"""What a driver does for vigilance: it makes evidence from the blocks on its disk."""

from credimus.kernel.errors import StorageError
from credimus.node.commands import AnyCommand
from credimus.node.node import Node, NodeEffects
from credimus.node.taking.proving import exposure_wanted
from credimus.protocol.vigilance.interface import EvidenceWanted
from credimus.sim.host import Host, Order


def proving(host: Host, effects: NodeEffects) -> list[Order]:
    """Has a node prove what it wants proven from what its disk holds, as a real driver does."""

    def order_of(wanted: EvidenceWanted) -> Order:
        def order(node: Node) -> AnyCommand | None:
            try:
                return exposure_wanted(node, wanted, host.disk.wires_of)
            except StorageError:  # a damaged disk: the node asks again later
                return None

        return order

    return [order_of(event) for event in effects.emit if type(event) is EvidenceWanted]

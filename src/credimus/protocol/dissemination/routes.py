"""The way of a message through others: one relay where that will do, else the shortest.

Deliberately not here: sending, and how long a message lives.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from credimus.kernel.ids import NodeId
from credimus.protocol.dissemination.interface import Matrix


class Wanted(NamedTuple):
    """What a way is wanted for."""

    source: NodeId
    target: NodeId
    avoided: Collection[NodeId]
    """Nodes that it may not pass."""
    hops_max: int
    """Links that it may have."""


def next_hop(wanted: Wanted, matrix: Matrix, loads: Mapping[NodeId, int]) -> NodeId | None:
    """The first node of the shortest way; of several the least loaded, of those the least id.

    The target itself when it hears the source. None when there is no way.

    Cost: one look at the hearers of each node within `hops_max` of the source.
    """
    target = wanted.target
    reached = dict.fromkeys((wanted.source, *wanted.avoided))
    if target in reached:
        return None
    layers: list[list[NodeId]] = []
    layer = [wanted.source]
    while target not in layer:
        if len(layers) == wanted.hops_max or not layer:
            return None
        ahead: dict[NodeId, None] = {}
        for one in layer:
            ahead |= dict.fromkeys(
                hearer for hearer in matrix.heard_by(one) if hearer not in reached
            )
        reached |= ahead
        layer = list(ahead)
        layers.append(layer)
    good = [target]
    for layer in reversed(layers[:-1]):
        good = [one for one in layer if any(matrix.hears(after, one) for after in good)]
    return min(good, key=lambda one: (loads.get(one, 0), one))

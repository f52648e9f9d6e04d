"""What of a step must be on the disk before anybody is told: all that this node has to stand by.

What others signed is passed on at once; whoever loses it with its power asks for it again.
"""

from credimus.node.events import Sealed
from credimus.node.step import NodeEffects
from credimus.protocol.dissemination.interface import Graft, IHave, Neighbour, Prune, Push
from credimus.protocol.membership.interface import Ack, Notice, Ping, PingFor, Relayed

_PASSING = frozenset({Push, IHave, Graft, Prune, Neighbour, Ping, Ack, PingFor, Relayed, Notice})
"""Messages that do not say what this node holds or has done, beside own blocks that were sealed."""


def waits_for_disk(effects: NodeEffects) -> bool:
    """Whether the disk is waited for before these effects are sent and told."""
    return (
        bool(effects.remember)
        or any(type(event) is Sealed for event in effects.emit)
        or any(type(send.message) not in _PASSING for send in effects.send)
    )

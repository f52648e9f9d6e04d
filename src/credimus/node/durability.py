"""What of a step must be on the disk before anybody is told: all that this node has to stand by.

What others signed is passed on at once; whoever loses it with its power asks for it again.
"""

from credimus.node.events import Sealed
from credimus.node.step import NodeEffects
from credimus.protocol.dissemination.interface import Graft, IHave, Neighbour, Prune, Push
from credimus.protocol.membership.interface import Ack, Notice, Ping, PingFor, Relayed
from credimus.protocol.sync.interface import Digest
from credimus.protocol.vigilance.interface import Claim

_PASSING = frozenset(
    {Push, IHave, Graft, Prune, Neighbour, Digest, Ping, Ack, PingFor, Relayed, Notice, Claim}
)
"""Messages by which this node does not have to stand: they pass on what others signed, or show what
there is to be asked for. A claim of its own leaves with the record of its stamp, which waits."""


def waits_for_disk(effects: NodeEffects) -> bool:
    """Whether the disk is waited for before these effects are sent and told."""
    return (
        bool(effects.remember)
        or any(type(event) is Sealed for event in effects.emit)
        or any(type(send.message) not in _PASSING for send in effects.send)
    )

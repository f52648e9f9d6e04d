"""All messages between peers, in one tagged union, and their wire forms.

    1 Blocks   2 Beacon   3 Pull                                sync
    4 Ping     5 Ack      6 PingFor   7 Relayed   8 Notice      membership
    9 Push    10 IHave   11 Graft    12 Prune    13 Relay      14 Neighbour   dissemination
    15 Envelope   16 Answer                                     delivery
    17 KeptWanted         18 ProofWanted    22 ProofGiven      checkpoints
    19 SnapshotOffer      20 SnapshotWanted   21 SnapshotPart   checkpoints
    23 Claim      24 Accusation                                 vigilance
    25 HeadsAsked         26 HeadsHeld                          recovery
    27 Digest                                                   sync
    30 Shielded                                                 any of these, for members only

A driver turns a supply of block ids into bytes from its store here.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias, get_args

import msgspec

from credimus.kernel import limits
from credimus.kernel.codec import decode, decoder, encode
from credimus.node.telling.shielding import Shielded
from credimus.protocol.checkpointing.interface import SnapshotMessage
from credimus.protocol.delivery.interface import DeliveryMessage
from credimus.protocol.dissemination.interface import DisseminationMessage, Enveloped, Relay
from credimus.protocol.membership.interface import MembershipMessage
from credimus.protocol.recovery.interface import RecoveryMessage
from credimus.protocol.sync.interface import Blocks, Supply, SyncMessage
from credimus.protocol.vigilance.interface import VigilanceMessage

PeerMessage: TypeAlias = (
    SyncMessage
    | MembershipMessage
    | DisseminationMessage
    | DeliveryMessage
    | SnapshotMessage
    | VigilanceMessage
    | RecoveryMessage
    | Shielded
)
Outgoing: TypeAlias = PeerMessage | Supply | Enveloped
WiresOf: TypeAlias = Callable[[Sequence[bytes]], list[bytes]]

_SHORT_ARRAY = 0x90
_TAGS_OF_LIFE = frozenset(
    [*(one.__struct_config__.tag for one in get_args(MembershipMessage)),
     Shielded.__struct_config__.tag]
)  # fmt: skip

_messages: msgspec.msgpack.Decoder[PeerMessage] = decoder(PeerMessage)


def read_message(payload: bytes) -> PeerMessage:
    """The message of a peer.

    Raises:
        PeerFault: `malformed`.
    """
    return decode(payload, _messages, "message")


def may_show_life(payload: bytes) -> bool:
    """Whether a message may be one of membership, by its first bytes; a shielded one may hold one.

    In a longer form than it needs to have it is taken for another.
    """
    return len(payload) > 1 and payload[0] & 0xF0 == _SHORT_ARRAY and payload[1] in _TAGS_OF_LIFE


def payload_of(message: Outgoing, wires_of: WiresOf) -> bytes:
    """The bytes to send; an answer that grows too large is cut and says that there is more."""
    if isinstance(message, Enveloped):
        inside = payload_of(message.message, wires_of)  # type: ignore[arg-type]
        origin, path = message.path[0], message.path
        return encode(
            Relay(origin, message.target, path, message.hops_left, message.expires_ms, inside)
        )
    if not isinstance(message, Supply):
        return encode(message)
    wires: list[bytes] = []
    size = 0
    for wire in wires_of(message.ids):
        if wires and size + len(wire) > limits.SUPPLY_BYTES_MAX:
            return encode(Blocks(tuple(wires), more=True))
        wires.append(wire)
        size += len(wire)
    return encode(Blocks(tuple(wires), message.more))

"""Who hears what: three tables, and nothing else joins the machines."""

from collections.abc import Callable
from typing import Any

from credimus.kernel.ids import NodeId
from credimus.protocol.membership.interface import (
    Ack,
    MembershipInput,
    MessageCame,
    Notice,
    Ping,
    PingFor,
    Relayed,
)
from credimus.protocol.sync.interface import (
    Beacon,
    BeaconSeen,
    Pull,
    PullAsked,
    SyncInput,
)
from credimus.state.events import RoundContested, RoundDecided, RoundExpired, RoundOpened

SYNC_TAKES: dict[type, Callable[[NodeId, Any], SyncInput]] = {
    Beacon: lambda peer, message: BeaconSeen(peer, message.frontier),
    Pull: PullAsked,
}
"""Message of a peer -> input of sync. `Blocks` goes to ingress."""

MEMBERSHIP_TAKES: dict[type, Callable[[NodeId, Any], MembershipInput]] = {
    Ping: MessageCame,
    Ack: MessageCame,
    PingFor: MessageCame,
    Relayed: MessageCame,
    Notice: MessageCame,
}
"""Message of a peer -> input of membership."""

VOTING_HEARS: frozenset[type] = frozenset({RoundOpened, RoundDecided, RoundExpired, RoundContested})
"""Facts of the state -> input of voting."""

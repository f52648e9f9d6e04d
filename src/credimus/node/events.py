"""What a node tells its driver, beside the facts of state/events.py."""

from typing import TypeAlias

import msgspec

from credimus.kernel.ids import BlockId, NodeId
from credimus.protocol.checkpointing.interface import CheckpointEvent
from credimus.protocol.delivery.interface import DeliveryEvent
from credimus.protocol.guard.interface import GuardEvent
from credimus.protocol.membership.interface import MembershipEvent
from credimus.protocol.partition.interface import PartitionEvent
from credimus.protocol.recovery.interface import RecoveryEvent
from credimus.protocol.reunion.interface import ReunionEvent
from credimus.protocol.sync.interface import SyncEvent
from credimus.protocol.vigilance.interface import VigilanceEvent
from credimus.protocol.voting.interface import EvaluationWanted
from credimus.state.events import StateEvent


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """What was written so far for this author is in blocks up to this sequence."""

    author: NodeId
    sequence: int


class Acknowledged(msgspec.Struct, frozen=True, gc=False):
    """A member holds this node's own blocks up to this sequence."""

    member: NodeId
    sequence: int


class PeerFaulted(msgspec.Struct, frozen=True, gc=False):
    """A peer sent what no honest, working peer sends; nothing was changed."""

    peer: NodeId
    code: str
    message: str


class ForkSeen(msgspec.Struct, frozen=True, gc=False):
    """Two blocks of one author claim one place in its chain."""

    author: NodeId
    sequence: int
    blocks: tuple[BlockId, BlockId]


class IdentityForked(msgspec.Struct, frozen=True, gc=False):
    """A fork of our own chain: this store is an old copy. The author writes no more."""

    author: NodeId
    sequence: int


NodeEvent: TypeAlias = (
    StateEvent
    | EvaluationWanted
    | SyncEvent
    | VigilanceEvent
    | GuardEvent
    | MembershipEvent
    | CheckpointEvent
    | DeliveryEvent
    | PartitionEvent
    | RecoveryEvent
    | ReunionEvent
    | Sealed
    | Acknowledged
    | PeerFaulted
    | ForkSeen
    | IdentityForked
)

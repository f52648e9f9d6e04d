"""All settings of one node's core."""

import msgspec

from credimus.kernel import limits
from credimus.protocol.checkpointing.interface import CheckpointConfig
from credimus.protocol.delivery.interface import DeliveryConfig
from credimus.protocol.dissemination.interface import DisseminationConfig
from credimus.protocol.guard.interface import GuardConfig
from credimus.protocol.membership.interface import MembershipConfig
from credimus.protocol.partition.interface import PartitionConfig
from credimus.protocol.recovery.interface import RecoveryConfig
from credimus.protocol.reunion.interface import ReunionConfig
from credimus.protocol.sync.interface import SyncConfig
from credimus.protocol.vigilance.interface import VigilanceConfig
from credimus.protocol.voting.interface import VotingConfig
from credimus.protocol.vouching.interface import VouchingConfig


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a node; every machine's own, and what the composition root needs."""

    voting: VotingConfig = VotingConfig()
    """How it proposes, votes and closes."""
    sync: SyncConfig = SyncConfig()
    """How it finds out what it lacks."""
    membership: MembershipConfig = MembershipConfig()
    """How it finds out who can be reached."""
    dissemination: DisseminationConfig = DisseminationConfig()
    """Whom it sends blocks to."""
    vigilance: VigilanceConfig = VigilanceConfig()
    """How it proves equivocations."""
    checkpoints: CheckpointConfig = CheckpointConfig()
    """When checkpoints are taken, and how long things are kept."""
    delivery: DeliveryConfig = DeliveryConfig()
    """How it sends an application's messages."""
    partition: PartitionConfig = PartitionConfig()
    """What it makes of a split."""
    recovery: RecoveryConfig = RecoveryConfig()
    """How patient it is when it recovers."""
    reunion: ReunionConfig = ReunionConfig()
    """How fast it brings together, by plan, what was decided apart."""
    vouching: VouchingConfig = VouchingConfig()
    """When it vouches for all members at once."""
    guard: GuardConfig = GuardConfig()
    """How much of one peer it hears."""
    skew_ms_max: int = limits.SKEW_MS_MAX
    """How far ahead of our wall clock a block's stamp may be, in ms. [guess]"""

"""What checkpointing says, what it hears, and its settings."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import msgspec

from credimus.kernel.ids import BlockId, NodeId
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.state.checkpoints import Checkpoint
from credimus.state.events import CheckpointAttested, CheckpointReached
from credimus.state.operations import Attest, Certify

HOUR_MS = 3_600_000


class CheckpointConfig(msgspec.Struct, frozen=True, kw_only=True):
    """When checkpoints are taken, and how long things are kept."""

    enabled: bool = True
    """Whether this node proposes, attests and certifies. What more than two thirds certify is
    followed all the same, so that nobody falls out of the fleet."""
    interval_ms: int = 6 * HOUR_MS
    """By stamps, from the time of one checkpoint to that of the next. Range above 0. [guess: four a
    day]"""
    keep_ms: int = 24 * HOUR_MS
    """Blocks younger than this stay: for certificates, for the audit log, and for members that come
    back. Range above 0. [seed: retention 24 h]"""
    retention_ms: int = 24 * HOUR_MS
    """How long after its end an undecided, rejected or contested belief is kept. A checkpoint that
    keeps less is not attested. Range 0 to ten years. [seed: 24 h]"""
    attempt_ns: int = 30 * SECOND
    """How long the member whose turn it is may take, before the turn of the next; each attempt is
    longer by that. [guess: some thousand blocks are folded meanwhile]"""
    slice_count: int = 16
    """Blocks that are folded at once beside the node's work. [guess: a few ms]"""
    slice_pause_ns: int = 20 * MILLISECOND
    """Between two such slices. [guess: a tenth of the node's time]"""


Reader: TypeAlias = Callable[[Sequence[BlockId]], list[bytes]]
"""The wires of some held blocks, in this order; those that are not durable yet are left out."""


class WordsSaid(msgspec.Struct, frozen=True, gc=False):
    """Members attested or certified something."""

    facts: list[CheckpointAttested | CheckpointReached]


class SayWord(msgspec.Struct, frozen=True, gc=False):
    """A member says something of a checkpoint in its next block."""

    author: NodeId
    operation: Attest | Certify


class CheckpointRefused(msgspec.Struct, frozen=True, gc=False):
    """A proposed checkpoint is not what our blocks give, or keeps less than we want kept."""

    proposer: NodeId
    checkpoint: bytes
    reason: str


class CheckpointTaken(msgspec.Struct, frozen=True, gc=False):
    """A certified checkpoint took effect: what it lets go is gone, and blocks below it may go."""

    identifier: bytes
    checkpoint: Checkpoint
    block_count: int
    """Blocks that this node lets go."""


class CheckpointDisputed(msgspec.Struct, frozen=True, gc=False):
    """More than two thirds certify a state that our blocks do not give: this node does not follow.

    Either a third of the members lie, or one of us has a bug."""

    identifier: bytes
    reason: str


CheckpointEvent: TypeAlias = CheckpointRefused | CheckpointTaken | CheckpointDisputed

"""The settings about how long things are kept and how much is taken: sections of config.toml."""

from typing import Annotated

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.instant import MILLISECOND
from credimus.protocol.checkpointing.interface import HOUR_MS, CheckpointConfig
from credimus.protocol.recovery.interface import RecoveryConfig
from credimus.runtime.store.interface import FACTS_MAX

PerSecond = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Hours = Annotated[float, Meta(gt=0, le=87_600)]


class CheckpointSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the fleet takes checkpoints, and how long things are kept."""

    enabled: bool = True
    """Whether this node proposes, attests and certifies checkpoints. Those that more than two
    thirds of the members certify are followed all the same."""
    interval_hours: Hours = 6
    """From one checkpoint to the next. [guess]"""
    keep_hours: Hours = 24
    """Blocks younger than this stay: for certificates, the log, and members that come back. [seed]
    """
    retention_hours: Annotated[float, Meta(ge=0, le=87_600)] = 24
    """How long after its end an undecided, rejected or contested belief is kept. This node attests
    no checkpoint that keeps less. [seed]"""

    certificates: Annotated[int, Meta(ge=0, le=FACTS_MAX)] = 16_384
    """How many certificates of accepted beliefs this node keeps, made before a checkpoint lets
    their votes go; the oldest leave. 0 keeps none. [guess: 27 to 35 MB in a fleet of five]"""

    def core(self) -> CheckpointConfig:
        """The settings of the core."""
        return CheckpointConfig(
            enabled=self.enabled,
            interval_ms=max(1, round(self.interval_hours * HOUR_MS)),
            keep_ms=max(1, round(self.keep_hours * HOUR_MS)),
            retention_ms=round(self.retention_hours * HOUR_MS),
        )


class RecoverySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How patient a node is that recovers."""

    settle_ms: Annotated[int, Meta(ge=1, le=600_000)] = 5_000
    """From the last news of this node's own blocks to writing again, where a damaged store can not
    be accounted for, in ms: longer than messages are under way. [guess]"""
    patience_ms: Annotated[int, Meta(ge=1, le=3_600_000)] = 30_000
    """Without progress for so long a recovery is called stalled, in ms. [guess]"""

    def core(self) -> RecoveryConfig:
        """The settings of the core."""
        return RecoveryConfig(
            settle_ns=self.settle_ms * MILLISECOND, patience_ns=self.patience_ms * MILLISECOND
        )


class MessageSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the node sends messages of applications."""

    ttl_s: Annotated[
        float,
        Meta(ge=limits.MESSAGE_TTL_MS_MIN / 1_000, le=limits.MESSAGE_TTL_MS_MAX / 1_000),
    ] = 3_600.0
    """Seconds that a message is tried, where its sender does not say. [guess]"""
    attempts_max: Annotated[int, Meta(ge=1, le=100_000)] = 1_000
    """Sendings in a row that may go without an answer; then it is given up. [guess: two hours]"""
    patience_ms: Annotated[int, Meta(ge=200, le=600_000)] = 10_000
    """Longest wait in ms between two sendings of one message. [guess]"""


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How fast callers of this node's API may ask and write."""

    requests_per_s: PerSecond = 50_000
    """Requests of one token, or of the node's owner; twice as many at once. [guess: above what one
    node answers]"""
    writes_per_s: PerSecond = 20_000
    """Writes of one token, or of the node's owner; twice as many at once. A token may have a rate
    of its own. [guess: above what one node decides]"""
    categories: tuple[str, ...] = ()
    """Beliefs of one token in single categories: `category=per_second` or
    `category=per_second/burst`, such as "alert=10/50"."""

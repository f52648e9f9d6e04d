"""The section [vigilance] of config.toml: when a member is quarantined, and for how long."""

from typing import Annotated

import msgspec
from msgspec import Meta

from credimus.kernel.instant import SECOND
from credimus.protocol.vigilance.interface import VigilanceConfig

Points = Annotated[int, Meta(ge=1, le=1_000_000)]
Seconds = Annotated[int, Meta(ge=1, le=86_400)]
Period = Annotated[int, Meta(ge=2, le=86_400)]


class VigilanceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a member that does wrong is not heard for a while."""

    points: Points = 8
    """How many bring a member into quarantine: a certain wrong has 4, a proof 8. [guess]"""
    window_s: Seconds = 120
    """Points are forgotten so long after the first of them, in s. [guess]"""
    pause_s: Seconds = 30
    """The first quarantine, in s; each that follows soon is twice as long. [guess]"""
    pause_s_max: Seconds = 600
    """The longest, in s. [guess]"""
    claim_s: Period = 10
    """Between two claims of this node's state, in s. [seed]"""

    def __post_init__(self) -> None:
        if self.pause_s > self.pause_s_max:
            raise ValueError("pause_s: at most pause_s_max")

    def core(self) -> VigilanceConfig:
        """As the core takes it."""
        return VigilanceConfig(
            threshold=self.points,
            window_ns=self.window_s * SECOND,
            pause_ns=self.pause_s * SECOND,
            pause_ns_max=self.pause_s_max * SECOND,
            claim_period_ns=self.claim_s * SECOND,
        )

"""The settings about who can be reached: sections of config.toml, as the core takes them."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from credimus.kernel.fixed import MILLION
from credimus.kernel.instant import MILLISECOND
from credimus.protocol.membership.interface import MembershipConfig
from credimus.protocol.partition.interface import PartitionConfig, Policy
from credimus.state.operations import Strategy

Wait = Annotated[int, Meta(ge=1, le=600_000)]
Share = Annotated[float, Meta(ge=0, le=1)]


class MembershipSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How members are probed, and how long they are waited for."""

    period_ms: Wait = 500
    """In each, every member is probed by one other, in ms; the same on all nodes. [guess]"""
    direct_ms: Wait = 150
    """From a ping to asking others, in ms. [guess: far above a busy node's step]"""
    indirect_ms: Wait = 150
    """From asking others to suspicion, in ms. [guess]"""
    patience_ms_max: Wait = 1_000
    """Longest wait for a peer whose answers are known to be slow, in ms. [guess]"""
    relay_count: Annotated[int, Meta(ge=0, le=64)] = 3
    """Others that are asked to probe. [paper: SWIM]"""
    suspicion_ms_min: Wait = 1_500
    """From suspicion to death when others suspect too, in ms. [guess]"""
    suspicion_ms_max: Wait = 6_000
    """The same when nobody else does, in ms. [guess]"""

    def __post_init__(self) -> None:
        if self.suspicion_ms_min > self.suspicion_ms_max:
            raise ValueError("suspicion_ms_min: at most suspicion_ms_max")

    def core(self) -> MembershipConfig:
        """As the core takes it."""
        return MembershipConfig(
            period_ns=self.period_ms * MILLISECOND,
            direct_ns=self.direct_ms * MILLISECOND,
            indirect_ns=self.indirect_ms * MILLISECOND,
            patience_ns_max=self.patience_ms_max * MILLISECOND,
            relay_count=self.relay_count,
            suspicion_ns_min=self.suspicion_ms_min * MILLISECOND,
            suspicion_ns_max=self.suspicion_ms_max * MILLISECOND,
        )


class PartitionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a split is called one, what is written meanwhile, and how it is joined."""

    policy: Literal["guarded", "open"] = "guarded"
    """What is written in a severe partition: nothing (guarded), or everything, tentatively
    (open). [seed]"""
    severe_below: Share = 0.3
    """Share of the members in reach below which a partition is severe. [seed]"""
    partial_below: Share = 0.6
    """The same for partial. [seed]"""
    minor_below: Share = 0.9
    """The same for minor. [seed]"""
    worse_ms: Wait = 500
    """How long it must be worse before the node says so, in ms. [guess]"""
    better_ms: Wait = 1_000
    """How long it must be better before the node says so, in ms. [guess]"""
    grace_ms: Wait = 5_000
    """After a start, how long a member not heard of yet counts as in reach, in ms. [guess]"""
    settle_ms: Wait = 2_000
    """From the return of members to the search for what was decided apart, in ms. [guess]"""
    strategy: Literal["last_writer", "semantic", "multi_value", "consensus"] = "multi_value"
    """How this node reconciles contradicting beliefs that were accepted apart: the one put to the
    vote later stands, by meaning, both are kept, or a new round. [guess]"""
    by_itself: bool = True
    """Whether this node reconciles by itself; else you plan it with `credimus recovery plan`."""

    def __post_init__(self) -> None:
        self.core()

    def core(self) -> PartitionConfig:
        """As the core takes it.

        Raises:
            ValueError: the three shares do not rise.
        """
        return PartitionConfig(
            policy=Policy(self.policy),
            severe_below=round(self.severe_below * MILLION),
            partial_below=round(self.partial_below * MILLION),
            minor_below=round(self.minor_below * MILLION),
            worse_ns=self.worse_ms * MILLISECOND,
            better_ns=self.better_ms * MILLISECOND,
            grace_ns=self.grace_ms * MILLISECOND,
            settle_ns=self.settle_ms * MILLISECOND,
            strategy=Strategy[self.strategy.upper()],
            by_itself=self.by_itself,
        )

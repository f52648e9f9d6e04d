"""The guard at the links: what it is told, what it tells, its settings.

A message names its sender, and nobody vouches for that. So the guard only ever saves work: whoever
it ignores is heard again soon, and what it wrote comes through others meanwhile.
"""

from typing import TypeAlias

import msgspec

from credimus.kernel.breaker import BreakerConfig, State
from credimus.kernel.bucket import Rate
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND


class GuardConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one peer is heard, and when it is ignored for a while."""

    messages: Rate = Rate(5_000, 20_000)
    """Messages of one peer: for each second, and at once. Range 1 and up. Messages of all who are
    no members share one such bucket. [measured: a busy node sends some 200 a second; a message
    that is ignored costs less than 1 us]"""
    breaker: BreakerConfig = BreakerConfig(
        failures=64,
        window_ns=10 * SECOND,
        pause_ns=SECOND,
        pause_ns_max=8 * SECOND,
        probes=16,
        successes=64,
    )
    """When a peer is ignored: after 64 faults within 10 s, for 1 s, then twice as long each time up
    to 8 s; a message above its rate counts as a fault. Messages without fault close it again. The
    longest pause is below the sync period, so that an honest fleet always comes together. [guess]
    """


class FaultSeen(msgspec.Struct, frozen=True, gc=False):
    """Input: a peer was found at fault."""

    peer: NodeId
    code: str


GuardInput: TypeAlias = FaultSeen


class PeerIgnored(msgspec.Struct, frozen=True, gc=False):
    """Event: nothing that comes in this peer's name is taken for a while."""

    peer: NodeId
    pause_ms: int


class PeerHeardAgain(msgspec.Struct, frozen=True, gc=False):
    """Event: what comes in this peer's name is taken as ever."""

    peer: NodeId


GuardEvent: TypeAlias = PeerIgnored | PeerHeardAgain


class Guarded(msgspec.Struct, frozen=True, kw_only=True):
    """How the guard stands to one peer."""

    peer: NodeId
    state: State
    ignored_count: int
    """Messages that were not looked at."""
    opened_count: int
    """How often it began to ignore the peer."""
    left_ms: int
    """How long the present pause still lasts."""

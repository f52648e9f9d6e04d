"""The section [dissemination] of config.toml: an overlay's width, and how each urgency travels."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.errors import UsageError
from credimus.kernel.fixed import millionths
from credimus.kernel.instant import MILLISECOND
from credimus.protocol.dissemination.interface import DisseminationConfig
from credimus.protocol.dissemination.urgency import Selection, Strategy

Ratio = Annotated[float, Meta(ge=0, le=1)]
Width = Annotated[int, Meta(ge=2, le=limits.NEIGHBOURS_MAX)]


Fanout = Annotated[int, Meta(ge=1, le=limits.NEIGHBOURS_MAX)]
Rounds = Annotated[int, Meta(ge=0, le=limits.PUSH_HOPS_MAX)]
SelectionName = Literal["nearest", "random", "probabilistic"]
Redundancy = Annotated[float, Meta(ge=1, le=limits.NEIGHBOURS_MAX)]
Milliseconds = Annotated[int, Meta(ge=0, le=60_000)]
_USUAL = DisseminationConfig()


class UrgencySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How blocks of one urgency travel on the overlay."""

    fanout: Fanout
    """Neighbours that a node pushes to when it meets an author for the first time. [seed]"""
    rounds: Rounds
    """Hops from the author within which that is so, and extra copies are sent. [seed]"""
    selection: SelectionName
    """Which neighbours come first. [seed]"""
    redundancy: Redundancy
    """Copies that a node is to receive on average. [seed]"""
    announce_ms: Milliseconds
    """How long announcements wait for more. [guess]"""
    patience_ms: Milliseconds
    """From an announcement to asking for the block. [guess]"""
    wait_ms: Milliseconds
    """How long own blocks wait for company. [guess]"""

    def strategy(self) -> Strategy:
        """As the core takes it."""
        return Strategy(
            fanout=self.fanout,
            rounds=self.rounds,
            selection=Selection(self.selection),
            redundancy_percent=round(100 * self.redundancy),
            announce_ns=self.announce_ms * MILLISECOND,
            patience_ns=self.patience_ms * MILLISECOND,
            wait_ns=self.wait_ms * MILLISECOND,
        )


class CriticalSettings(UrgencySettings, frozen=True, kw_only=True):
    """What must be known at once."""

    fanout: Fanout = _USUAL.critical.fanout
    rounds: Rounds = _USUAL.critical.rounds
    selection: SelectionName = _USUAL.critical.selection.value
    redundancy: Redundancy = _USUAL.critical.redundancy_percent / 100
    announce_ms: Milliseconds = _USUAL.critical.announce_ns // MILLISECOND
    patience_ms: Milliseconds = _USUAL.critical.patience_ns // MILLISECOND
    wait_ms: Milliseconds = _USUAL.critical.wait_ns // MILLISECOND


class NormalSettings(UrgencySettings, frozen=True, kw_only=True):
    """What is said every day."""

    fanout: Fanout = _USUAL.normal.fanout
    rounds: Rounds = _USUAL.normal.rounds
    selection: SelectionName = _USUAL.normal.selection.value
    redundancy: Redundancy = _USUAL.normal.redundancy_percent / 100
    announce_ms: Milliseconds = _USUAL.normal.announce_ns // MILLISECOND
    patience_ms: Milliseconds = _USUAL.normal.patience_ns // MILLISECOND
    wait_ms: Milliseconds = _USUAL.normal.wait_ns // MILLISECOND


class LowSettings(UrgencySettings, frozen=True, kw_only=True):
    """What may wait."""

    fanout: Fanout = _USUAL.low.fanout
    rounds: Rounds = _USUAL.low.rounds
    selection: SelectionName = _USUAL.low.selection.value
    redundancy: Redundancy = _USUAL.low.redundancy_percent / 100
    announce_ms: Milliseconds = _USUAL.low.announce_ns // MILLISECOND
    patience_ms: Milliseconds = _USUAL.low.patience_ns // MILLISECOND
    wait_ms: Milliseconds = _USUAL.low.wait_ns // MILLISECOND


class DisseminationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom the node sends its blocks to, and those of others."""

    direct_nodes: Annotated[int, Meta(ge=1)] = _USUAL.direct_count_max
    """Nodes up to which blocks go straight to all; above, to neighbours. [guess]"""
    neighbours_min: Width = _USUAL.degree_min
    """Below so many more are sought at once. [guess: 6 to 10 are enough]"""
    neighbours: Width = _USUAL.degree_wanted
    """So many a node seeks. [guess]"""
    neighbours_max: Width = _USUAL.degree_max
    """So many it never exceeds. [guess: 6 to 10 are enough]"""
    push: Ratio = _USUAL.push_ppm / 1_000_000
    """The chance with which the selection `probabilistic` takes a neighbour. [seed]"""
    pull: Ratio = _USUAL.pull_ppm / 1_000_000
    """The chance of a pull from a random member in each second, above `direct_nodes`. [seed]"""
    relay: Ratio = _USUAL.relay_ppm / 1_000_000
    """The chance of a second way through relays for what is critical. [seed]"""
    relay_hops_max: Annotated[int, Meta(ge=2, le=limits.RELAY_PATH_MAX)] = _USUAL.relay_hops_max
    """Links that a relayed message passes at most. [guess]"""
    relay_life_ms: Annotated[int, Meta(ge=1, le=60_000)] = _USUAL.relay_life_ms
    """How old a relayed message may become. [guess]"""
    critical: CriticalSettings = CriticalSettings()
    normal: NormalSettings = NormalSettings()
    low: LowSettings = LowSettings()

    def core(self) -> DisseminationConfig:
        """As the core takes it.

        Raises:
            UsageError: `bad-neighbours`.
        """
        try:
            return DisseminationConfig(
                direct_count_max=self.direct_nodes,
                degree_min=self.neighbours_min,
                degree_wanted=self.neighbours,
                degree_max=self.neighbours_max,
                push_ppm=millionths(self.push, "push"),
                pull_ppm=millionths(self.pull, "pull"),
                relay_ppm=millionths(self.relay, "relay"),
                relay_hops_max=self.relay_hops_max,
                relay_life_ms=self.relay_life_ms,
                critical=self.critical.strategy(),
                normal=self.normal.strategy(),
                low=self.low.strategy(),
            )
        except ValueError:
            raise UsageError(
                "bad-neighbours",
                f"[dissemination] neighbours_min {self.neighbours_min}, neighbours "
                f"{self.neighbours}, neighbours_max {self.neighbours_max}: give them in rising "
                "order.",
            ) from None

"""Probes under way: a ping, then others asked to ping, then a verdict.

Source: Das, Gupta, Motivala, "SWIM" (DSN 2002), 3.1, figure 1; Dadgar, Phillips, Currey,
"Lifeguard" (2018), IV-A for relays that say so when they heard nothing.
Departs: when others are asked we also ping once more ourselves, so that one lost message of a fleet
of two is no suspicion.

Deliberately not here: what is sent, and what an outcome means.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Instant


@dataclass(slots=True)
class Probe:
    """One member is being asked whether it is there."""

    target: NodeId
    began: Instant
    due: Instant
    """When the present stage is over."""
    relays: tuple[NodeId, ...] | None = None
    """Those asked to ping it; None while only we do."""
    silent: dict[NodeId, None] = field(default_factory=dict)
    """Relays that have said that they heard nothing."""

    @property
    def missing(self) -> list[NodeId]:
        """Relays that said nothing at all."""
        return [relay for relay in self.relays or () if relay not in self.silent]


class Pinged(NamedTuple):
    """A ping that has left."""

    target: NodeId
    at: Instant
    was_alive: bool
    """Whether its target was held for alive: else the answer takes as long as that stood still."""


class Probes:
    """Those of one node. At most one for each member, so a flood of doubts is no flood of pings."""

    def __init__(self) -> None:
        self._by_target: dict[NodeId, Probe] = {}
        self._pings: BoundedMap[int, Pinged] = BoundedMap(limits.PINGS_KEPT_MAX)
        self._asked: dict[int, Probe] = {}

    def __contains__(self, target: NodeId) -> bool:
        return target in self._by_target

    def __iter__(self) -> Iterator[Probe]:
        return iter(self._by_target.values())

    @property
    def is_full(self) -> bool:
        """Whether no further probe may begin."""
        return len(self._by_target) >= limits.PROBES_MAX

    def begin(self, target: NodeId, began: Instant, due: Instant) -> None:
        """Begin a probe; its first stage ends at `due`."""
        self._by_target[target] = Probe(target, began, due)

    def note_ping(self, nonce: int, ping: Pinged) -> None:
        """A ping leaves."""
        self._pings.put(nonce, ping)

    def ask(self, probe: Probe, relays: Sequence[NodeId], nonce: int, due: Instant) -> None:
        """Others are asked; the second stage ends at `due`."""
        probe.relays, probe.due = tuple(relays), due
        self._asked[nonce] = probe

    def answered(self, sender: NodeId, nonce: int) -> Pinged | None:
        """The ping that this answers, however late; None when it answers none."""
        ping = self._pings.get(nonce)
        if ping is None or ping.target != sender:
            return None
        return self._pings.take(nonce)

    def relayed(self, relay: NodeId, nonce: int, heard: bool) -> NodeId | None:
        """The member that a relay heard for us; None when it did not, or was not asked."""
        probe = self._asked.get(nonce)
        if probe is None or probe.relays is None or relay not in probe.relays:
            return None
        if heard:
            return probe.target
        probe.silent[relay] = None
        return None

    def end(self, target: NodeId) -> Probe | None:
        """Forget a probe, and return it."""
        probe = self._by_target.pop(target, None)
        if probe is not None and probe.relays is not None:
            self._asked = {nonce: one for nonce, one in self._asked.items() if one is not probe}
        return probe

    def due(self, at: Instant) -> list[Probe]:
        """Those whose stage is over."""
        return [probe for probe in self._by_target.values() if probe.due <= at]

    def deadline(self) -> Instant | None:
        """The end of the next stage."""
        return min((probe.due for probe in self._by_target.values()), default=None)

    def forgive(self, late_ns: int) -> None:
        """Wait so much longer for all."""
        for probe in self._by_target.values():
            probe.due = Instant(probe.due + late_ns)


class Errand(NamedTuple):
    """A probe made for another member."""

    origin: NodeId
    nonce: int
    """Of the request."""
    target: NodeId
    due: Instant
    """When we say that we heard nothing."""


class Errands:
    """Those under way, by the nonce of our ping."""

    def __init__(self) -> None:
        self._errands: dict[int, Errand] = {}

    def take_up(self, nonce: int, errand: Errand) -> bool:
        """Take one up; False when there are too many."""
        if len(self._errands) >= limits.ERRANDS_MAX:
            return False
        self._errands[nonce] = errand
        return True

    def answered(self, sender: NodeId, nonce: int) -> Errand | None:
        """The errand that this answer ends, if any."""
        errand = self._errands.get(nonce)
        if errand is None or errand.target != sender:
            return None
        return self._errands.pop(nonce)

    def expire(self, at: Instant) -> list[Errand]:
        """Those that came to nothing."""
        over = [nonce for nonce, errand in self._errands.items() if errand.due <= at]
        return [self._errands.pop(nonce) for nonce in over]

    def deadline(self) -> Instant | None:
        """When the next one comes to nothing."""
        return min((errand.due for errand in self._errands.values()), default=None)

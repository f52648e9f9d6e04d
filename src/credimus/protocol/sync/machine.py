"""Shows our frontier, notices gaps, pulls what is missing, supplies what others lack."""

from typing import Any, Protocol, TypeAlias, assert_never

from credimus.kernel import limits
from credimus.kernel.effects import Effects, Send
from credimus.kernel.entropy import Stream
from credimus.kernel.ids import BlockId, NodeId
from credimus.kernel.instant import Instant, Now, after, earliest
from credimus.lace.frontier import Frontier
from credimus.lace.lace import Lace
from credimus.protocol.sync.interface import (
    BatchTaken,
    Beacon,
    BeaconSeen,
    GapSeen,
    PeerMessage,
    Pull,
    PullAsked,
    Supply,
    SyncConfig,
    SyncInput,
)

SyncEffects: TypeAlias = Effects[Any, PeerMessage | Supply, Any]


class Wanting(Protocol):
    """Knows which blocks are waited for; the orphans' room does."""

    def wanted(self, count: int) -> list[BlockId]:
        """Missing blocks, oldest first."""
        ...


class Sync:
    """One node's side of all sessions."""

    def __init__(self, config: SyncConfig, lace: Lace, orphans: Wanting, stream: Stream) -> None:
        self._config = config
        self._lace = lace
        self._orphans = orphans
        self._stream = stream
        self._beacon_due: Instant | None = Instant(0)
        self._full_due: Instant | None = None
        self._gaps: dict[NodeId, tuple[Instant, Frontier | None]] = {}
        self._peers: dict[NodeId, None] = {}

    def handle(self, event: SyncInput, now: Now) -> SyncEffects:
        """Take one input."""
        match event:
            case BeaconSeen(peer, frontier):
                self._meet(peer)
                if self._lace.lacks(frontier):
                    self._note_gap(peer, frontier, now)
                return SyncEffects()
            case PullAsked(peer, pull):
                self._meet(peer)
                return self._supply(peer, pull)
            case GapSeen(peer):
                self._note_gap(peer, None, now)
                return SyncEffects()
            case BatchTaken(peer, more):
                self._meet(peer)
                if not more:
                    return SyncEffects()
                self._gaps[peer] = after(now.instant, self._config.retry_ns), None
                return self._pull(peer)
            case _:
                assert_never(event)

    def deadline(self) -> Instant | None:
        """The next beacon, or the next gap to look at."""
        gaps = (due for due, _ in self._gaps.values())
        return earliest(self._beacon_due, self._full_due, min(gaps, default=None))

    def tick(self, now: Now) -> SyncEffects:
        """Show our frontier when it is time; pull where a gap did not close by itself."""
        effects = SyncEffects()
        if self._beacon_due is None or self._beacon_due <= now.instant:
            self._beacon_due = after(now.instant, self._config.beacon_period_ns)
            effects.send.append(Send(None, Beacon(self._lace.frontier())))
        if self._full_due is None:
            self._full_due = after(now.instant, self._config.full_period_ns)
        elif self._full_due <= now.instant:
            self._full_due = after(now.instant, self._config.full_period_ns)
            if self._peers:
                effects.absorb(self._pull(self._stream.choose(sorted(self._peers))))
        for peer, (due, frontier) in sorted(self._gaps.items()):
            if due > now.instant:
                continue
            gone = not self._lace.lacks(frontier) if frontier else not self._orphans.wanted(1)
            if gone:
                del self._gaps[peer]
            else:
                self._gaps[peer] = after(now.instant, self._config.retry_ns), frontier
                effects.absorb(self._pull(peer))
        return effects

    def _meet(self, peer: NodeId) -> None:
        if peer not in self._peers and len(self._peers) < limits.FRONTIER_HEADS_MAX:
            self._peers[peer] = None

    def _note_gap(self, peer: NodeId, frontier: Frontier | None, now: Now) -> None:
        known = self._gaps.get(peer)
        if known is None:
            self._gaps[peer] = after(now.instant, self._config.patience_ns), frontier
        elif frontier is not None:
            self._gaps[peer] = known[0], frontier

    def _pull(self, peer: NodeId) -> SyncEffects:
        wanted = tuple(self._orphans.wanted(limits.WANTED_MAX))
        return SyncEffects(send=[Send(peer, Pull(self._lace.frontier(), wanted))])

    def _supply(self, peer: NodeId, pull: Pull) -> SyncEffects:
        most = self._config.supply_count_max
        wanted = [one for one in pull.wanted if one in self._lace][:most]
        chosen = dict.fromkeys(wanted)
        beyond = self._lace.beyond(pull.frontier, most + 1)
        for place in beyond[:most]:
            chosen[place.id] = None
        if not chosen:
            return SyncEffects()
        supply = Supply(tuple(chosen), more=len(beyond) > most)
        return SyncEffects(send=[Send(peer, supply)])

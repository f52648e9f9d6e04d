"""Shows our frontier, notices gaps, pulls what is missing, supplies what others lack."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, assert_never

from credimus.kernel import limits
from credimus.kernel.effects import Effects, Send
from credimus.kernel.entropy import Stream
from credimus.kernel.ids import BlockId, NodeId
from credimus.kernel.instant import Instant, Now, after, earliest
from credimus.lace.frontier import Frontier, PeerBehind
from credimus.lace.lace import Lace
from credimus.protocol.sync.digests import Digests
from credimus.protocol.sync.interface import (
    BatchTaken,
    Beacon,
    BeaconSeen,
    Digest,
    DigestSeen,
    GapSeen,
    Pull,
    PullAsked,
    PullDue,
    PullsUnanswered,
    Supply,
    SyncConfig,
    SyncEvent,
    SyncInput,
    SyncMessage,
)

SyncEffects: TypeAlias = Effects[Any, SyncMessage | Supply, SyncEvent | PeerBehind]


class _Gap(NamedTuple):
    """Blocks that a peer has shown and we lack, and when to look again."""

    due: Instant
    missing: tuple[BlockId, ...]
    pulls: int = 0


class Wanting(Protocol):
    """Knows which blocks are waited for; the orphans' room does."""

    def wanted(self, count: int) -> list[BlockId]:
        """Missing blocks, oldest first."""
        ...


class Audience(Protocol):
    """Knows to whom a node shows what it holds."""

    def listeners(self) -> Sequence[NodeId] | None:
        """Who is shown it in each period; None for all."""
        ...

    def answers(self, stranger: NodeId) -> bool:
        """Whether a peer that has shown its frontier is shown ours, though it is no listener: so
        that a newcomer, who knows nobody, learns what there is."""
        ...


class Everybody:
    """The audience of a small fleet."""

    def listeners(self) -> None:
        """All."""

    def answers(self, stranger: NodeId) -> bool:  # noqa: ARG002
        """There are no strangers."""
        return False


class Sync:
    """One node's side of all sessions."""

    def __init__(
        self,
        config: SyncConfig,
        lace: Lace,
        orphans: Wanting,
        stream: Stream,
        audience: Audience = Everybody(),  # noqa: B008 - it has no state
    ) -> None:
        self._config = config
        self._lace = lace
        self._orphans = orphans
        self._stream = stream
        self._audience = audience
        self._beacon_due: Instant | None = Instant(0)
        self._full_due: Instant | None = None
        self._gaps: dict[NodeId, _Gap] = {}
        self._digests = Digests(config, lace)
        self._pulled: dict[BlockId, Instant] = {}
        """Heads that somebody was asked for, and until when nobody else is."""
        self._peers: dict[NodeId, None] = {}
        self._silence: dict[NodeId, tuple[int, bool]] = {}
        """Pulls in a row that a peer has not answered, and whether one is open since it was heard
        last."""

    def handle(self, event: SyncInput, now: Now) -> SyncEffects:
        """Take one input."""
        match event:
            case BeaconSeen(peer, frontier):
                self._meet(peer)
                self._note_gap(peer, self._lace.lacks(frontier), now)
                effects = self._note_silence(peer)
                if self._audience.answers(peer):
                    effects.send.append(Send(peer, Beacon(self._lace.frontier())))
                return effects
            case DigestSeen(peer, digest):
                return self._compare(peer, digest, now)
            case PullAsked(peer, pull):
                self._meet(peer)
                return self._supply(peer, pull)
            case GapSeen(peer, at_once):
                fresh = peer not in self._gaps
                self._note_gap(peer, self._orphans.wanted(_WITNESSES), now)
                if at_once and fresh and peer in self._gaps:
                    return self._look_again(peer, self._gaps.pop(peer), now)
                return Effects()
            case BatchTaken(peer, more):
                return self._go_on(peer, more, now)
            case PullDue(peer):
                return self._ask(peer)
            case _:
                assert_never(event)

    def deadline(self) -> Instant | None:
        """The next beacon, or the next gap to look at."""
        gaps = [gap.due for gap in self._gaps.values()] if self._gaps else ()
        return earliest(self._beacon_due, self._full_due, *gaps)

    def tick(self, now: Now) -> SyncEffects:
        """Show our frontier when it is time; pull where a gap did not close by itself."""
        effects: SyncEffects = Effects()
        if self._beacon_due is None or self._beacon_due <= now.instant:
            self._beacon_due = after(now.instant, self._config.beacon_period_ns)
            listeners = self._audience.listeners()
            if listeners is None:
                effects.send.append(Send(None, Beacon(self._lace.frontier())))
            else:
                digest = self._digests.next()
                effects.send += [Send(one, digest) for one in listeners]
        if self._full_due is None:
            self._full_due = after(now.instant, self._config.full_period_ns)
        elif self._full_due <= now.instant:
            self._full_due = after(now.instant, self._config.full_period_ns)
            if self._peers:
                effects.absorb(self._ask(self._stream.choose(sorted(self._peers))))
        due = [peer for peer, gap in self._gaps.items() if gap.due <= now.instant]
        for peer in sorted(due):
            effects.absorb(self._look_again(peer, self._gaps.pop(peer), now))
        return effects

    def _look_again(self, peer: NodeId, gap: "_Gap", now: Now) -> SyncEffects:
        """Pull when a gap did not close by itself; give up on a peer that never answers."""
        still = tuple(one for one in gap.missing if one not in self._lace)
        if not still:
            self._note_gap(peer, self._orphans.wanted(_WITNESSES), now)
            return Effects()
        if self._audience.listeners() is not None and not self._may_pull(still, now):
            self._gaps[peer] = gap._replace(due=min(self._pulled[one] for one in still))
            return Effects()
        if gap.pulls < self._config.pulls_max:
            retry = after(now.instant, self._config.retry_ns)
            self._gaps[peer] = _Gap(retry, still, gap.pulls + 1)
        if peer in self._peers:
            self._silence[peer] = self._silence.get(peer, (0, False))[0], True
        return self._pull(peer)

    def _go_on(self, peer: NodeId, more: bool, now: Now) -> SyncEffects:
        """Blocks of a peer were taken: pull the next ones, if it has more."""
        self._meet(peer)
        self._silence.pop(peer, None)
        if not more:
            return Effects()
        for one in self._pulled:  # what it sends is on its way, and what it sends next
            self._pulled[one] = after(now.instant, self._config.spare_ns)
        wanted = tuple(self._orphans.wanted(_WITNESSES))
        self._gaps[peer] = _Gap(after(now.instant, self._config.retry_ns), wanted)
        return self._pull(peer)

    def _compare(self, peer: NodeId, digest: Digest, now: Now) -> SyncEffects:
        """A peer showed the sum of its heads: note what we lack, or show what it may lack."""
        self._meet(peer)
        effects = self._note_silence(peer)
        lacking = self._lace.lacks(Frontier(digest.fresh))
        self._note_gap(peer, lacking, now)
        if not lacking and self._digests.is_to_be_shown(peer, digest, now):
            effects.send.append(Send(peer, Beacon(self._lace.frontier())))
        return effects

    def _may_pull(self, missing: Sequence[BlockId], now: Now) -> bool:
        """Whether one of these was not asked of anybody a moment ago; notes that they are now. All
        neighbours show what a healed split brings, and one of them is enough to bring it."""
        pulled = self._pulled = {
            one: until
            for one, until in self._pulled.items()
            if until > now.instant and one not in self._lace
        }
        if all(one in pulled for one in missing):
            return False
        if len(pulled) + len(missing) <= limits.PULLED_HEADS_MAX:
            pulled |= dict.fromkeys(missing, after(now.instant, self._config.spare_ns))
        return True

    def _ask(self, peer: NodeId) -> SyncEffects:
        """Find out what a peer holds that we lack, without any sign that there is something."""
        if self._audience.listeners() is None:
            return self._pull(peer)
        return Effects(send=[Send(peer, self._digests.asking())])

    def _note_silence(self, peer: NodeId) -> SyncEffects:
        """A peer is there, and has not answered the last pull, if it was asked."""
        count, is_asked = self._silence.get(peer, (0, False))
        if not is_asked:
            return Effects()
        count += 1
        if count < self._config.unanswered_max:
            self._silence[peer] = count, False
            return Effects()
        del self._silence[peer]
        return Effects(emit=[PullsUnanswered(peer, count)])

    def _meet(self, peer: NodeId) -> None:
        if peer not in self._peers and len(self._peers) < limits.FRONTIER_HEADS_MAX:
            self._peers[peer] = None

    def _note_gap(self, peer: NodeId, missing: Sequence[BlockId], now: Now) -> None:
        if missing and peer not in self._gaps:
            self._gaps[peer] = _Gap(after(now.instant, self._config.patience_ns), tuple(missing))

    def _pull(self, peer: NodeId) -> SyncEffects:
        wanted = tuple(self._orphans.wanted(limits.WANTED_MAX))
        return Effects(send=[Send(peer, Pull(self._lace.frontier(), wanted))])

    def _supply(self, peer: NodeId, pull: Pull) -> SyncEffects:
        if self._lace.is_behind(pull.frontier):
            return self._supply_wanted(peer, pull)
        most = self._config.supply_count_max
        wanted = [one for one in pull.wanted if one in self._lace][:most]
        chosen = dict.fromkeys(wanted)
        beyond = self._lace.beyond(pull.frontier, most + 1)
        for place in beyond[:most]:
            chosen[place.id] = None
        if not chosen:
            return Effects()
        supply = Supply(tuple(chosen), more=len(beyond) > most)
        return Effects(send=[Send(peer, supply)])

    def _supply_wanted(self, peer: NodeId, pull: Pull) -> SyncEffects:
        """To a peer below our cut: what it names, and word that it needs a checkpoint."""
        wanted = [one for one in pull.wanted if one in self._lace]
        if not pull.frontier.heads:  # the founding is where everybody begins
            wanted += [one.id for one in self._lace.below_cut() if one.sequence == 1]
        effects: SyncEffects = Effects(emit=[PeerBehind(peer)])
        if wanted:
            supply = Supply(tuple(wanted[: self._config.supply_count_max]), more=False)
            effects.send.append(Send(peer, supply))
        return effects


_WITNESSES = 8  # missing blocks that are remembered of one gap

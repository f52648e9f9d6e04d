"""Shows our frontier, notices gaps, pulls what is missing, supplies what others lack."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, assert_never

from credimus.kernel import limits
from credimus.kernel.effects import Effects, Send, Wake
from credimus.kernel.entropy import Stream
from credimus.kernel.ids import BlockId, NodeId
from credimus.kernel.instant import Instant, Now, after, at_leisure, earliest
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
    is_wide: bool = False
    """Whether one answer does not bring them all; then others are likely to show the same."""


class _Source(NamedTuple):
    """Who sends us much at present; others would send the same."""

    peer: NodeId
    until: Instant
    """When its next part is overdue."""
    turn_ends: Instant


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
        self.held: Callable[[], Frontier] = lace.frontier
        """What peers are told that we hold when we pull: more than the lace, where blocks wait for
        ones that are asked for by name."""
        self._beacon_due: Instant | None = Instant(0)
        self._full_due: Instant | None = None
        self._gaps: dict[NodeId, _Gap] = {}
        self._digests = Digests(config, lace)
        self._pulled: dict[BlockId, Instant] = {}
        """Heads that somebody was asked for, and until when nobody else is."""
        self._source: _Source | None = None
        self._peers: dict[NodeId, None] = {}
        self._silence: dict[NodeId, tuple[int, bool]] = {}
        """Pulls in a row that a peer has not answered, and whether one is open since it was heard
        last."""

    def is_alike(self, peer: NodeId) -> bool:
        """Whether a peer has shown, by a digest, that it holds what we hold now."""
        return self._digests.is_alike(peer)

    def handle(self, event: SyncInput, now: Now) -> SyncEffects:
        """Take one input."""
        match event:
            case BeaconSeen(peer, frontier):
                self._meet(peer)
                lacking = self._lace.lacks(frontier)
                self._note_gap(peer, lacking, now, is_wide=self._is_wide(frontier, lacking))
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
                return self._taken(peer, more, now)
            case PullDue(peer):
                return self._ask(peer)
            case _:
                assert_never(event)

    def deadline(self) -> Instant | None:
        """The next beacon, or the next gap to look at."""
        gaps = [gap.due for gap in self._gaps.values()] if self._gaps else ()
        look = earliest(self._beacon_due, self._full_due)
        return earliest(look if self._audience.listeners() is None else at_leisure(look), *gaps)

    def tick(self, now: Now) -> SyncEffects:
        """Show our frontier when it is time; pull where a gap did not close by itself."""
        effects: SyncEffects = Effects()
        if self._beacon_due is None or self._beacon_due <= now.instant:
            self._beacon_due = after(now.instant, self._config.beacon_period_ns)
            listeners = self._audience.listeners()
            if listeners is None:
                effects.send.append(Send(None, Beacon(self._lace.frontier())))
            else:
                shown = self._digests.next(listeners)
                if shown is not None:
                    digest, to = shown
                    effects.send += [Send(one, digest, Wake.NEVER) for one in to]
        if self._full_due is None:
            self._full_due = after(now.instant, self._config.full_period_ns)
        elif self._full_due <= now.instant:
            self._full_due = after(now.instant, self._config.full_period_ns)
            if self._peers:
                effects.absorb(self._ask(self._stream.choose(sorted(self._peers))))
        due = [peer for peer, gap in self._gaps.items() if gap.due <= now.instant]
        source = None if self._source is None else self._source.peer
        for peer in sorted(due, key=lambda one: (one == source, one)):  # who is overdue comes last
            effects.absorb(self._look_again(peer, self._gaps.pop(peer), now))
        return effects

    def _taken(self, peer: NodeId, more: bool, now: Now) -> SyncEffects:
        """Blocks of a peer were taken."""
        self._meet(peer)
        self._silence.pop(peer, None)
        if more:
            return self._go_on_with(peer, now)
        if self._source is not None and not self._orphans.wanted(1):
            self._source = None  # nothing is waited for any more
        return Effects()

    def _go_on_with(self, peer: NodeId, now: Now) -> SyncEffects:
        """Pull the next part from a peer, unless another sends us the same already."""
        wanted = tuple(self._orphans.wanted(_WITNESSES))
        self._gaps.pop(peer, None)
        source = self._other_source(peer, now)
        if source is None and self._is_turn_over(peer, now):
            source, self._source = after(now.instant, self._config.retry_ns), None
        if source is not None:
            self._gaps[peer] = _Gap(source, wanted, is_wide=True)
            return Effects()
        self._gaps[peer] = _Gap(self._take_turn(peer, now), wanted, is_wide=True)
        return self._pull(peer)

    def _look_again(self, peer: NodeId, gap: "_Gap", now: Now) -> SyncEffects:
        """Pull when a gap did not close by itself; give up on a peer that never answers."""
        still = tuple(one for one in gap.missing if one not in self._lace)
        if not still:
            self._note_gap(peer, self._orphans.wanted(_WITNESSES), now)
            return Effects()
        source = self._other_source(peer, now)
        if source is not None:
            self._gaps[peer] = gap._replace(due=source, missing=still)
            return Effects()
        if self._audience.listeners() is not None and not self._may_pull(still, now):
            self._gaps[peer] = gap._replace(due=min(self._pulled[one] for one in still))
            return Effects()
        retry = after(now.instant, self._config.retry_ns)
        if gap.is_wide:
            self._take_turn(peer, now)
        if gap.pulls < self._config.pulls_max:
            self._gaps[peer] = gap._replace(due=retry, missing=still, pulls=gap.pulls + 1)
        if peer in self._peers:
            self._silence[peer] = self._silence.get(peer, (0, False))[0], True
        return self._pull(peer)

    def _is_wide(self, frontier: Frontier, lacking: Sequence[BlockId]) -> bool:
        """Whether a peer has shown more than one answer brings."""
        if not lacking:
            return False
        heads = ((head.sequence, self._lace.head(head.author)) for head in frontier.heads)
        counts = (shown - (0 if held is None else held.sequence) for shown, held in heads)
        return sum(max(0, count) for count in counts) > self._config.supply_count_max

    def _other_source(self, peer: NodeId, now: Now) -> Instant | None:
        """Until when another peer sends us much; None when none does."""
        source = self._source
        if source is None or source.peer == peer or source.until <= now.instant:
            return None
        return source.until

    def _take_turn(self, peer: NodeId, now: Now) -> Instant:
        """A peer is to send us much; returns when its next part is overdue."""
        retry, source = after(now.instant, self._config.retry_ns), self._source
        ends = after(now.instant, self._config.turn_ns)
        if source is not None and source.peer == peer and now.instant < source.turn_ends:
            ends = source.turn_ends
        self._source = _Source(peer, min(retry, ends), ends)
        return retry

    def _is_turn_over(self, peer: NodeId, now: Now) -> bool:
        """Whether a peer has sent for long while others wait: who sends little by little would keep
        us from all others."""
        source = self._source
        is_late = source is not None and source.peer == peer and source.turn_ends <= now.instant
        return is_late and bool(self._gaps)

    def _compare(self, peer: NodeId, digest: Digest, now: Now) -> SyncEffects:
        """A peer showed the sum of its heads: note what we lack, or show what it may lack."""
        self._meet(peer)
        self._digests.note(peer, digest)
        effects = self._note_silence(peer)
        fresh = Frontier(digest.fresh)
        lacking = self._lace.lacks(fresh)
        self._note_gap(peer, lacking, now, is_wide=self._is_wide(fresh, lacking))
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

    def _note_gap(
        self, peer: NodeId, missing: Sequence[BlockId], now: Now, *, is_wide: bool = False
    ) -> None:
        if missing and peer not in self._gaps:
            due = after(now.instant, self._config.patience_ns)
            self._gaps[peer] = _Gap(due, tuple(missing), is_wide=is_wide)

    def _pull(self, peer: NodeId) -> SyncEffects:
        wanted = self._orphans.wanted(limits.WANTED_MAX)
        wanted += self._lace.names(limits.WANTED_MAX - len(wanted))
        return Effects(send=[Send(peer, Pull(self.held(), tuple(wanted)))])

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

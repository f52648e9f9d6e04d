"""Spreads blocks on the overlay, and carries messages between nodes that do not hear each other.

    who our neighbours are   overlay.py, rings.py       who pushes to whom   trees.py
    what is told, asked for  announcing.py              what was spread      recent.py
    ways through others      relaying.py, routes.py     how long it takes    convergence.py

Up to `direct_count_max` nodes there is no overlay, and the node pushes to all by itself.

Source: Leitao, Pereira, Rodrigues, "Epidemic broadcast trees" (Plumtree, SRDS 2007).
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, assert_never

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.effects import Effects, Send, Wake
from credimus.kernel.entropy import Stream
from credimus.kernel.ids import BlockId, NodeId
from credimus.kernel.instant import Instant, Now, after, at_leisure, earliest
from credimus.protocol.dissemination.announcing import Awaited, Outbox
from credimus.protocol.dissemination.interface import (
    Arrival,
    BlocksCame,
    Counts,
    DisseminationConfig,
    DisseminationEvent,
    DisseminationInput,
    DisseminationMessage,
    Enveloped,
    Fresh,
    Graft,
    IHave,
    Neighbour,
    NeighboursGiven,
    OwnSealed,
    Prune,
    PullWanted,
    Relay,
    RelayArrived,
    Surroundings,
    Told,
    TreeName,
)
from credimus.protocol.dissemination.overlay import Overlay
from credimus.protocol.dissemination.recent import Entry, Recent
from credimus.protocol.dissemination.relaying import Relaying
from credimus.protocol.dissemination.sending import Draw, Parcels, drawn, whom_to_push
from credimus.protocol.dissemination.trees import Tree, Trees
from credimus.protocol.dissemination.urgency import Urgency

DisseminationEffects: TypeAlias = Effects[Any, DisseminationMessage | Enveloped, DisseminationEvent]


class Dissemination:
    """One node's part in spreading.

    Args:
        own: this node's id.
        around: who is there, and who hears whom.
    """

    def __init__(
        self, config: DisseminationConfig, own: NodeId, around: Surroundings, stream: Stream
    ) -> None:
        self._config = config
        self._own = own
        self._around = around
        self._stream = stream
        self.counts = Counts()
        self.overlay = Overlay(config, own, around, stream)
        self._relaying = Relaying(config, own, around, self.counts)
        self._recent = Recent()
        self._trees = Trees()
        self._outbox = Outbox()
        self._awaited = Awaited(config.grafts_max)
        self._on_the_way: BoundedMap[BlockId, tuple[Arrival, Sequence[NodeId]]] = BoundedMap(
            limits.ORPHANS_MAX
        )
        self._fresh: list[Entry] = []
        self._waiting: list[Entry] = []
        self._waiting_until: Instant | None = None
        self._prunes: dict[NodeId, dict[TreeName, None]] = {}
        self._joins: dict[NodeId, dict[bytes, None]] = {}
        self._look_due: Instant | None = None
        self._known: tuple[NodeId, ...] = ()
        self.unheard: dict[NodeId, None] = {}
        """Who is there and may not hear us, as of the last look."""

    # --- asking

    @property
    def is_active(self) -> bool:
        """Whether blocks go to neighbours, and not to all."""
        return self.overlay.is_active

    def listeners(self) -> Sequence[NodeId] | None:
        """To whom this node shows what it holds; None for all."""
        return self.overlay.neighbours if self.overlay.is_active else None

    def answers(self, stranger: NodeId) -> bool:
        """Whether a peer that has shown what it holds, and is no neighbour, is shown what we hold:
        with such a chance that a few of all do."""
        return (
            self.overlay.is_active
            and stranger not in self.overlay
            and self._stream.happens(_ANSWERS * 1_000_000 // (len(self.overlay.there) + 1))
        )

    def some(self, count: int) -> list[NodeId]:
        """At most so many of those who are there, at random."""
        return self._stream.sample(self.overlay.there, count)

    # --- the machine

    def handle(self, event: DisseminationInput, now: Now) -> DisseminationEffects:
        """Take one input. What is to be pushed leaves with the next `flush`."""
        match event:
            case OwnSealed(blocks, urgency):
                self._seal(blocks, urgency, now)
            case BlocksCame(peer, arrivals, taken):
                if self.overlay.is_active:
                    self._arrive(peer, arrivals)
                    self._take(taken, pushed=bool(arrivals))
            case Told(peer, message):
                return self._hear(peer, message, now)
            case NeighboursGiven(peers):
                self.overlay.give(peers[: limits.NEIGHBOURS_MAX])
                self._follow()
            case _:
                assert_never(event)
        return Effects()

    def deadline(self) -> Instant | None:
        """The next look around, announcement, or end of somebody's patience."""
        if self._look_due is None:
            return Instant(0)
        if not self.overlay.is_active:
            return earliest(self._look_due, self.overlay.deadline())
        look = earliest(at_leisure(self._look_due), self.overlay.deadline())
        return earliest(
            look, self._waiting_until, self._outbox.deadline(), self._awaited.deadline()
        )

    def tick(self, now: Now) -> DisseminationEffects:
        """Look around; announce; ask for what was announced and never came."""
        effects: DisseminationEffects = Effects()
        effects.send += self.overlay.tick(now)
        self._follow()
        if self._look_due is None or self._look_due <= now.instant:
            self._look(now, effects)
        if self.overlay.is_active:
            for peer, shorts in self._awaited.take(now.instant).items():
                if peer in self.overlay:
                    self.counts.grafts += len(shorts)
                    effects.send.append(Send(peer, Graft(tuple(shorts), deliver=True)))
        return effects

    def flush(self, now: Now) -> DisseminationEffects:
        """What has gathered since the last time, one message for each neighbour."""
        effects: DisseminationEffects = Effects()
        if self._waiting and (self._fresh or (self._waiting_until or 0) <= now.instant):
            self._fresh = [*self._waiting, *self._fresh]
            self._waiting, self._waiting_until = [], None
        parcels = Parcels()
        fresh, self._fresh = self._fresh, []
        for entry in fresh:
            self._spread(entry, parcels, now)
        effects.send += parcels.sends()
        for peer, entries in self._outbox.take(now.instant):
            self.counts.announced += len(entries)
            is_critical = any(one.urgency is Urgency.CRITICAL for one in entries)
            wake = Wake.NOW if is_critical else Wake.SOON
            effects.send.append(Send(peer, IHave(tuple(one.announced() for one in entries)), wake))
        joins, self._joins = self._joins, {}
        for peer, shorts in joins.items():
            graft = Graft(tuple(shorts)[: limits.ANNOUNCED_MAX], deliver=False)
            effects.send.append(Send(peer, graft))
        prunes, self._prunes = self._prunes, {}
        for peer, trees in prunes.items():
            self.counts.prunes += len(trees)
            effects.send.append(Send(peer, Prune(tuple(trees)[: limits.ANNOUNCED_MAX])))
        return effects

    # --- straight to all

    def around_gaps(self, message: object, urgency: Urgency, now: Now) -> list[Send[Any]]:
        """A message that went to all, through relays to those who may not have heard it."""
        sends: list[Send[Any]] = []
        for target in self.unheard:
            first = self._relaying.envelope(target, message, now)
            if first is None:
                continue
            sends.append(first)
            twice = urgency is Urgency.CRITICAL and self._stream.happens(self._config.relay_ppm)
            relay = first.to
            second = (
                self._relaying.envelope(target, message, now, (relay,))
                if twice and relay is not None
                else None
            )
            sends += [] if second is None else [second]
        return sends

    def direct(self, send: Send[Any], now: Now) -> Send[Any]:
        """A message to one peer; through a relay when the peer may not hear us."""
        if send.to is None or send.to not in self.unheard:
            return send
        return self._relaying.envelope(send.to, send.message, now) or send

    # --- private

    def _look(self, now: Now, effects: DisseminationEffects) -> None:
        """Who may not hear us? And pull from somebody, now and then."""
        self._look_due = after(now.instant, self._config.look_period_ns)
        self.unheard = dict.fromkeys(self._around.unheard())
        if self.overlay.is_active and self._stream.happens(self._config.pull_ppm):
            others = [one for one in self.overlay.there if one not in self.overlay]
            if others:
                effects.emit.append(PullWanted(self._stream.choose(others)))

    def _follow(self) -> None:
        """Neighbours came or went."""
        neighbours = self.overlay.neighbours
        if neighbours != self._known:
            for peer in self._known:
                if peer not in self.overlay:
                    self._outbox.forget(peer)
            self._known = neighbours
            self._trees.keep(frozenset(neighbours))

    def _seal(self, blocks: Iterable[Fresh], urgency: Urgency, now: Now) -> None:
        entries = [Entry(block, urgency, 0) for block in blocks]
        for entry in entries:
            self._recent.put(entry)
        wait_ns = self._config.strategy(urgency).wait_ns
        if not wait_ns:
            self._fresh += entries
            return
        self._waiting += entries
        if self._waiting_until is None:
            self._waiting_until = after(now.instant, wait_ns)

    def _arrive(self, peer: NodeId, arrivals: Iterable[Arrival]) -> None:
        """Blocks were pushed to us: note by whom, and prune who was not needed."""
        for one in arrivals:
            short = one.id[:8]
            announcers = self._awaited.came(short)
            self._outbox.has_it(peer, short)
            tree = self._tree(one.author, one.urgency, one.hops)
            if one.news:
                self._on_the_way.put(one.id, (one, (peer, *announcers)))
                if tree.parent is None and one.author != self._own:
                    tree.parent = peer
                    if one.extra and peer in self.overlay:  # what comes beside the tree is no tree
                        self._joins.setdefault(peer, {})[short] = None
                continue
            self.counts.duplicates += 1
            entry = self._recent.get(one.id)
            if entry is not None:
                entry.holders[peer] = None
            if one.extra or peer == tree.parent or peer not in self.overlay:
                continue
            if tree.parent is None and one.author != self._own:
                tree.parent = peer
                continue
            pruned = self._prunes.setdefault(peer, {})
            pruned[TreeName(one.author, one.urgency)] = None

    def _take(self, taken: Sequence[Fresh], *, pushed: bool) -> None:
        """Blocks are held: pass them on, unless we are catching up."""
        is_passed_on = pushed or len(taken) <= self._config.forward_count_max
        for block in taken:
            arrival, holders = self._on_the_way.take(block.id) or (None, ())
            if self._recent.get(block.id) is not None:
                continue  # held before, let go by a checkpoint, and taken anew: passed on long ago
            urgency = Urgency.NORMAL if arrival is None else arrival.urgency
            entry = Entry(block, urgency, 1 if arrival is None else arrival.hops, holders)
            entry.holders.update(dict.fromkeys(self._awaited.came(entry.short)))
            self._recent.put(entry)
            if is_passed_on:
                self._fresh.append(entry)

    def _spread(self, entry: Entry, parcels: Parcels, now: Now) -> None:
        """Push a block to the children of its tree, and to some beside; announce it to the rest."""
        strategy = self._config.strategy(entry.urgency)
        tree = self._tree(entry.author, entry.urgency, entry.hops)
        others = [one for one in self.overlay.neighbours if one not in entry.holders]
        draw = self._draw(entry.urgency)
        whole, extra = whom_to_push(tree, others, strategy, entry.hops, draw)
        due = after(now.instant, strategy.announce_ns)
        for peer in others:
            if peer in whole or peer in extra:
                entry.holders[peer] = None
                parcels.put(peer, entry.carried(extra=peer in extra))
            elif not self._outbox.put(peer, entry, due):
                self.counts.unannounced += 1
        self.counts.pushed += len(whole) + len(extra)
        self.counts.extra += len(extra)

    def _tree(self, author: NodeId, urgency: Urgency, hops: int) -> Tree:
        tree = self._trees.get(author, urgency)
        if tree is None:
            strategy = self._config.strategy(urgency)
            children = self._draw(urgency).order(self.overlay.neighbours)
            count = strategy.fanout if hops < strategy.rounds else 0
            tree = self._trees.begin(author, urgency, children[:count])
        return tree

    def _draw(self, urgency: Urgency) -> Draw:
        selection = self._config.strategy(urgency).selection
        return drawn(selection, self.overlay.nearest, self._config.push_ppm, self._stream)

    # --- what neighbours say

    def _hear(
        self, peer: NodeId, message: IHave | Graft | Prune | Relay | Neighbour, now: Now
    ) -> DisseminationEffects:
        effects: DisseminationEffects = Effects()
        match message:
            case Neighbour():
                effects.send += self.overlay.hear(peer, message, now)
                self._follow()
            case Relay():
                self._relay(peer, message, now, effects)
            case _ if peer not in self.overlay:
                pass
            case IHave():
                self._told(peer, message, now, effects)
            case Graft():
                self._graft(peer, message, effects)
            case Prune(trees):
                for name in trees:
                    tree = self._trees.get(NodeId(name.author), name.urgency)
                    if tree is not None:
                        tree.children.pop(peer, None)
            case _:
                assert_never(message)
        return effects

    def _relay(self, peer: NodeId, relay: Relay, now: Now, effects: DisseminationEffects) -> None:
        if relay.target != self._own:
            ahead = self._relaying.pass_on(peer, relay, now)
            effects.send += [] if ahead is None else [ahead]
        elif self._relaying.is_sound(relay, now):
            effects.emit.append(RelayArrived(NodeId(relay.origin), relay.payload))
        else:
            self.counts.relays_refused += 1

    def _told(self, peer: NodeId, told: IHave, now: Now, effects: DisseminationEffects) -> None:
        """A neighbour holds blocks: wait for those that we lack; come nearer if it is nearer."""
        nearer: list[bytes] = []
        for one in told.items:
            self._outbox.has_it(peer, one.id)
            entry = self._recent.get(one.id)
            if entry is None:
                patience_ns = self._config.strategy(one.urgency).patience_ns
                self._awaited.announced(one.id, peer, now.instant, patience_ns)
                continue
            entry.holders[peer] = None
            if entry.hops - one.hops >= self._config.nearer_hops and self._adopt(entry, peer):
                nearer.append(one.id)
        if nearer:
            effects.send.append(Send(peer, Graft(tuple(nearer), deliver=False)))

    def _adopt(self, entry: Entry, peer: NodeId) -> bool:
        """Take another parent in the tree of a block; False when it is so already."""
        tree = self._trees.get(entry.author, entry.urgency)
        if tree is None or tree.parent in (None, peer) or entry.author == self._own:
            return False
        if tree.parent in self.overlay:
            name = TreeName(entry.author, entry.urgency)
            self._prunes.setdefault(tree.parent, {})[name] = None
        tree.parent = peer
        return True

    def _graft(self, peer: NodeId, graft: Graft, effects: DisseminationEffects) -> None:
        """A neighbour becomes our child in the trees of these blocks."""
        parcels = Parcels()
        for short in graft.ids:
            entry = self._recent.get(short)
            if entry is None or entry.grafted.get(peer, 0) >= self._config.grafts_max:
                continue
            entry.grafted[peer] = entry.grafted.get(peer, 0) + 1
            self._tree(entry.author, entry.urgency, entry.hops).children[peer] = None
            if graft.deliver:
                entry.holders[peer] = None
                self._outbox.has_it(peer, short)
                self.counts.pushed += 1
                parcels.put(peer, entry.carried(extra=False))
        effects.send += parcels.sends()


_ANSWERS = 4
"""Members that answer a newcomer's beacon, of all that hear it. [guess: one would do]"""

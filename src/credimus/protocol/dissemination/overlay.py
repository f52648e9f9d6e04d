"""Who our neighbours are: a bounded number, agreed with each, and connected as a whole.

Each node asks the next ones in its rings (rings.py), then, until it has as many as it wants, the
nearest by round-trip time and random ones in turn. A link exists once both have said so, hence
works both ways; it ends when one leaves, is dead, or was silent. A request for a ring, or in need
because others have declined, is declined only by who has nothing but ring links; it takes the
place of the farthest other one.

Source: Leitao, Pereira, Rodrigues, "HyParView" (DSN 2007): active views that are symmetric and
replenished by asking, and requests in need that may not be declined.
Departs: there is no passive view and no shuffle, for everybody knows the roster; rings in place of
chance keep it connected.

Deliberately not here: what travels on the links.
"""

from collections.abc import Sequence
from typing import Any

from credimus.kernel.effects import Send, Wake
from credimus.kernel.entropy import Stream
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Instant, Now, after, at_leisure
from credimus.protocol.dissemination.interface import (
    DisseminationConfig,
    Neighbour,
    Surroundings,
    Wish,
)
from credimus.protocol.dissemination.rings import Rings


class Link:
    """A neighbour."""

    __slots__ = ("heard_at", "keep_due", "ours", "theirs", "told")

    def __init__(self, at: Instant) -> None:
        self.heard_at = at
        self.ours = False
        """Whether we need it for a ring."""
        self.theirs = False
        """Whether the neighbour does."""
        self.told = False
        """Whether the neighbour was told last that we do."""
        self.keep_due = at
        """When it is given the next sign of life."""

    @property
    def is_of_ring(self) -> bool:
        """Whether a ring breaks without it."""
        return self.ours or self.theirs


class Overlay:
    """One node's neighbours. `is_active` once there are too many nodes to send to all."""

    def __init__(
        self, config: DisseminationConfig, own: NodeId, around: Surroundings, stream: Stream
    ) -> None:
        self._config = config
        self._around = around
        self._stream = stream
        self._rings = Rings(own)
        self._links: dict[NodeId, Link] = {}
        self._asked: dict[NodeId, Instant] = {}
        self._avoided: dict[NodeId, Instant] = {}
        self._due = Instant(0)
        self._choose_nearest = False
        self.there: tuple[NodeId, ...] = ()
        """Who is there, as of the last look; sorted."""
        self.is_active = False
        self.is_given = False
        """Whether the topology comes from outside."""

    # --- asking

    def __contains__(self, peer: NodeId) -> bool:
        return peer in self._links

    def __len__(self) -> int:
        return len(self._links)

    @property
    def neighbours(self) -> tuple[NodeId, ...]:
        """All of them, in the order in which they became so."""
        return tuple(self._links)

    def nearest(self, peers: Sequence[NodeId]) -> list[NodeId]:
        """Peers by round-trip time, those that were not measured last and in random order."""
        shuffled = self._stream.sample(peers, len(peers))
        trips = {one: self._around.trip_us(one) for one in shuffled}
        return sorted(shuffled, key=lambda one: (trips[one] is None, trips[one] or 0))

    def deadline(self) -> Instant | None:
        """The next look around."""
        lacks = len(self._links) < self._config.degree_min
        return self._look_due if lacks else at_leisure(self._look_due)

    @property
    def _look_due(self) -> Instant:
        return min(self._due, *self._asked.values()) if self._asked else self._due

    # --- what happens

    def give(self, peers: tuple[NodeId, ...]) -> None:
        """Take a topology from outside, for good."""
        at = Instant(0)
        self._links = {one: Link(at) for one in peers}
        self.is_active = self.is_given = True

    def tick(self, now: Now) -> list[Send[Any]]:
        """Look who is there; let go of the dead and the silent; ask for what is missing."""
        sends: list[Send[Any]] = []
        if self._look_due > now.instant:
            return sends
        at, config = now.instant, self._config
        self._due = after(at, config.look_period_ns)
        self.there = self._around.there()
        if self.is_given:
            return sends
        was_active = self.is_active
        self.is_active = len(self.there) + 1 > config.direct_count_max
        if not self.is_active:
            return self._disband() if was_active else sends
        if not was_active:
            self._rings.forget(self.there)
        self._expire(at, sends)
        self._seek(at, sends)
        self._keep(at, sends)
        if len(self._links) < config.degree_min:
            self._due = after(at, config.ask_ns)
        return sends

    def hear(self, peer: NodeId, message: Neighbour, now: Now) -> list[Send[Any]]:
        """A peer wishes something."""
        if self.is_given:
            return []
        if message.wish is Wish.ASK:
            return self._answer(peer, message.needed, now)
        was_asked = self._asked.pop(peer, None) is not None
        if message.wish in (Wish.DECLINE, Wish.LEAVE):
            if self._links.pop(peer, None) is not None or was_asked:
                self._avoid(peer, now.instant)
                self._due = now.instant
            return []
        if peer not in self._links and not (was_asked and message.wish is Wish.ACCEPT):
            return [Send(peer, Neighbour(Wish.LEAVE, needed=False))]
        sends: list[Send[Any]] = []
        if peer not in self._links and not self._has_room(ring=True, at=now.instant, sends=sends):
            return [Send(peer, Neighbour(Wish.LEAVE, needed=False))]
        self._link(peer, now).theirs = message.needed
        return sends

    # --- private

    def _answer(self, peer: NodeId, ring: bool, now: Now) -> list[Send[Any]]:
        sends: list[Send[Any]] = []
        if peer not in self.there:  # it may be new since the last look
            self.there = self._around.there()
        may_be = self.is_active and peer in self.there
        if not may_be or (
            peer not in self._links and not self._has_room(ring=ring, at=now.instant, sends=sends)
        ):
            return [Send(peer, Neighbour(Wish.DECLINE, needed=False))]
        self._asked.pop(peer, None)
        link = self._link(peer, now)
        link.theirs |= ring
        return [*sends, Send(peer, Neighbour(Wish.ACCEPT, link.ours))]

    def _has_room(self, *, ring: bool, at: Instant, sends: list[Send[Any]]) -> bool:
        """Whether one more may be a neighbour; for a ring another leaves, if one can."""
        if len(self._links) < self._config.degree_max:
            return True
        spare = self._spare() if ring else None
        if spare is not None:
            self._leave(spare, at, sends)
        return spare is not None

    def _link(self, peer: NodeId, now: Now) -> Link:
        link = self._links.get(peer)
        if link is None:
            link = self._links[peer] = Link(now.instant)
        link.heard_at = now.instant
        self._avoided.pop(peer, None)
        return link

    def _expire(self, at: Instant, sends: list[Send[Any]]) -> None:
        there = frozenset(self.there)
        for peer in [one for one in self._links if one not in there]:
            del self._links[peer]
        silent = Instant(at - self._config.silence_ns)
        for peer in [one for one, link in self._links.items() if link.heard_at < silent]:
            self._leave(peer, at, sends)
        for peer in [one for one, due in self._asked.items() if due <= at or one not in there]:
            del self._asked[peer]
            self._avoid(peer, at)
        self._avoided = {
            one: until for one, until in self._avoided.items() if until > at and one in there
        }

    def _seek(self, at: Instant, sends: list[Send[Any]]) -> None:
        """Ask who is missing in the rings, then others."""
        needed = self._rings.next(self.there, self._avoided)
        for peer, link in self._links.items():
            link.ours = peer in needed
        for peer in needed:
            if peer not in self._links and peer not in self._asked:
                self._ask(peer, at, sends, ring=True)
        while len(self._links) + len(self._asked) < self._config.degree_wanted:
            taken = (self._links, self._asked, self._avoided)
            free = [one for one in self.there if not any(one in some for some in taken)]
            is_starving = len(self._links) < self._config.degree_min and bool(self._avoided)
            if not free and is_starving:  # all have declined: now one must make room
                free = [
                    one for one in self.there if one not in self._links and one not in self._asked
                ]
            if not free:
                break
            self._choose_nearest = not self._choose_nearest
            chosen = self.nearest(free)[0] if self._choose_nearest else self._stream.choose(free)
            self._ask(chosen, at, sends, ring=is_starving)

    def _keep(self, at: Instant, sends: list[Send[Any]]) -> None:
        """Signs of life to those whose time it is, or who do not know yet what we need."""
        for peer, link in self._links.items():
            if link.keep_due <= at or link.told != link.ours:
                link.keep_due, link.told = after(at, self._config.keep_period_ns), link.ours
                sends.append(Send(peer, Neighbour(Wish.KEEP, link.ours), Wake.NEVER))

    def _spare(self) -> NodeId | None:
        """The farthest neighbour that no ring needs."""
        spare = [one for one, link in self._links.items() if not link.is_of_ring]
        return self.nearest(spare)[-1] if spare else None

    def _ask(self, peer: NodeId, at: Instant, sends: list[Send[Any]], *, ring: bool) -> None:
        self._asked[peer] = after(at, self._config.ask_ns)
        sends.append(Send(peer, Neighbour(Wish.ASK, ring)))

    def _leave(self, peer: NodeId, at: Instant, sends: list[Send[Any]]) -> None:
        del self._links[peer]
        self._avoid(peer, at)
        sends.append(Send(peer, Neighbour(Wish.LEAVE, needed=False)))

    def _avoid(self, peer: NodeId, at: Instant) -> None:
        self._avoided[peer] = after(at, self._config.avoid_ns)

    def _disband(self) -> list[Send[Any]]:
        sends: list[Send[Any]] = [
            Send(peer, Neighbour(Wish.LEAVE, needed=False)) for peer in self._links
        ]
        self._links.clear()
        self._asked.clear()
        return sends

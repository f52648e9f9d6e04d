"""How blocks leave this node: to all while these are few, over the overlay when they are many.

Deliberately not here: who gets what (protocol/dissemination), which blocks are taken (ingress).
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from credimus.kernel.effects import Effects, Send, Wake
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Now
from credimus.lace.block import Block, block_id, open_wire, read_header
from credimus.node.config import Config
from credimus.node.saying.author import Author
from credimus.node.supply import PeerMessage, read_message
from credimus.node.taking.ingress import Ingress
from credimus.node.telling.copies import Copies
from credimus.node.telling.pushing import pushes
from credimus.node.telling.surroundings import Surroundings
from credimus.protocol.delivery.interface import Answer, Envelope
from credimus.protocol.dissemination.convergence import Convergence
from credimus.protocol.dissemination.estimating import DELAY_MS, Estimate, Topology, estimate
from credimus.protocol.dissemination.interface import (
    Arrival,
    BlocksCame,
    Enveloped,
    Fresh,
    OwnSealed,
    PullWanted,
    Push,
    Relay,
    RelayArrived,
)
from credimus.protocol.dissemination.machine import Dissemination
from credimus.protocol.dissemination.urgency import Urgency
from credimus.protocol.membership.machine import Membership
from credimus.protocol.sync.interface import Blocks, Pull, Supply
from credimus.protocol.vigilance.interface import Claim


class Spreading:
    """One node's outgoing blocks."""

    def __init__(
        self,
        config: Config,
        membership: Membership,
        copies: Copies,
        ingress: Ingress,
        entropy: Entropy,
    ) -> None:
        self._membership = membership
        self._copies = copies
        self._holds = ingress.knows
        around = Surroundings(copies.own, membership)
        stream = entropy.stream("dissemination")
        self.machine = Dissemination(config.dissemination, copies.own, around, stream)
        self.convergence = Convergence()
        self._urgency: Urgency | None = None
        self._was_acknowledged = False
        self.aside: list[PullWanted | RelayArrived] = []
        """What the node is to do, beside what a message said."""
        self.blames = True
        """Whether a fault is the sender's: not in what came through relays, for whoever carried it,
        or says who sent it, may lie."""

    # --- asking

    @property
    def topology(self) -> Topology:
        """What the links that blocks travel on look like."""
        return Topology.RANDOM if self.machine.is_active else Topology.FULL_MESH

    @property
    def delay_ms(self) -> float:
        """The median one-way delay of links, half of what probes took; a guess before any."""
        trips = [view.trip_us_median for view in self._membership.snapshot()]
        known = sorted(trip for trip in trips if trip is not None)
        return known[len(known) // 2] / 2_000 if known else DELAY_MS

    def estimate(
        self,
        topology: Topology | None = None,
        nodes: int | None = None,
        urgency: Urgency = Urgency.NORMAL,
    ) -> Estimate:
        """How long a block takes to reach all; of this fleet as it is now when not given."""
        size = len(self.machine.overlay.there) + 1 if nodes is None else nodes
        measured = self.convergence.measured(urgency)
        return estimate(topology or self.topology, size, self.delay_ms, measured, urgency)

    # --- going out

    def ask(self, urgency: Urgency) -> None:
        """Something of that urgency was said, or heard, in this step."""
        if self._urgency is None or urgency > self._urgency:
            self._urgency = urgency

    def proposed(self, authors: Iterable[Author]) -> list[int]:
        """Sequences that this node's own next block with a proposal will have: one, or none."""
        return [one.sequence + 1 for one in authors if one.proposes and one.id == self._copies.own]

    def own(self, sealed: Sequence[Block], proposed: Iterable[int], now: Now) -> list[Send[Any]]:
        """What tells others of blocks that were just sealed.

        Args:
            proposed: sequences of this node's own that carry proposals: all will answer them.
        """
        urgency = Urgency.NORMAL if self._urgency is None else self._urgency
        for sequence in proposed:
            self.convergence.sealed(sequence, urgency, now.instant)
        machine = self.machine
        if machine.is_active:
            fresh = tuple(Fresh(one.id, one.author, one.wire) for one in sealed)
            return machine.handle(OwnSealed(fresh, urgency), now).send
        messages = list(pushes(sealed))
        sends: list[Send[Any]] = [Send(None, message) for message in messages]
        if machine.unheard:
            for message in messages:
                sends += machine.around_gaps(message, urgency, now)
        return sends

    def acknowledged(self) -> None:
        """Somebody has shown which of our blocks it holds."""
        self._was_acknowledged = True

    def prepare(
        self, effects: Effects[Any, Any, Any], shut_out: Collection[NodeId], now: Now
    ) -> None:
        """Before effects are handed over, in whichever half of a step: add what has gathered, and
        send around one-way links what must.

        Args:
            shut_out: who gets nothing through others, for others may not know it yet.
        """
        machine = self.machine
        if machine.is_active:
            pushed = machine.flush(now).send
            effects.send = [*pushed, *(one for send in effects.send for one in self._fewer(send))]
        if machine.unheard:
            effects.send = [
                machine.direct(send, now) if isinstance(send.message, _AROUND) else send
                for send in effects.send
            ]
        if shut_out:
            effects.send = [one for one in effects.send if not _is_carried_to(one, shut_out)]
        if self._was_acknowledged:
            self._was_acknowledged = False
            there = machine.overlay.there
            held = self._copies.acknowledged
            self.convergence.held(held, there, self.topology, now.instant)

    def end_step(self) -> None:
        """What the next step says has no urgency yet."""
        self._urgency = None

    def _fewer(self, send: Send[Any]) -> Sequence[Send[Any]]:
        """What a node claims again and again goes to some at random in place of all: in time to
        all, and whoever finds a false claim tells everybody."""
        if send.to is not None or not isinstance(send.message, Claim):
            return (send,)
        return [Send(one, send.message, Wake.NEVER) for one in self.machine.some(_CLAIM_COUNT)]

    # --- coming in

    def arriving(self, push: Push) -> list[Arrival]:
        """What a push brings, as far as it can be read; before ingress has seen it."""
        arrivals: list[Arrival] = []
        for item in push.items:
            try:
                header_bytes = open_wire(item.wire).header
                author = read_header(header_bytes).author
            except PeerFault:
                continue  # ingress says so
            identifier = block_id(header_bytes)
            news = not self._holds(identifier)
            arrivals.append(Arrival(identifier, author, item.urgency, item.hops, item.extra, news))
        return arrivals

    def opened(self, payload: bytes) -> PeerMessage | None:
        """The message inside a relayed one; None, counted and nobody's fault, when it can not be
        read or is none that may be relayed."""
        try:
            message = read_message(payload)
        except PeerFault:
            message = None
        if isinstance(message, _RELAYED):
            return message
        self.machine.counts.relays_refused += 1
        return None

    def came(
        self, peer: NodeId, arrivals: Sequence[Arrival], taken: Sequence[Block], now: Now
    ) -> None:
        """A message with blocks went through ingress."""
        if self.machine.is_active:
            let_in = tuple(one for one in arrivals if self._holds(one.id))
            fresh = tuple(Fresh(one.id, one.author, one.wire) for one in taken)
            if let_in or fresh:
                self.machine.handle(BlocksCame(peer, let_in, fresh), now)
        for one in arrivals:
            if one.news:
                self.ask(one.urgency)


_CLAIM_COUNT = 8
"""Members that are shown a claim of our state in each period, where blocks travel over an overlay.
[guess: a wrong state is noticed in the first period by far]"""
_RELAYED = (Blocks, Pull, Envelope, Answer)
"""Messages that are taken from relays: what is in them is signed, or only asks."""
_AROUND = (*_RELAYED, Supply)
"""Messages to one peer that may go through relays; probes never do, for they test the link."""


def _is_carried_to(send: Send[Any], some: Collection[NodeId]) -> bool:
    """Whether others are to carry a message to one of some."""
    return isinstance(send.message, Enveloped | Relay) and send.message.target in some

"""What comes from peers: a message to its machine, a block through the door to the lace.

Whatever is wrong is a fault of somebody: counted, told, and nothing else is changed.
"""

from collections import Counter
from collections.abc import Sequence
from typing import assert_never

from credimus.kernel import limits
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Now
from credimus.lace.block import Block
from credimus.node.events import ForkSeen, IdentityForked, PeerFaulted
from credimus.node.parts import Machines, Parts
from credimus.node.router import TAKES
from credimus.node.saying.author import Author
from credimus.node.saying.sealing import Sealing
from credimus.node.step import Step
from credimus.node.supply import PeerMessage, may_show_life, read_message
from credimus.node.taking.ingress import Taken
from credimus.node.telling.shielding import Shielded
from credimus.protocol.dissemination.interface import Arrival, PullWanted, Push, RelayArrived
from credimus.protocol.guard.interface import FaultSeen
from credimus.protocol.membership.interface import MembershipMessage
from credimus.protocol.sync.interface import (
    BatchTaken,
    Beacon,
    Blocks,
    Digest,
    GapSeen,
    PullDue,
)
from credimus.protocol.vigilance.interface import FaultFound
from credimus.state.membership.members import Members


class Intake:
    """The way in of one node."""

    def __init__(self, parts: Parts, machines: Machines, step: Step, sealing: Sealing) -> None:
        self._parts = parts
        self._machines = machines
        self._spreading = machines.spreading
        self._vigilance = machines.vigilance
        self._step = step
        self._sealing = sealing
        self.faults: Counter[tuple[NodeId, str]] = Counter()
        self.unheard_count = 0
        """Messages of quarantined and limited members that were not looked at."""

    def receive(self, sender: NodeId, payload: bytes, now: Now) -> None:
        """Take one message, unless its sender was expelled or the guard ignores it."""
        if self._parts.state.roster.current.is_expelled(sender) or (
            not self._machines.guard.admits(sender, now.instant)
        ):
            return
        is_ignoring = self._vigilance.is_ignoring
        if is_ignoring and not may_show_life(payload) and self._is_unheard(sender, now):
            return  # before it is read, at some 1 us
        try:
            message = read_message(payload)
            if isinstance(message, Shielded):
                inside = self._parts.shield.opened(message)
                if inside is None:
                    return
                message = read_message(inside)
                if not isinstance(message, MembershipMessage) and self._is_unheard(sender, now):
                    return
            self._heed(sender, message, now)
        except PeerFault as fault:
            self._fault(sender, fault, now)
        self.turn_aside(now)

    def turn_aside(self, now: Now) -> None:
        """Do what dissemination wants of others: pull, or take what came through relays."""
        spreading = self._spreading
        if not spreading.aside:
            return
        aside, spreading.aside = spreading.aside, []
        for event in aside:
            match event:
                case PullWanted(peer):
                    self._step.give("sync", PullDue(peer), now)
                case RelayArrived(origin, payload):
                    message = spreading.opened(payload)
                    if message is not None:
                        spreading.blames = False
                        self._heed(origin, message, now)
                        spreading.blames = True
                case _:
                    assert_never(event)

    def look_again(self, now: Now) -> None:
        """After a checkpoint took effect, see what need not wait any more."""
        if not self._step.is_cut:
            return
        self._step.is_cut = False
        members = self._parts.state.roster.current
        taken = self._parts.ingress.look_again()
        self._note_all(taken, members, now)
        self._blame_refused(now)
        self._spreading.came(self._parts.id, (), [one.block for one in taken], now)
        self._step.hear(now)

    def silence(self, author: Author) -> None:
        """Write nothing more for a member whose chain goes on elsewhere."""
        author.forked = True
        self._machines.voting.silence(author.id)

    def note(self, taken: Taken) -> None:
        """What follows from a block that was just folded."""
        effects = self._step.effects
        effects.persist.append(taken.block)
        self._step.facts += taken.events
        acknowledged = self._parts.copies.note(taken.place)
        if acknowledged is not None:
            effects.emit.append(acknowledged)
            self._spreading.acknowledged()
        other = self._parts.lace.fork_at(taken.place)
        if other is None:
            return
        author, sequence = taken.place.author, taken.place.sequence
        self._step.facts.append(ForkSeen(author, sequence, (other, taken.place.id)))
        own = self._parts.by_id.get(author)
        if own is not None:
            self.silence(own)
            self._step.facts.append(IdentityForked(author, sequence))

    # --- private

    def _is_unheard(self, sender: NodeId, now: Now) -> bool:
        """Whether a member is held so that this message of it is not heard; counts it."""
        if self._vigilance.hears(sender, now.instant):
            return False
        self.unheard_count += 1
        return True

    def _heed(self, sender: NodeId, message: PeerMessage, now: Now) -> None:
        if isinstance(message, Blocks):
            self._take(sender, message, now)
        elif isinstance(message, Push):
            arrivals = self._spreading.arriving(message)
            wires = tuple(item.wire for item in message.items)
            self._take(sender, Blocks(wires), now, arrivals)
        else:
            found = TAKES.get(type(message))
            if found is None:
                raise PeerFault("malformed", "a shielded message holds another one")
            if isinstance(message, Beacon | Digest):
                heads = message.fresh if isinstance(message, Digest) else message.frontier.heads
                self._parts.copies.show(sender, heads)
            name, input_of = found
            self._step.give(name, input_of(sender, message), now)

    def _take(
        self, sender: NodeId, message: Blocks, now: Now, arrivals: Sequence[Arrival] = ()
    ) -> None:
        parts, step, roster = self._parts, self._step, self._parts.state.roster
        held_count = len(parts.lace)
        new: list[Block] = []
        for wire in message.wires:
            members = roster.current
            try:
                taken = parts.ingress.take(wire, now.wall_ms)
            except PeerFault as fault:
                signer = parts.ingress.signer_of(wire, fault)
                culprit = signer if signer is not None and fault.code == _PASSED_ON else sender
                self._fault(culprit, fault, now, signer)
                continue
            self._note_all(taken, members, now)
            new += [one.block for one in taken]
        self._blame_refused(now)
        self._spreading.came(sender, arrivals, new, now)
        if len(parts.ingress.orphans):
            ignores = self._machines.guard.is_ignoring or self._vigilance.is_ignoring
            step.give("sync", GapSeen(sender, ignores), now)
        more = message.more and len(parts.lace) > held_count  # else it could go on for ever
        step.give("sync", BatchTaken(sender, more), now)

    def _note_all(self, taken: Sequence[Taken], members: Members, now: Now) -> None:
        for one in taken:
            self.note(one)
        if self._parts.state.roster.current is not members:
            proposers = [author for author in self._parts.authors if author.proposes]
            self._sealing.seal(proposers, members, [one.place.id for one in taken], now)

    def _blame_refused(self, now: Now) -> None:
        ingress = self._parts.ingress
        while ingress.refused:
            block, reason = ingress.refused.pop()
            self._fault(block.author, reason, now, block.author)

    def _fault(
        self, peer: NodeId, fault: PeerFault, now: Now, signer: NodeId | None = None
    ) -> None:
        """Count a fault against whoever sent it, and hold it against who certainly signed it."""
        if signer is not None or self._spreading.blames:
            found = FaultFound(peer, fault.code, fault.message, signer)
            self._step.give("vigilance", found, now)
        if not self._spreading.blames:
            self._spreading.machine.counts.relays_refused += 1
            return
        if (peer, fault.code) in self.faults or len(self.faults) < limits.FAULTS_MAX:
            self.faults[peer, fault.code] += 1
        self._step.effects.emit.append(PeerFaulted(peer, fault.code, fault.message))
        self._step.give("guard", FaultSeen(peer, fault.code), now)


_PASSED_ON = "over-limit"
"""A fault of the author alone. Whoever is at a later checkpoint knows of blocks below it no more
than their names, and passes on in good faith what builds on them."""

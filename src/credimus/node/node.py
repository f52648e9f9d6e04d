"""A node without its I/O: inputs in, effects out, in virtual or real time alike.

    receive, execute, tick    change the node and gather work
    collect                   seals what is open and hands over all effects, in the safe order

A driver feeds whatever has come, then collects once: what came together shares one signature, one
disk write and one message. That is the adaptive batching of the design: a busy node steps when the
previous write has become durable.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import msgspec

from credimus.kernel import limits
from credimus.kernel.effects import Effects, Send
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import NotFound, PeerFault
from credimus.kernel.hlc import HybridClock, wall_ms_of
from credimus.kernel.ids import BlockId, FleetId, NodeId
from credimus.kernel.instant import MILLISECOND, Instant, Now, after, earliest
from credimus.lace.block import Block
from credimus.lace.lace import Lace
from credimus.lace.seal import Signer
from credimus.node.author import Author
from credimus.node.commands import (
    AnyCommand,
    AssertBelief,
    CastVote,
    FinishMessage,
    MessageCommand,
    ProposeBelief,
    SendMessage,
    Written,
)
from credimus.node.compacting import Compacting
from credimus.node.config import Config
from credimus.node.copies import Copies
from credimus.node.enclosing import Discreet, Enclosing
from credimus.node.events import (
    ForkSeen,
    IdentityForked,
    NodeEvent,
    PeerFaulted,
    Sealed,
)
from credimus.node.ingress import Ingress, Taken
from credimus.node.messages import deliver
from credimus.node.pushing import pushes
from credimus.node.reading import Reading
from credimus.node.returning import Returning
from credimus.node.router import FOLLOWS, HEARS, TAKES
from credimus.node.sight import FleetView
from credimus.node.supply import Outgoing, read_message
from credimus.node.writing import Writing
from credimus.protocol.checkpointing.interface import SayWord, SnapshotFetched
from credimus.protocol.delivery.machine import Delivery
from credimus.protocol.guard.interface import FaultSeen
from credimus.protocol.guard.machine import Guard
from credimus.protocol.machine import Machine
from credimus.protocol.membership.machine import Membership
from credimus.protocol.partition.interface import Permit, Standing
from credimus.protocol.partition.machine import Partition
from credimus.protocol.partition.reconciling import Holdings
from credimus.protocol.recovery.interface import (
    ProposeAgain,
    SayAgain,
    SnapshotPut,
    TakeAgain,
    WriteAgain,
)
from credimus.protocol.recovery.machine import Recovery, Sources
from credimus.protocol.sync.interface import BatchTaken, Blocks, GapSeen
from credimus.protocol.sync.machine import Sync
from credimus.protocol.voting.interface import (
    Evaluator,
    Say,
    SayVote,
)
from credimus.protocol.voting.knowledge import LocalKnowledge
from credimus.protocol.voting.machine import Voting
from credimus.state.categories import Categorizer, KeywordCategorizer
from credimus.state.dependencies import Dependencies
from credimus.state.events import StateEvent
from credimus.state.fleet import FleetState
from credimus.state.operations import Found
from credimus.state.roster import Members

NodeEffects: TypeAlias = Effects[Block, Outgoing, NodeEvent]


class Node:
    """One member of a fleet, and the further members that it hosts.

    Args:
        signers: the node's own first; those after it are hosted members.
        evaluator: how its members vote; `LocalKnowledge` when None.
    """

    def __init__(
        self,
        fleet: FleetId,
        signers: Sequence[Signer],
        config: Config,
        entropy: Entropy,
        evaluator: Evaluator | None = None,
        categorizer: Categorizer | None = None,
    ) -> None:
        self.fleet = fleet
        self.lace = Lace()
        self.state = FleetState(fleet)
        self.clock = HybridClock(config.skew_ms_max)
        self.faults: Counter[tuple[NodeId, str]] = Counter()
        self.authors = [Author(signer, fleet, self.lace, self.state.beliefs) for signer in signers]
        self._by_id = {author.id: author for author in self.authors}
        self._ingress = Ingress(fleet, self.lace, self.state, self.clock)
        self._sync = Sync(config.sync, self.lace, self._ingress.orphans, entropy.stream("sync"))
        own = [author.id for author in self.authors]
        self.reading = Reading(self.state, signers)
        enclosing = Enclosing(self.state, self.reading, signers)
        votes_by = evaluator or LocalKnowledge(self.state, config.voting.unknown)
        self._voting = Voting(
            config.voting, self.state, Discreet(votes_by, self.reading, enclosing), own
        )
        self.membership = Membership(config.membership, own, entropy.stream("membership"))
        self.delivery = Delivery(
            config.delivery, fleet, signers[0], self.state.roster, entropy.stream("delivery")
        )
        self.partition = Partition(
            config.partition,
            Holdings(own[0], self.state, self.lace),
            lambda: FleetView(self.membership, self.state.roster, self.lace),
            Say,
        )
        self._rules = config.voting.rules
        self.guard = Guard(config.guard, self.state.roster.keys)
        self._machines: dict[str, Machine[Any]] = {
            "guard": self.guard,
            "voting": self._voting,
            "sync": self._sync,
            "membership": self.membership,
            "delivery": self.delivery,
            "partition": self.partition,
        }
        self.compacting = Compacting(config.checkpoints, self.lace, self.state, self.clock, self.id)
        self._machines |= self.compacting.machines
        self.copies = Copies(self.id, self.lace, self.state.roster)
        self._followed = self.state.roster.current
        self._writing = Writing(
            self.state, self._voting, self.authors, categorizer or KeywordCategorizer(), enclosing
        )
        waiting, compacting = self._ingress.orphans.highest, self.compacting
        sources = Sources(
            waiting, compacting.read_durable, compacting.fetched, lambda: not self._unheld
        )
        self.recovery = Recovery(config.recovery, self.lace, self.state, own, sources)
        self._machines["recovery"] = self.recovery
        doors = self._ingress, self.clock, self._took
        self._returning = Returning(
            self.recovery, self._by_id, doors, (self._writing, self._voting)
        )
        self._effects: NodeEffects = Effects()
        self._facts: list[Any] = []
        self._seal_now = False
        self._unheld: Instant | None = None
        """When what the fleet's limit holds back is tried again."""

    # --- asking

    @property
    def id(self) -> NodeId:
        """This node's own id."""
        return self.authors[0].id

    @property
    def orphan_count(self) -> int:
        """How many blocks wait for predecessors."""
        return len(self._ingress.orphans)

    @property
    def is_held_back(self) -> bool:
        """Whether something that was said is not sealed yet, because of the fleet's limit."""
        return self._unheld is not None

    @property
    def dependencies(self) -> Dependencies:
        """How the beliefs depend on each other, and which came before which."""
        return Dependencies(self.state.beliefs, self.lace.happened_before)

    # --- beginning

    def found(self, found: Found) -> None:
        """Begin the fleet; the block comes out of the next `collect`."""
        self.authors[0].say(found)
        self._seal_now = True

    def restore_snapshot(self, kept: bytes) -> None:
        """Begin from the checkpoint of our own store; `restore` takes the blocks after it.

        Raises:
            PeerFault: `malformed`.
        """
        self.compacting.restore(kept)

    def restore(
        self, wires: Iterable[bytes], hear: Callable[[list[StateEvent]], None] | None = None
    ) -> int:
        """Fold the blocks of our own store, in the order in which they were appended.

        Args:
            hear: told what each block changed.

        Returns:
            How many were folded. Nothing is sent, said or emitted for them.
        """
        count = 0
        for wire in wires:
            taken = self._ingress.restore(wire)
            place = taken.place
            self.copies.note(place)
            own = self._by_id.get(place.author)
            if own is not None and self.lace.fork_at(place) is not None:
                self._silence(own)
            count += 1
            if hear is not None:
                hear(taken.events)
        self.compacting.show_stubs()
        return count

    def recall(self, facts_of: Callable[[str], Iterable[tuple[str, bytes]]]) -> None:
        """Take up the records of our own store, after `restore`.

        Args:
            facts_of: keys and values of a family, oldest first.

        Raises:
            StorageError: `corrupt`.
        """
        self.delivery.recall(facts_of)
        self.recovery.recall(facts_of)
        self._returning.hold()

    def resume(self, now: Now) -> None:
        """After `restore` and `recall`: take up open rounds, and messages, where the last run left
        them."""
        self._carry_out(self._voting.resume(now))
        self.delivery.resume(now)
        self._carry_out(self.recovery.resume(now))

    # --- inputs

    def receive(self, sender: NodeId, payload: bytes, now: Now) -> None:
        """Take one message of a peer, unless the guard ignores it. A fault is counted and emitted;
        it changes nothing else."""
        if not self.guard.admits(sender, now.instant):
            return
        try:
            message = read_message(payload)
            if isinstance(message, Blocks):
                self._take(sender, message, now)
                return
            name, input_of = TAKES[type(message)]
            try:
                self._carry_out(self._machines[name].handle(input_of(sender, message), now))
            except PeerFault as fault:
                self._fault(sender, fault, now)
        except PeerFault as fault:
            self._fault(sender, fault, now)

    def execute(self, command: AnyCommand, now: Now) -> Written:
        """Carry out a command; what it writes is durable once the next effects are persisted.

        Raises:
            UsageError, Unavailable, StorageError: nothing was changed.
        """
        if isinstance(command, SendMessage | FinishMessage):
            return self._deliver(command, now)
        self._returning.check()
        permit = self._permit(command)
        if self.state.roster.units_per_s_max:
            self._check_allowance(command, now)
        if isinstance(command, CastVote):
            written = self._cast(command, now)
        else:
            written = self._writing.execute(command)
        self._seal_now = True
        if permit.standing is Standing.NORMAL:
            return written
        return msgspec.structs.replace(written, standing=permit.standing, reason=permit.reason)

    def deadline(self) -> Instant | None:
        """When `tick` is wanted next."""
        return earliest(self._unheld, *(machine.deadline() for machine in self._machines.values()))

    def tick(self, now: Now) -> None:
        """Let the machines see the time."""
        for machine in self._machines.values():
            self._carry_out(machine.tick(now))
        if self._returning.is_back:
            self._returning.is_back = False
            self._carry_out(self._voting.resume(now))
        self._facts += self.compacting.settle(self._effects.persist)
        if self._unheld is not None and now.instant >= self._unheld:
            self._unheld, self._seal_now = None, True

    def heard(self, now: Now) -> NodeEffects:
        """Let the machines hear what changed and hand over the effects so far, nothing sealed: so
        callers can be told, and what they say to it joins the block that `collect` seals."""
        self._hear(now)
        return self._hand_over()

    def collect(self, now: Now) -> NodeEffects:
        """Seal what is open, let the machines hear what changed, hand over all effects."""
        self._hear(now)
        while self._seal_now:
            self._carry_out(self._voting.along())
            self._seal_now = False
            self._seal(self.authors, self.state.roster.current, [], now)
            self._voting.sealed()
            self._hear(now)
        return self._hand_over()

    # --- private

    def _hand_over(self) -> NodeEffects:
        effects, self._effects = self._effects, Effects()
        return effects

    def _seal(
        self, authors: Iterable[Author], roster: Members, news: list[BlockId], now: Now
    ) -> None:
        """Seal what these have said.

        Args:
            roster: with which they said it.
            news: blocks that changed it since; no proposal is to descend from them.
        """
        sealed: list[Block] = []
        for author in authors:
            author.units_per_s_max = self.state.roster.units_per_s_max
            if (
                author.forked
                or self.recovery.is_holding
                or (author.id not in roster and len(self.lace))
            ):  # founder's first
                author.discard()
            passed = tuple(news) if author.proposes else ()
            while made := author.seal(lambda: self.clock.next(now.wall_ms), passed):
                before = self.state.roster.current
                taken = self._ingress.fold(*made)
                self.copies.note(taken.place)
                sealed.append(taken.block)
                self._facts += taken.events
                self._effects.emit.append(Sealed(author.id, taken.place.sequence))
                if self.state.roster.current is not before:
                    news = [*news, taken.block.id]
                if not self._may_write(author):
                    author.discard()
            if author.is_held_back:
                self._unheld = after(now.instant, _HELD_BACK_NS)
        if sealed:
            self._effects.persist += sealed
            self._effects.send += [Send(None, push) for push in pushes(sealed)]

    def _take(self, sender: NodeId, message: Blocks, now: Now) -> None:
        held_count = len(self.lace)
        for wire in message.wires:
            roster = self.state.roster.current
            try:
                taken = self._ingress.take(wire, now.wall_ms)
            except PeerFault as fault:
                self._fault(sender, fault, now)
                continue
            for one in taken:
                self._took(one)
            if self.state.roster.current is not roster:
                proposers = [author for author in self.authors if author.proposes]
                self._seal(proposers, roster, [one.place.id for one in taken], now)
        while self._ingress.refused:
            block, reason = self._ingress.refused.pop()
            self._fault(block.author, reason, now)
        if len(self._ingress.orphans):
            self._carry_out(self._sync.handle(GapSeen(sender, self.guard.is_ignoring), now))
        more = message.more and len(self.lace) > held_count  # else it could go on for ever
        self._carry_out(self._sync.handle(BatchTaken(sender, more), now))

    def _took(self, one: Taken) -> None:
        """A block of somebody passed the door."""
        self._effects.persist.append(one.block)
        self._facts += one.events
        acknowledged = self.copies.note(one.place)
        if acknowledged is not None:
            self._effects.emit.append(acknowledged)
        self._note_fork(one)

    def _hear(self, now: Now) -> None:
        """Give facts to the machines that listen; they may cause further operations."""
        while self._facts:
            facts, self._facts = self._facts, []
            self._effects.emit += facts
            for name, kinds, input_of in HEARS:
                heard = [fact for fact in facts if type(fact) in kinds]
                if heard:
                    self._carry_out(self._machines[name].handle(input_of(heard), now))
            self._facts += self.compacting.settle(self._effects.persist)
        roster = self.state.roster.current
        if roster is not self._followed:  # in place of a look at each fact
            self._followed = roster
            for name, followed_by in FOLLOWS:
                followed = followed_by(tuple(roster.by_id))
                self._carry_out(self._machines[name].handle(followed, now))

    def _carry_out(self, effects: Effects[Any, Any, Any]) -> None:
        self._effects.remember += effects.remember
        self._effects.send += effects.send
        for event in effects.emit:
            match event:
                case SayVote(author, vote):
                    self._by_id[author].vote(vote)
                    self._seal_now = True
                case Say(author, operation) | SayWord(author, operation):
                    self._by_id[author].say(operation)
                    self._seal_now = True
                case SnapshotFetched():
                    self._facts += self.compacting.install(event, self._effects.persist)
                    self._facts.append(SnapshotPut())
                case TakeAgain() | SayAgain() | ProposeAgain() | WriteAgain():
                    self._returning.carry_out(event)
                    self._seal_now = True
                case _:
                    self._facts.append(event)

    def _cast(self, command: CastVote, now: Now) -> Written:
        request = self._writing.ballot(command)
        self._carry_out(self._voting.handle(request, now))
        return Written(request.elector, command.belief, request.round)

    def _deliver(self, command: MessageCommand, now: Now) -> Written:
        if isinstance(command, SendMessage) and self._writing.author_of(command).id != self.id:
            raise NotFound("not-hosted", "a hosted member sends no messages; its node does.")
        number, effects = deliver(self.delivery, command, now)
        self._carry_out(effects)
        return Written(self.id, message=number)

    def _permit(self, command: AnyCommand) -> Permit:
        """What a command can count on; votes of the node's own evaluators are safe anywhere."""
        if isinstance(command, CastVote) and command.evaluated:
            return Permit()
        rules = command.rules if isinstance(command, AssertBelief | ProposeBelief) else None
        return self.partition.permit(rules or self._rules)

    def _may_write(self, author: Author) -> bool:
        """Whether others would take a block of this author: a member, or the founder's first."""
        return author.id in self.state.roster.current or not len(self.lace)

    def _note_fork(self, taken: Taken) -> None:
        other = self.lace.fork_at(taken.place)
        if other is None:
            return
        author, sequence = taken.place.author, taken.place.sequence
        self._facts.append(ForkSeen(author, sequence, (other, taken.place.id)))
        own = self._by_id.get(author)
        if own is not None:
            self._silence(own)
            self._facts.append(IdentityForked(author, sequence))

    def _silence(self, author: Author) -> None:
        author.forked = True
        self._voting.silence(author.id)

    def _check_allowance(self, command: AnyCommand, now: Now) -> None:
        author = self._by_id.get(command.author or self.id)
        if author is not None:
            author.units_per_s_max = self.state.roster.units_per_s_max
            author.check_allowance(max(now.wall_ms, wall_ms_of(self.clock.last)))

    def _fault(self, peer: NodeId, fault: PeerFault, now: Now) -> None:
        if (peer, fault.code) in self.faults or len(self.faults) < limits.FAULTS_MAX:
            self.faults[peer, fault.code] += 1
        self._effects.emit.append(PeerFaulted(peer, fault.code, fault.message))
        self._carry_out(self.guard.handle(FaultSeen(peer, fault.code), now))


_HELD_BACK_NS = 50 * MILLISECOND

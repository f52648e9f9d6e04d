"""A node without its I/O: inputs in, effects out, in virtual or real time alike.

    receive, execute, tick    change the node and gather work
    collect                   seals what is open and hands over all effects, in the safe order

A driver feeds whatever has come, then collects once: what came together shares one signature, one
disk write and one message. That is the adaptive batching of the design: a busy node steps when the
previous write has become durable.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import NotFound
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.ids import FleetId, NodeId
from credimus.kernel.instant import SECOND, Instant, Now, earliest, is_due
from credimus.lace.seal import Signer
from credimus.node.commands import (
    AnyCommand,
    CastVote,
    FinishMessage,
    MessageCommand,
    ReunionCommand,
    SendMessage,
    ShareProof,
    Written,
)
from credimus.node.config import Config
from credimus.node.messages import deliver
from credimus.node.parts import Machines, Parts
from credimus.node.recovering.returning import Returning
from credimus.node.saying.permitting import marked, permit_of
from credimus.node.saying.reuniting import reunion_input
from credimus.node.saying.sealing import Sealing
from credimus.node.saying.writing import Writing
from credimus.node.step import NodeEffects, Step
from credimus.node.taking.intake import Intake
from credimus.node.taking.suspecting import suspected
from credimus.protocol.voting.interface import Evaluator
from credimus.state.categories import Categorizer, KeywordCategorizer
from credimus.state.dependencies import Dependencies
from credimus.state.events import StateEvent
from credimus.state.operations import Found

__all__ = ["Node", "NodeEffects"]

LEISURE_NS_MAX = 2 * SECOND
"""So long what is calm waits for a probe, where settings or a slow machine make probes rare."""


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
        self._parts = parts = Parts(fleet, signers, config)
        self._machines = machines = Machines(parts, entropy, evaluator)
        self._step = Step(parts, machines)
        self._sealing = Sealing(parts, machines, self._step)
        self._intake = Intake(parts, machines, self._step, self._sealing)
        self._writing = Writing(
            parts.state, machines.voting, parts.authors, categorizer or KeywordCategorizer(),
            parts.enclosing,
        )  # fmt: skip
        self._returning = Returning(parts, machines, self._step, self._intake, self._writing)
        self.recovery, self.reunion = machines.recovery, machines.reunion
        self.lace, self.state, self.clock = parts.lace, parts.state, parts.clock
        self.authors, self.copies, self.reading = parts.authors, parts.copies, parts.reading
        self.membership, self.spreading = machines.membership, machines.spreading
        self.delivery, self.partition = machines.delivery, machines.partition
        self.guard, self.compacting = machines.guard, machines.compacting
        self.shield = parts.shield
        self.vigilance, self.sync = machines.vigilance, machines.sync
        self._leisure: Instant | None = None
        """When all machines were ticked last."""

    # --- asking

    @property
    def id(self) -> NodeId:
        """This node's own id."""
        return self._parts.id

    @property
    def faults(self) -> Counter[tuple[NodeId, str]]:
        """How often each peer was found at fault, by code."""
        return self._intake.faults

    @property
    def ignored_count(self) -> int:
        """Messages that were not looked at, because of who is named as their sender."""
        return self.guard.ignored_count + self._intake.unheard_count

    @property
    def orphan_count(self) -> int:
        """How many blocks wait for predecessors."""
        return len(self._parts.ingress.orphans)

    @property
    def unknown_count(self) -> int:
        """Blocks let go because nobody here knew their author's key yet."""
        return self._parts.ingress.unknown_count

    @property
    def is_held_back(self) -> bool:
        """Whether something that was said is not sealed yet, because of the fleet's limit."""
        return self._sealing.unheld is not None

    @property
    def dependencies(self) -> Dependencies:
        """How the beliefs depend on each other, and which came before which."""
        return Dependencies(self.state.beliefs, self.lace.happened_before)

    # --- beginning

    def found(self, found: Found) -> None:
        """Begin the fleet; the block comes out of the next `collect`."""
        self.authors[0].say(found)
        self.seal_soon()

    def seal_soon(self) -> None:
        """Seal what its authors have open in the next `collect`."""
        self._step.seal_now = True

    def lend(self, former: Sequence[Signer]) -> None:
        """Have the keys that its members had before they took new ones: they open what was closed
        for them, by who knows of no other yet, and sign nothing."""
        self.reading.lend(former)
        self.shield.lend(former)

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
            taken = self._parts.ingress.restore(wire)
            place = taken.place
            self.copies.note(place)
            own = self._parts.by_id.get(place.author)
            if own is not None and self.lace.fork_at(place) is not None:
                self._intake.silence(own)
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
        self.vigilance.recall(facts_of)
        self.recovery.recall(facts_of)
        self.reunion.recall(facts_of)
        self._returning.hold()

    def resume(self, now: Now) -> None:
        """After `restore` and `recall`: take up open rounds, and messages, where the last run left
        them."""
        self._step.carry_out(self._machines.voting.resume(now, self.recovery.answers()))
        self._step.give("vigilance", suspected(self.lace, self.state), now)
        self.delivery.resume(now)
        self._step.carry_out(self.recovery.resume(now))
        self._step.carry_out(self.reunion.resume(now))

    # --- inputs

    def receive(self, sender: NodeId, payload: bytes, now: Now) -> None:
        """Take one message of a peer, unless it was expelled or the guard ignores it. A fault is
        counted and emitted; it changes nothing else."""
        self._intake.receive(sender, payload, now)

    def execute(self, command: AnyCommand, now: Now) -> Written:
        """Carry out a command; what it writes is durable once the next effects are persisted.

        Raises:
            UsageError, Unavailable, StorageError: nothing was changed.
        """
        if isinstance(command, SendMessage | FinishMessage):
            return self._deliver(command, now)
        if isinstance(command, ShareProof):
            self._step.give("proofs", command.what, now)
            return Written(self.id)
        self._returning.check()
        permit = permit_of(command, self.partition, self._parts.config.voting.rules)
        if self.state.roster.units_per_s_max:
            self._check_allowance(command, now)
        if isinstance(command, CastVote):
            written = self._cast(command, now)
        elif isinstance(command, ReunionCommand):
            self._step.give("reunion", reunion_input(command), now)
            written = Written(self.id)
        else:
            written = self._writing.execute(command, now)
        self.spreading.ask(command.urgency)
        self.seal_soon()
        return marked(written, permit)

    def deadline(self) -> Instant | None:
        """When `tick` is wanted next."""
        return earliest(self._sealing.unheld, *[one.deadline() for one in self._machines.every])

    def has_leisure(self, now: Now) -> bool:
        """Whether the step of this moment is one for what can wait: one with a probe, or the first
        for long when probes are rare."""
        probe = self.membership.deadline()
        long_ago = self._leisure is None or now.instant - self._leisure >= LEISURE_NS_MAX
        return probe is None or is_due(probe, now) or long_ago

    def tick(self, now: Now) -> None:
        """Let the machines see the time that are due; what has leisure goes along with a probe, and
        not with what is in haste."""
        every = self._machines.every
        if self.has_leisure(now):
            self._leisure = now.instant
        else:
            every = tuple(one for one in every if is_due(one.deadline(), now))
        for machine in every:
            self._step.carry_out(machine.tick(now))
        self._intake.turn_aside(now)
        self._returning.tick(now)
        self._step.settle()
        self._sealing.tick(now)

    def heard(self, now: Now) -> NodeEffects:
        """Let the machines hear what changed and hand over the effects so far, nothing sealed: so
        callers can be told, and what they say to it joins the block that `collect` seals."""
        self._step.hear(now)
        self._prepare_sends(now)
        return self._step.hand_over()

    def collect(self, now: Now) -> NodeEffects:
        """Seal what is open, let the machines hear what changed, hand over all effects."""
        self._step.hear(now)
        self._intake.look_again(now)
        self._sealing.all_open(now)
        self._prepare_sends(now)
        self.spreading.end_step()
        return self._step.hand_over()

    # --- private

    def _prepare_sends(self, now: Now) -> None:
        self.spreading.prepare(self._step.effects, self.state.roster.current.shut_out, now)

    def _cast(self, command: CastVote, now: Now) -> Written:
        request = self._writing.ballot(command)
        self._step.give("voting", request, now)
        return Written(request.elector, command.belief, request.round)

    def _deliver(self, command: MessageCommand, now: Now) -> Written:
        if isinstance(command, SendMessage) and self._writing.author_of(command).id != self.id:
            raise NotFound("not-hosted", "a hosted member sends no messages; its node does.")
        number, effects = deliver(self.delivery, command, now)
        self._step.carry_out(effects)
        return Written(self.id, message=number)

    def _check_allowance(self, command: AnyCommand, now: Now) -> None:
        author = self._parts.by_id.get(command.author or self.id)
        if author is not None:
            author.obey(self.state.roster)
            wall_ms = max(now.wall_ms, wall_ms_of(self.clock.last))
            author.check_allowance(wall_ms, command.urgency)

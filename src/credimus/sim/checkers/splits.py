"""What must hold of splits, as sentences; each is proven by a saboteur."""

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import BeliefId, BlockId, short
from credimus.node.commands import AnyCommand, CastVote, MessageCommand
from credimus.node.node import NodeEffects
from credimus.protocol.partition.interface import Level, PartitionChanged
from credimus.protocol.partition.similarity import LexicalSimilarity
from credimus.protocol.reunion.interface import Phase
from credimus.sim.checkers.checker import Checker, Watch
from credimus.sim.host import Host
from credimus.sim.watcher import Done
from credimus.state.fleet import FleetState
from credimus.state.operations import (
    Admit,
    Assert,
    Finding,
    Leave,
    Relate,
    Retract,
    read_operations,
)
from credimus.state.outcomes import holds, outcomes_of
from credimus.state.voting.round import Round

_OF_CALLERS = (Assert, Retract, Relate, Admit, Leave)


def _writes(command: AnyCommand) -> bool:
    """Whether a command is refused in a severe partition: messages of applications are not."""
    if isinstance(command, CastVote):
        return not command.evaluated
    return not isinstance(command, MessageCommand)


class severe_partition_refuses_writes_and_changes_nothing(Checker):  # noqa: N801 - a sentence
    """While a node holds the partition for severe, no caller's write is taken or signed."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._levels: dict[int, Level] = {}
        self._written: set[BlockId] = set()
        """Own blocks of all nodes: one comes back where a checkpoint of others left it out."""

    def started(self, host: Host) -> None:
        """A life begins without a level."""
        self._levels[host.place] = Level.NONE

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:
        """Look at what was written, then note the level."""
        own = frozenset(signer.node_id for signer in host.signers)
        fresh = [one for one in effects.persist if one.id not in self._written]
        self._written |= {one.id for one in fresh if one.author in own}
        if self._levels.get(host.place, Level.NONE) is Level.SEVERE and not host.lies:
            asked = any(_writes(command) for command, _ in done)
            for block in fresh:
                said = read_operations(block.body) if block.author in own else []
                if asked or any(isinstance(one, _OF_CALLERS) for one in said):
                    self.fail(f"node {host.place} writes for callers in a severe partition")
        for event in effects.emit:
            if isinstance(event, PartitionChanged):
                self._levels[host.place] = event.level


class both_sides_reconcile_alike(Checker):  # noqa: N801 - a sentence
    """Beliefs that parts of the fleet accepted against each other are reconciled, alike on all."""

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Look at every pair that reads as a contradiction, and compare all nodes."""
        honest = self.watch.honest
        first = honest[0].running
        for one, other in self._pairs(honest[0]):
            rounds = _accepting(first.state, one), _accepting(first.state, other)
            if rounds[0] is None or rounds[1] is None:
                continue
            pair = (one, other), (rounds[0].id, rounds[1].id)
            shared = rounds[0].electorate.position.keys() & rounds[1].electorate.position.keys()
            if shared or not holds(first.state, first.lace, pair):
                continue
            said = first.state.reconciliations.prevailing(pair)
            if said is None and not any(_has_undone(host) for host in honest):
                self.fail(f"{short(one)} and {short(other)} were accepted apart, and stay so")
            for host in honest[1:]:
                node = host.running
                for belief in (one, other):
                    if outcomes_of(node.state, node.lace, belief) != outcomes_of(
                        first.state, first.lace, belief
                    ):
                        self.fail(f"node {host.place} makes something else of {short(belief)}")

    def _pairs(self, host: Host) -> list[tuple[BeliefId, BeliefId]]:
        beliefs = sorted(host.running.state.beliefs, key=lambda one: one.id)
        return [
            (one, other)
            for one, other, finding in LexicalSimilarity().pairs(beliefs)
            if finding is Finding.CONTRADICTORY
        ]


def _accepting(state: FleetState, belief: BeliefId) -> Round | None:
    """A round that gives a belief its verdict, if that is accepted."""
    found = state.rounds.deciding(belief)
    return next((one for one in found if one.accept_certified), None)


def _has_undone(host: Host) -> bool:
    """Whether its operator took a reunion back: then what stays apart is to."""
    session = host.running.reunion.session
    return session is not None and session.phase is Phase.UNDONE

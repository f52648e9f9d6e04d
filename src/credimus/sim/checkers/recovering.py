"""What must hold when damaged disks are recovered, as sentences."""

from typing import TypeAlias

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import BeliefId, BlockId, NodeId, RoundId, short
from credimus.lace.block import Block
from credimus.node.node import NodeEffects
from credimus.sim.checkers.checker import Checker, Watch
from credimus.sim.fleet import Fleet
from credimus.sim.host import Host
from credimus.sim.watcher import Done
from credimus.state.identity import belief_id
from credimus.state.operations import Assert, Choice, Retract
from credimus.state.voting.round import Round

Place: TypeAlias = tuple[NodeId, int]


def is_recovering(host: Host, fleet: Fleet) -> bool:
    """Whether a recovery goes on that can end."""
    recovery = host.running.recovery
    return recovery.is_busy and not recovery.is_stuck(host.now(fleet.agenda.now_ns).instant)


class a_recovered_node_agrees_with_all(Checker):  # noqa: N801 - a sentence
    """In the end a node whose disk was recovered writes again, and has everybody's state."""

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Look at everybody who recovered."""
        for host in self.watch.honest:
            if not host.recovered_count:
                continue
            if is_recovering(host, self.watch.fleet):
                self.fail(f"node {host.place} still waits, and writes nothing")
            if not self.watch.fleet.agree([*self.watch.honest]):
                self.fail(f"node {host.place} recovered to another state")


class a_recovering_node_never_contradicts_itself(Checker):  # noqa: N801 - a sentence
    """No honest member signs two blocks at one place of its chain, as far as anybody can know: what
    was on a recovered disk alone is known to nobody, unless it is still on its way."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._blocks: dict[Place, BlockId] = {}

    def noted(self, host: Host, block: Block) -> None:
        """Compare with what stands at that place."""
        if block.author in self.watch.liars:
            return
        place = block.author, block.header.sequence
        known = self._blocks.setdefault(place, block.id)
        if known != block.id:
            self.fail(
                f"node {host.place} holds a second block {block.header.sequence} of "
                f"{short(block.author)}"
            )

    def recovered(self, host: Host, gone: frozenset[BlockId], alone: frozenset[BlockId]) -> None:
        """What nobody else has is given up, when what was before it is gone."""
        own = {signer.node_id for signer in host.signers}
        for place, one in list(self._blocks.items()):
            if gone and one in alone and place[0] in own:
                del self._blocks[place]


class recovery_loses_nothing_acknowledged(Checker):  # noqa: N801 - a sentence
    """What a node acknowledged, and its disk still held unaltered, is in every final state, though
    in other blocks."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._owed: dict[tuple[NodeId, BeliefId], int] = {}

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """What is taken back later is owed no more."""
        if not self._owed:
            return
        for block in effects.persist:
            said = self.watch.record.operations.get(block.id, ())
            if any(isinstance(one, Retract) for one in said):
                self._owed = {key: at for key, at in self._owed.items() if key[0] != block.author}

    def recovered(self, host: Host, gone: frozenset[BlockId], alone: frozenset[BlockId]) -> None:
        """Write down what intact blocks said that nobody else has; what was owed from a recovery
        before, and stands in a block that is altered by now, is lost."""
        own = {signer.node_id for signer in host.signers}
        record = self.watch.record
        for one in gone:
            for said in record.operations.get(one, ()):
                if isinstance(said, Assert):
                    belief = belief_id(said.content, said.category)
                    self._owed.pop((record.blocks[one].author, belief), None)
        for one in sorted(alone - gone):
            if one not in record.blocks or record.blocks[one].author not in own:
                continue
            author = record.blocks[one].author
            for said in record.operations[one]:
                if isinstance(said, Assert):
                    self._owed[author, belief_id(said.content, said.category)] = host.place
        for one in sorted(alone):
            if any(isinstance(said, Retract) for said in record.operations.get(one, ())):
                author = record.blocks[one].author
                self._owed = {key: at for key, at in self._owed.items() if key[0] != author}

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Look for all of it in every node."""
        for host in self.watch.honest:
            beliefs, hosts = host.running.state.beliefs, self.watch.fleet.hosts
            lost = [
                place
                for (_, one), place in self._owed.items()
                if beliefs.get(one) is None and not _has_told(hosts[place])
            ]
            if lost:
                self.fail(f"node {host.place} lacks {len(lost)} beliefs that {lost[0]} had stated")


class a_recovered_member_keeps_its_word(Checker):  # noqa: N801 - a sentence
    """What a member answered, and its disk still held unaltered, it answers again, in rounds that
    are known to it when it writes again."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._owed: dict[tuple[NodeId, RoundId], tuple[int, Choice]] = {}
        self._waited_for: set[int] = set()
        """Places that recover, and do not write yet."""

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Who writes again owes no more than it knows of."""
        if host.place in self._waited_for and not host.running.recovery.is_holding:
            self._waited_for.remove(host.place)
            rounds = host.running.state.rounds
            self._owed = {
                (author, one): (place, choice)
                for (author, one), (place, choice) in self._owed.items()
                if place != host.place or rounds.get(one) is not None
            }

    def recovered(self, host: Host, gone: frozenset[BlockId], alone: frozenset[BlockId]) -> None:
        """Write down what intact blocks answered that nobody else has; what stands in a block that
        is altered by now is lost."""
        own, record = {signer.node_id for signer in host.signers}, self.watch.record
        for author, vote in record.votes_in(gone):
            self._owed.pop((author, RoundId(vote.round)), None)
        for author, vote in record.votes_in(alone - gone):
            if author in own:
                self._owed[author, RoundId(vote.round)] = host.place, vote.choice
        self._waited_for.add(host.place)

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Look for all of it in every node."""
        hosts = self.watch.fleet.hosts
        for host in self.watch.honest:
            rounds = host.running.state.rounds
            lost = [
                place
                for (author, one), (place, choice) in self._owed.items()
                if _lacks(rounds.get(one), author, choice) and not _has_told(hosts[place])
            ]
            if lost:
                self.fail(f"node {host.place} lacks {len(lost)} answers that {lost[0]} had given")


def _lacks(found: Round | None, author: NodeId, choice: Choice) -> bool:
    """Whether a round is known, and an elector's answer in it is not."""
    position = None if found is None else found.electorate.position.get(author)
    return found is not None and position is not None and choice not in found.choices(position)


def _has_told(host: Host) -> bool:
    """Whether a node says of itself that it can never write again."""
    return host.node is None or host.node.recovery.is_holding

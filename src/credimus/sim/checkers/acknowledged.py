"""What callers were told to be durable, as a sentence."""

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import BeliefId, BlockId, NodeId, RoundId, short
from credimus.lace.block import Block
from credimus.node.commands import AssertBelief, CastVote
from credimus.node.node import Node, NodeEffects
from credimus.sim.checkers.checker import Checker, Watch
from credimus.sim.checkers.compaction import is_steady
from credimus.sim.host import Host
from credimus.sim.watcher import Done
from credimus.state.operations import Vote


class nothing_acknowledged_is_lost(Checker):  # noqa: N801 - a sentence
    """What a caller was told to be durable is in every final state.

    Where members changed, a checkpoint may void the proposal of a round (see
    `pruned_and_whole_nodes_agree`): its votes are then kept as words about no round.
    """

    def __init__(self, watch: Watch) -> None:
        super().__init__(watch)
        self._blocks: dict[BlockId, int] = {}
        self._done: list[tuple[int, Done]] = []

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:
        """Remember own blocks, and the commands that they carry."""
        if host.lies or not (effects.persist or done):
            return
        own = {author.id for author in host.running.authors}
        for block in effects.persist:
            if block.author in own:
                self._blocks[block.id] = host.place
        if done:
            self._done.append((host.place, done))

    def replaced(self, host: Host, lost: frozenset[BlockId]) -> None:
        """What was on one disk only is excused: `local` promises no more."""
        excused = [one for one in self._blocks if one in lost]
        for identifier in excused:
            del self._blocks[identifier]
        if excused:
            self._done = [(place, done) for place, done in self._done if place != host.place]

    def recovered(self, host: Host, gone: frozenset[BlockId], alone: frozenset[BlockId]) -> None:
        """`recovery_loses_nothing_acknowledged` looks at what is said in other blocks."""
        self.replaced(host, alone if gone else frozenset())

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Look for all of it in every node."""
        steady = is_steady(self.watch)
        for host in self.watch.honest:
            node = host.running
            lost = [
                place
                for one, place in self._blocks.items()
                if one not in node.lace and not _is_below(node, self.watch.record.blocks[one])
            ]
            if lost:
                self.fail(f"node {host.place} lacks {len(lost)} acknowledged blocks of {lost[0]}")
            for place, done in self._done:
                for command, written in done:
                    what = _lacking(node, command, written.author, written.belief, written.round)
                    if what and (steady or not _is_kept_word(node, written.author, written.round)):
                        self.fail(f"node {host.place} lacks {what} that node {place} acknowledged")


def _lacking(
    node: Node, command: object, author: NodeId, belief: BeliefId | None, voted: RoundId | None
) -> str:
    if isinstance(command, AssertBelief) and belief is not None:
        return "" if node.state.beliefs.get(belief) else f"belief {short(belief)}"
    if isinstance(command, CastVote) and voted is not None:
        found = node.state.rounds.get(voted)
        position = found.electorate.position.get(author) if found else None
        if found is None or position is None or command.choice not in found.choices(position):
            return f"a vote in round {short(voted)}"
    return ""


def _is_kept_word(node: Node, author: NodeId, voted: RoundId | None) -> bool:
    """Whether a vote stands in the state as a word about a round that no proposal opens."""
    if voted is None or not node.state.checkpoints.number:
        return False
    return node.state.rounds.get(voted) is None and any(
        who == author and isinstance(said, Vote)
        for who, _, said in node.state.rounds.words_about(voted)
    )


def _is_below(node: Node, block: Block) -> bool:
    return node.lace.is_below(block.author, block.header.sequence)

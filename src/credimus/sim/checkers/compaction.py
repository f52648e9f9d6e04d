"""What must hold where blocks are let go, as sentences.

Where they are checked nothing is old enough to be let go of the state itself, so that a node which
holds a checkpoint and some blocks must come to what all blocks that ever were give.
"""

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import NodeId, short
from credimus.lace.block import Block
from credimus.node.node import NodeEffects
from credimus.protocol.checkpointing.interface import CheckpointTaken
from credimus.sim.checkers.checker import Checker, Watch
from credimus.sim.checkers.refold import closure, fold_along, fold_blocks
from credimus.sim.host import Host
from credimus.sim.watcher import Done
from credimus.state.fleet import FleetState
from credimus.state.keeping.checkpoints import checkpoint_id
from credimus.state.keeping_operations import Attest, Certify
from credimus.state.member_operations import Expel, Expose, Rotate
from credimus.state.operations import (
    Admit,
    Leave,
)


class pruned_and_whole_nodes_agree(Checker):  # noqa: N801 - a sentence
    """A node that let blocks go has the state that all blocks give along its checkpoints; and the
    beliefs, rounds and members that they give without any.

    Not so of rounds where members changed, nor of since when somebody is a member whom two
    admitted: what somebody says who was cut off longer than blocks are kept is judged by the roster
    of the checkpoint, not by that of its past.
    """

    def started(self, host: Host) -> None:
        """Look at a node that began from its snapshot."""
        self._look(host)

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """Look at everybody."""
        for host in self.watch.honest:
            self._look(host)

    def _look(self, host: Host) -> None:
        node, record = host.running, self.watch.record
        if not node.state.checkpoints.number:
            return
        past = closure(record, [head.block for head in node.lace.frontier().heads])
        if not past:
            return
        order = sorted(past, key=lambda one: (record.blocks[one].header.stamp, one))
        whole = fold_blocks(self.watch.fleet.id, record, order, None)
        agreed = [_agreed(one, steady=is_steady(self.watch)) for one in (whole, node.state)]
        if agreed[0] != agreed[1]:
            self.fail(f"node {host.place}: {len(past)} blocks give another state when all are held")
        line = self._line(node.state.checkpoints.id)
        if not line:
            return
        along = fold_along(self.watch.fleet.id, record, order, line)
        if along.fingerprint() != node.state.fingerprint():
            self.fail(
                f"node {host.place}: {len(past)} blocks give another state along {len(line)} "
                "checkpoints when all are held"
            )

    def _line(self, identifier: bytes) -> list[Attest]:
        """The checkpoints up to one, the first first, by what members said on any disk; empty
        where a part of them went with one."""
        record = self.watch.record
        every = record.operations.values()
        said = {checkpoint_id(one): one for some in every for one in some if type(one) is Attest}
        line: list[Attest] = []
        while identifier:
            found = said.get(identifier)
            if found is None or not closure(record, [head.block for head in found.cut]):
                return []
            line.append(found)
            identifier = found.base
        return line[::-1]


def is_steady(watch: Watch) -> bool:
    """Whether nobody joined, left, took new keys or was exposed after the founding."""
    said = [one for every in watch.record.operations.values() for one in every]
    admitted = sum(isinstance(one, Admit) for one in said)
    config = watch.fleet.config
    return admitted < config.nodes * config.members_per_node and not any(
        isinstance(one, Leave | Rotate | Expel | Expose) for one in said
    )


class nothing_is_pruned_before_it_is_certified(Checker):  # noqa: N801 - a sentence
    """When a node lets blocks go, more than two thirds of the electors have signed for it."""

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Count the words on all disks."""
        for event in effects.emit:
            if isinstance(event, CheckpointTaken):
                members = set(event.checkpoint.electors)
                words = self._words(event.identifier).values()  # of each attempt
                signed = max((one & members for one in words), key=len, default=set())
                if 3 * len(signed) <= 2 * len(members):
                    self.fail(
                        f"node {host.place}: {len(signed)} of {len(members)} certify checkpoint "
                        f"{event.checkpoint.number}, {short(event.identifier)}"
                    )

    def _words(self, identifier: bytes) -> dict[int, set[NodeId]]:
        record = self.watch.record
        words: dict[int, set[NodeId]] = {}
        for block, operations in record.operations.items():
            for said in operations:
                if isinstance(said, Certify) and said.checkpoint == identifier:
                    words.setdefault(said.attempt, set()).add(record.blocks[block].author)
        return words


class what_a_block_names_is_held(Checker):  # noqa: N801 - a sentence
    """Who holds a block beyond its cut can give all that it names: else nobody who lacks that could
    ever take the block. Not so where an altered row was lost."""

    def noted(self, host: Host, block: Block) -> None:
        """Look for what a block names."""
        lace, header = host.running.lace, block.header
        if host.lies or host.recovered_count or lace.is_below(header.author, header.sequence):
            return
        named = (*header.parents, header.previous) if header.previous else header.parents
        lacking = [one for one in named if one not in lace or one not in host.disk]
        if lacking:
            self.fail(
                f"node {host.place} holds block {short(block.id)}, and not {short(lacking[0])}, "
                "which it names"
            )


class a_joiner_from_a_checkpoint_agrees(Checker):  # noqa: N801 - a sentence
    """Who begins from a checkpoint holds all that is in it, and comes to the others' state."""

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:  # noqa: ARG002
        """Compare a node that has just taken a checkpoint with its certified snapshot."""
        base = host.running.compacting.base
        if base is None or not any(isinstance(one, CheckpointTaken) for one in effects.emit):
            return
        certified, state = FleetState.restored(base.image), host.running.state
        lacking = _named(certified) - _named(state)
        if lacking or certified.checkpoints.id != state.checkpoints.id:
            self.fail(f"node {host.place} lacks {len(lacking)} beliefs and rounds of a checkpoint")

    def finish(self, stream: Stream) -> None:  # noqa: ARG002
        """All that came to the same blocks came to the same checkpoint, too."""
        ids = {host.running.state.checkpoints.id for host in self.watch.honest}
        if len({host.running.lace.frontier() for host in self.watch.honest}) == 1 < len(ids):
            self.fail(f"{len(ids)} different checkpoints are in force over the same blocks")


def _named(state: FleetState) -> set[bytes]:
    """The ids of all beliefs and rounds; for membership only."""
    return {one.id for one in state.beliefs} | {one.id for one in state.rounds}


def _agreed(state: FleetState, *, steady: bool) -> tuple[object, ...]:
    if steady:
        return tuple(one.fingerprint() for one in (state.beliefs, state.roster, state.rounds))
    members = {(one.node, one.public_key) for one in state.roster.current.by_id.values()}
    return state.beliefs.fingerprint(), members

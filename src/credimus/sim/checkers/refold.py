"""The state of a set of blocks, folded anew in an order of choice: what any node must come to.

Pure.
"""

from collections.abc import Sequence

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import BlockId, FleetId, NodeId
from credimus.kernel.portions import whole
from credimus.lace.lace import Lace
from credimus.sim.checkers.record import Record
from credimus.state.fleet import FleetState, snapshot_fingerprint
from credimus.state.keeping.releasing import release
from credimus.state.keeping_operations import Attest


def fold_blocks(
    fleet: FleetId, record: Record, blocks: Sequence[BlockId], stream: Stream | None
) -> FleetState:
    """The state of a set of blocks, folded in the given causal order or in a random one.

    Args:
        blocks: closed under predecessors, causes before effects.
    """
    lace, state = Lace(), FleetState(fleet)
    for identifier in blocks if stream is None else _shuffled(record, blocks, stream):
        header = record.blocks[identifier].header
        past = state.roster.before(header, lace)
        state.apply(lace.add(identifier, header), record.operations[identifier], past)
    return state


def fold_along(
    fleet: FleetId, record: Record, blocks: Sequence[BlockId], line: Sequence[Attest]
) -> FleetState:
    """The state of a set of blocks over the last of a line of checkpoints, by a node that holds
    them all and never wrote or read a snapshot.

    Args:
        blocks: closed under predecessors, causes before effects.
        line: the checkpoints from the first on.
    """
    lace, state = Lace(), FleetState(fleet)
    for identifier in blocks:
        lace.add(identifier, record.blocks[identifier].header)
    below: dict[NodeId, int] = {}
    for said in line:
        inside = closure(record, [head.block for head in said.cut])
        _fold_beyond(state, lace, record, [one for one in blocks if one in inside], below)
        stamp = max(head.stamp for head in said.cut)
        released = whole(release(state, stamp, said.retention_ms))
        state.checkpoints.advance(said, stamp, released)
        state.checkpoints.name(snapshot_fingerprint(state.snapshot()))
        state.roster.base = state.roster.current
        for head in said.cut:
            below[head.author] = max(head.sequence, below.get(head.author, 0))
        for place in lace.in_causal_order():
            if place.sequence <= below.get(place.author, 0):
                place.view = state.roster.base
    _fold_beyond(state, lace, record, blocks, below)
    return state


def closure(record: Record, heads: Sequence[BlockId]) -> set[BlockId]:
    """Blocks with all their predecessors, for membership only; empty when some are not on record,
    because they are not durable yet or went with a disk."""
    waiting, past = list(heads), set[BlockId]()
    while waiting:
        one = waiting.pop()
        if one in past:
            continue
        if one not in record.blocks:
            return set()
        past.add(one)
        header = record.blocks[one].header
        waiting += (header.previous, *header.parents) if header.previous else header.parents
    return past


def _fold_beyond(
    state: FleetState,
    lace: Lace,
    record: Record,
    blocks: Sequence[BlockId],
    below: dict[NodeId, int],
) -> None:
    """Fold what is not below some sequences."""
    for identifier in blocks:
        header = record.blocks[identifier].header
        if header.sequence > below.get(header.author, 0):
            past = state.roster.before(header, lace)
            state.apply(lace.place(identifier), record.operations[identifier], past)


def _shuffled(record: Record, blocks: Sequence[BlockId], stream: Stream) -> list[BlockId]:
    """A random linear extension of the causal order."""
    followers: dict[BlockId, list[BlockId]] = {}
    waits_for: dict[BlockId, int] = {}
    ready: list[BlockId] = []
    for identifier in blocks:
        header = record.blocks[identifier].header
        before = (header.previous, *header.parents) if header.previous else header.parents
        waits_for[identifier] = len(before)
        for one in before:
            followers.setdefault(one, []).append(identifier)
        if not before:
            ready.append(identifier)
    order: list[BlockId] = []
    while ready:
        drawn = stream.below(len(ready))
        ready[drawn], ready[-1] = ready[-1], ready[drawn]
        order.append(ready.pop())
        for follower in followers.get(order[-1], ()):
            waits_for[follower] -= 1
            if not waits_for[follower]:
                ready.append(follower)
    return order

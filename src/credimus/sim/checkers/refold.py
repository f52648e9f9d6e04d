"""The state of a set of blocks, folded anew in an order of choice: what any node must come to.

Pure.
"""

from collections.abc import Sequence

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import BlockId, FleetId
from credimus.lace.lace import Lace
from credimus.sim.checkers.record import Record
from credimus.state.fleet import FleetState


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

"""What is to be said again of blocks that can not be taken any more. Pure."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TypeAlias

from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BeliefId, NodeId
from credimus.lace.block import Block, open_wire, read_block
from credimus.protocol.recovery.interface import ProposeAgain, SayAgain
from credimus.state.beliefs import link_key
from credimus.state.fleet import FleetState
from credimus.state.identity import belief_id
from credimus.state.keeping_operations import Enclose
from credimus.state.member_operations import Appoint, Expel
from credimus.state.operations import (
    Admit,
    Assert,
    Leave,
    Operation,
    Propose,
    Relate,
    Retract,
    Vote,
    Votes,
    read_operations,
)

Step: TypeAlias = SayAgain | ProposeAgain


def read(wire: bytes) -> Block:
    """The block of a wire.

    Raises:
        PeerFault: `malformed` and others.
    """
    return read_block(open_wire(wire), wire)


def steps_of(blocks: Sequence[Block], claims: Mapping[NodeId, int]) -> list[Step]:
    """What lost blocks of ours came to, in the order in which it is said again.

    What was taken back in them is not said again. Verdicts and words on checkpoints are not either:
    a node gives them anew, from what it knows now. Votes are given before all else (`answers_of`).

    Args:
        claims: our own authors, and how many claims each made in the blocks that are held.
    """
    steps: list[Step] = []
    for author, count in claims.items():
        said = _operations(one for one in blocks if one.author == author)
        steps += _net(said, author, count)
    return steps


def answers_of(blocks: Sequence[Block], own: Container[NodeId]) -> tuple[tuple[NodeId, Vote], ...]:
    """What our members answered in lost blocks, in the order in which they did."""
    return tuple(
        (block.author, vote)
        for block in blocks
        if block.author in own
        for said in _operations([block])
        if isinstance(said, Votes)
        for vote in said.votes
    )


def void_proposals(wires: Iterable[bytes], state: FleetState) -> list[Step]:
    """Rounds that held blocks of ours opened, and that count for nothing, on beliefs without any
    other round."""
    found: dict[BeliefId, Step] = {}
    for block in map(read, wires):
        for said in _operations([block]):
            if isinstance(said, Propose) and not state.rounds.on(BeliefId(said.belief)):
                belief = BeliefId(said.belief)
                found[belief] = ProposeAgain(block.author, belief, said.rules)
    return list(found.values())


def is_said(step: Step, state: FleetState) -> bool:
    """Whether a step is of no use: what it would say stands already."""
    if isinstance(step, ProposeAgain):
        return state.beliefs.get(step.belief) is None or bool(state.rounds.on(step.belief))
    said = step.operation
    match said:
        case Assert():
            belief = belief_id(said.content, said.category)
            return state.beliefs.stance(belief, step.author) is not None
        case Relate():
            key = link_key(BeliefId(said.source), said.relation, BeliefId(said.target))
            return bool(state.beliefs.links_by(step.author, key))
        case _:
            return False


def _operations(blocks: Iterable[Block]) -> list[Operation]:
    found: list[Operation] = []
    for block in blocks:
        try:
            found += read_operations(block.body)
        except PeerFault:  # written by a newer version, and then read by an older one
            continue
    return found


def _net(said: list[Operation], author: NodeId, claims: int) -> list[Step]:
    """Claims that were not taken back, retractions of claims that are held, and the rest."""
    first: list[Operation] = []
    kept: dict[int, Operation] = {}
    last: list[Operation] = []
    rounds: dict[BeliefId, Step] = {}
    for one in said:
        match one:
            case Assert() | Relate():
                kept[one.counter] = one
            case Retract():
                held = tuple(counter for counter in one.counters if counter <= claims)
                for counter in one.counters:
                    kept.pop(counter, None)
                if held:
                    last.append(Retract(held, one.reason))
            case Enclose() | Admit() | Appoint() | Expel():
                first.append(one)
            case Leave():
                last.append(one)
            case Propose():
                belief = BeliefId(one.belief)
                rounds[belief] = ProposeAgain(author, belief, one.rules)
            case _:
                continue
    plain: list[Step] = [SayAgain(author, one) for one in (*first, *kept.values(), *last)]
    return plain + list(rounds.values())

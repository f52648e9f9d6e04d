"""A member that means to decide alone: it publishes electorates of its choice and uses them.

Everything it signs can be read and is taken; nothing of it may open a round.
"""

from collections.abc import Callable
from typing import TypeAlias

from credimus.kernel import limits
from credimus.kernel.ids import NodeId, RoundId
from credimus.node.node import Node
from credimus.sim.host import Order
from credimus.state.operations import (
    Aggregation,
    Choice,
    Conclude,
    Conclusion,
    DotName,
    Operation,
    Propose,
    Publish,
    Rules,
    Scheme,
    Vote,
    Votes,
)
from credimus.state.voting.electorates import electorate_id, electorate_of, round_id

Electors: TypeAlias = Callable[[Node], Publish]

_MAJORITY = Rules(Scheme.MAJORITY, quorum=0)
_BY_WEIGHT = Rules(Scheme.MAJORITY, aggregation=Aggregation.REPUTATION, quorum=0)
_COUNTERS_AHEAD = 20
_STRANGER = NodeId(b"a stranger's id.")


def _alone(node: Node) -> Publish:
    return electorate_of({node.id: 500_000})


def _with_few(node: Node) -> Publish:
    others = sorted(node.state.roster.current.by_id)
    return electorate_of(dict.fromkeys((node.id, *others[: len(others) // 2 - 1]), 500_000))


def _with_a_stranger(node: Node) -> Publish:
    return electorate_of(dict.fromkeys((*node.state.roster.current.by_id, _STRANGER), 500_000))


def _outweighing(node: Node) -> Publish:
    everybody = dict.fromkeys(node.state.roster.current.by_id, 1)
    return electorate_of({**everybody, node.id: limits.WEIGHT_MAX})


_WAYS: tuple[tuple[Electors, Rules], ...] = (
    (_alone, _MAJORITY),
    (_with_few, _MAJORITY),
    (_with_a_stranger, _MAJORITY),
    (_outweighing, _BY_WEIGHT),
)


def stacking(number: int) -> Order:
    """The order that lets a node try, the `number`-th time, to reject a belief by itself."""

    def order(node: Node) -> None:
        known = sorted(belief.id for belief in node.state.beliefs)
        if known and node.id in node.state.roster.current:
            for operation in _attack(node, known[number % len(known)], number):
                node.authors[0].say(operation)
            node.seal_soon()

    return order


def _attack(node: Node, belief: bytes, number: int) -> list[Operation]:
    electors, rules = _WAYS[number % len(_WAYS)]
    published = electors(node)
    attempt = limits.ATTEMPTS_MAX - number % 3
    said = Propose(belief, attempt, rules, electorate_id(published.electors), 1_000)
    identifier = RoundId(round_id(said))
    dots = tuple(
        DotName(victim, counter)
        for victim in sorted(node.state.roster.current.by_id)[:16]
        for counter in range(1, node.state.beliefs.claims_made(victim) + _COUNTERS_AHEAD)
    )
    conclusion = Conclusion(identifier, Choice.REJECT, b"", b"\x01", b"", 0, dots[:64])
    vote = Votes((Vote(identifier, Choice.REJECT),))
    operations: list[Operation] = [published, said, vote, Conclude((conclusion,))]
    if number % 2:  # the electorate comes last
        operations.append(operations.pop(0))
    return operations

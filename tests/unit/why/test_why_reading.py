"""Votes are found in the blocks of their voters, within bounds, and what is not found is said."""

from by_hand import Fleet

from credimus.kernel.ids import BeliefId, BlockId
from credimus.node.commands import AssertBelief, CastVote
from credimus.node.node import Node
from credimus.protocol.voting.interface import Ballot, Question
from credimus.state.operations import Choice, Publish, Rules, Scheme, Vote, Votes
from credimus.state.voting.electorates import round_id
from credimus.why.history import Order
from credimus.why.reading import CHAIN_BLOCKS_MAX, VoteReader
from strategies import (
    ELECTORATES,
    GENESIS,
    MEMBERS,
    PROPOSALS,
    SIGNERS,
    Replica,
    make_block,
)  # fmt: skip

REASON = "seen late"


class Later:
    """An evaluator that leaves every vote to a command."""

    def evaluate(self, question: Question) -> Ballot | None:  # noqa: ARG002
        return None


class Reads:
    """A store's reading, counted."""

    def __init__(self, fleet: Fleet) -> None:
        self.wires = {block.id: block.wire for block in fleet.stores[0]}
        self.count = 0

    def __call__(self, ids: object) -> list[bytes]:
        found = [self.wires[BlockId(one)] for one in ids]  # type: ignore[attr-defined]
        self.count += len(found)
        return found


def voted_after(blocks: int) -> tuple[Node, BeliefId, Reads]:
    """A fleet in which the second member votes after so many blocks of other things."""
    fleet = Fleet(2, evaluators=[Later(), Later()])
    first, second = fleet.nodes
    belief = first.execute(AssertBelief(content="the gate is open"), fleet.now).belief
    assert belief is not None
    fleet.settle()
    for number in range(blocks):
        other = AssertBelief(content=f"gauge {number} is dry", propose=False)
        second.execute(other, fleet.now)
        fleet.settle()
    second.execute(CastVote(belief=belief, choice=Choice.REJECT, reason=REASON), fleet.now)
    fleet.settle()
    return first, belief, Reads(fleet)


def test_a_vote_is_found_where_it_stands() -> None:
    node, belief, reads = voted_after(5)
    (found,) = node.state.rounds.on(belief)
    (vote,) = VoteReader(node.lace, reads).votes(found, MEMBERS[1])
    assert (vote.vote.choice, vote.vote.reason) == (Choice.REJECT, REASON)
    place = node.lace.place(vote.block)
    assert (place.author, place.stamp) == (MEMBERS[1], vote.stamp)
    assert reads.count == 6
    assert VoteReader(node.lace, reads).votes(found, MEMBERS[0]) == [], "it has not voted"
    assert reads.count == 6


def test_a_vote_beyond_the_bound_is_not_looked_for() -> None:
    node, belief, reads = voted_after(CHAIN_BLOCKS_MAX)
    (found,) = node.state.rounds.on(belief)
    assert VoteReader(node.lace, reads).votes(found, MEMBERS[1]) == []
    assert reads.count == CHAIN_BLOCKS_MAX


def test_both_answers_of_one_who_forked_are_found() -> None:
    setting = [*(one for one in ELECTORATES if isinstance(one, Publish)), *PROPOSALS]
    opening = make_block(SIGNERS[1], setting, None, [GENESIS])
    named = next(
        round_id(one) for one in PROPOSALS if one.rules == Rules(Scheme.MAJORITY, quorum=0)
    )
    branches = [
        make_block(SIGNERS[2], [Votes((Vote(named, choice, reason=reason),))], None, [opening])
        for choice, reason in ((Choice.ACCEPT, "to some"), (Choice.REJECT, "to others"))
    ]
    replica = Replica().take_all([GENESIS, opening, *branches])
    wires = {block.id: block.wire for block in replica.log}
    found = replica.state.rounds.get(named)
    assert found is not None
    reader = VoteReader(replica.lace, lambda ids: [wires[BlockId(one)] for one in ids])
    votes = reader.votes(found, MEMBERS[2])
    assert sorted(one.vote.reason for one in votes) == ["to others", "to some"]


def test_order_in_the_lace_is_bounded_too() -> None:
    first = make_block(SIGNERS[1], [], None, [GENESIS])
    middle = make_block(SIGNERS[2], [], None, [first])
    last = make_block(SIGNERS[3], [], None, [middle])
    lace = Replica().take_all([GENESIS, first, middle, last]).lace
    assert Order(lace).before(first.id, last.id) is True
    assert Order(lace).before(last.id, first.id) is False
    assert Order(lace, steps_max=1).before(first.id, last.id) is None

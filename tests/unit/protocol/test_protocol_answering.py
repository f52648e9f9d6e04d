"""Electors keep their word, also where what they answered counts for nothing."""

from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import Instant, Now
from credimus.node.commands import AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.state.identity import belief_id
from credimus.state.operations import Choice, Propose, Rules, Vote, Votes, read_operations
from credimus.state.voting.electorates import electorate_id, electorate_of, round_id
from strategies import FLEET, GENESIS, MEMBERS, SIGNERS, WALL_MS, make_block

RAIN = AssertBelief(content="it rains", category="general")
RAIN_ID = belief_id("it rains", "general")


def test_who_proposes_anew_what_it_proposed_in_vain_gives_the_same_answer() -> None:
    """Profile lopsided, seed 10216: a checkpoint voided a proposal with its author's vote; the
    author proposed again, and its evaluator had changed its mind."""
    alone = electorate_of({MEMBERS[1]: 5})
    vain = Propose(RAIN_ID, 1, Rules(), electorate_id(alone.electors), 5_000)
    vote = Votes((Vote(round_id(vain), Choice.REJECT),))
    before = make_block(SIGNERS[1], [alone, vain, vote], None, [GENESIS])
    node = Node(FLEET, SIGNERS[1:2], Config(), Entropy(b"again"))
    node.restore([GENESIS.wire, before.wire])
    now = Now(Instant(0), WALL_MS)
    node.execute(RAIN, now)
    (block,) = node.collect(now).persist
    operations = read_operations(block.body)
    (again,) = [one for one in operations if isinstance(one, Propose)]
    assert again.attempt == 1
    votes = [vote for one in operations if isinstance(one, Votes) for vote in one.votes]
    assert [(one.round, one.choice) for one in votes] == [(round_id(again), Choice.REJECT)]

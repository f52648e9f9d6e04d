"""Electors keep their word, also where what they answered counts for nothing."""

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import RoundId
from credimus.kernel.instant import Instant, Now
from credimus.lace.block import Block
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


ALL = electorate_of(dict.fromkeys(MEMBERS[:4], 500_000))
RAINS = Propose(RAIN_ID, 1, Rules(), electorate_id(ALL.electors), 5_000)
OF_RAIN = round_id(RAINS)


def asked(*before: Votes) -> Node:
    """A node that knows it rains and would say so, whose round is open; what it said already."""
    opened = make_block(SIGNERS[0], [ALL, RAINS], GENESIS)
    node = Node(FLEET, SIGNERS[1:2], Config(), Entropy(b"recovers"))
    said = [make_block(SIGNERS[1], [one], None, [opened]) for one in before]
    node.restore([GENESIS.wire, opened.wire, *(one.wire for one in said)])
    return node


def answers(node: Node, *kept: Vote) -> list[tuple[RoundId, Choice, str]]:
    """What it says when it may write again after a recovery."""
    now = Now(Instant(0), WALL_MS)
    step = node._step
    step.carry_out(node._machines.voting.resume(now, [(MEMBERS[1], one) for one in kept]))
    step.seal_now = True
    blocks: list[Block] = node.collect(now).persist
    return [
        (RoundId(vote.round), vote.choice, vote.reason)
        for block in blocks
        for said in read_operations(block.body)
        if isinstance(said, Votes)
        for vote in said.votes
    ]


def test_who_recovered_keeps_to_what_it_answered_in_blocks_that_are_lost() -> None:
    """Profile recovery, seed 30168: it answered anew, and otherwise."""
    word = Vote(OF_RAIN, Choice.REJECT, 700_000, "looked out")
    assert answers(asked(), word, word) == [(OF_RAIN, Choice.REJECT, "looked out")]
    (anew,) = answers(asked())
    assert anew[:2] == (OF_RAIN, Choice.ABSTAIN), "what it would say now"


def test_what_stands_already_is_not_answered_again() -> None:
    stands = Votes((Vote(OF_RAIN, Choice.ACCEPT),))
    assert answers(asked(stands), Vote(OF_RAIN, Choice.ACCEPT)) == []
    unknown = Vote(b"r" * 16, Choice.REJECT)
    assert [one[0] for one in answers(asked(), unknown)] == [OF_RAIN]

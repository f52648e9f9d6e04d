"""What a restart keeps, and what a restored node tells."""

import pytest
from by_hand import Fleet

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Conflict
from credimus.node.commands import AssertBelief, CastVote
from credimus.node.node import Node
from credimus.protocol.membership.interface import Notice, Ping
from credimus.protocol.voting.interface import VotingConfig
from credimus.protocol.voting.knowledge import Manual
from credimus.state.operations import Admit, Assert, Choice, Votes, read_operations
from strategies import FLEET, MEMBERS, SIGNERS, make_block


def test_a_restored_node_is_the_same_and_silent() -> None:
    fleet = Fleet(3)
    fleet.nodes[1].execute(AssertBelief(content="it rains"), fleet.now)
    fleet.settle()
    before = fleet.nodes[1]
    after = fleet.restart(1)
    assert after.state.fingerprint() == before.state.fingerprint()
    assert after.lace.frontier() == before.lace.frontier()
    assert after.clock.last == before.clock.last
    assert after.authors[0].sequence == before.authors[0].sequence
    assert after.copies.holders(1) == before.copies.holders(1) == sorted({MEMBERS[0], MEMBERS[2]})
    effects = after.collect(fleet.now)
    assert not effects.persist
    assert not effects.emit
    assert {type(one.message) for one in effects.send} == {Notice, Ping}, "it only greets"


def test_no_stamp_is_repeated_after_a_restart_with_a_clock_set_back() -> None:
    fleet = Fleet(2)
    fleet.ms = 50_000
    fleet.nodes[0].execute(AssertBelief(content="late"), fleet.now)
    fleet.settle()
    fleet.ms = 0
    fleet.restart(0).execute(AssertBelief(content="later"), fleet.now)
    fleet.settle()
    own = [b.header.stamp for b in fleet.stores[0] if b.author == MEMBERS[0]]
    assert own == sorted(set(own))
    assert len(fleet.fingerprints()) == 1


def test_a_restarted_node_answers_what_it_had_not_answered_and_nothing_twice() -> None:
    fleet = Fleet(3, VotingConfig(), [None, Manual(), None])
    fleet.nodes[0].execute(AssertBelief(content="it rains"), fleet.now)
    fleet.settle()
    for number in (1, 2):
        fleet.restart(number).resume(fleet.now)
    fleet.settle()
    votes = [
        (block.author, vote.round)
        for block in fleet.stores[0]
        for said in read_operations(block.body)
        if isinstance(said, Votes)
        for vote in said.votes
    ]
    assert len(votes) == len(set(votes)) == 3


def test_a_vote_in_the_store_can_not_be_contradicted_after_a_restart() -> None:
    fleet = Fleet(3, VotingConfig(), [Manual()] * 3)
    written = fleet.nodes[0].execute(AssertBelief(content="it rains"), fleet.now)
    fleet.settle()
    accept = CastVote(belief=written.belief, choice=Choice.ACCEPT)
    fleet.nodes[1].execute(accept, fleet.now)
    fleet.settle()
    with pytest.raises(Conflict) as caught:
        fleet.restart(1).execute(CastVote(belief=written.belief, choice=Choice.REJECT), fleet.now)
    assert caught.value.code == "already-voted"


def test_a_node_that_was_away_catches_up_by_itself() -> None:
    fleet = Fleet(4)
    fleet.away = {3}
    for number in range(3):
        fleet.nodes[number].execute(AssertBelief(content=f"statement {number}"), fleet.now)
        fleet.settle()
    fleet.wait(2_000)
    assert len(fleet.fingerprints()) == 2
    fleet.away = set()
    fleet.wait(3_000)
    assert len(fleet.fingerprints()) == 1


def test_a_newcomer_s_first_block_descends_from_its_admission_however_many_forks_there_are() -> (
    None
):
    fleet = Fleet(3)
    start = fleet.stores[0]
    said = [[Assert(1, f"statement {number}", "general", 1)] for number in range(70)]
    forks = [make_block(SIGNERS[1], one, None, start[-1:]) for one in said]
    admits = make_block(SIGNERS[2], [Admit(SIGNERS[4].public, "", "")], None, start[-1:])
    newcomer = Node(FLEET, [SIGNERS[4]], fleet.config, Entropy(b""))
    newcomer.restore([block.wire for block in (*start, *forks, admits)])
    fleet.push(0, [*forks, admits], 1)
    for _ in range(2):
        newcomer.execute(AssertBelief(content="hello", propose=False), fleet.now)
        (block,) = newcomer.collect(fleet.now).persist
        assert len(block.header.parents) <= 64
        fleet.push(0, [block], 4)
    assert not fleet.nodes[0].faults
    assert fleet.nodes[0].state.fingerprint() == newcomer.state.fingerprint()

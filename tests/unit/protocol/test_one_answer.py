"""One answer to a belief and attempt, whatever rounds there are on it."""

import pytest
from by_hand import Fleet
from test_protocol_voting import RAIN, RAIN_ID, lie, manual, said

from credimus.node.commands import AssertBelief, CastVote
from credimus.node.saying.author import Author
from credimus.protocol.voting.interface import Ballot, Question
from credimus.protocol.voting.knowledge import Manual
from credimus.state.operations import Choice, Propose, Rules, Votes
from credimus.state.voting.electorates import electorate_id, electorate_of, round_id
from strategies import MEMBERS


def test_one_answer_to_a_belief_and_attempt_while_the_own_proposal_is_unsealed() -> None:
    """The doubter's own round stands in its open block when another round on the belief comes."""
    fleet = Fleet(4)
    doubter = fleet.nodes[0]
    electors = MEMBERS[:3]
    fleet.nodes[1].execute(
        AssertBelief(content="it rains", category="general", electors=electors), fleet.now
    )
    theirs = fleet.nodes[1].collect(fleet.now)
    doubter.execute(
        AssertBelief(content="it rains", category="general", confidence=100_000), fleet.now
    )
    fleet.stores[1] += theirs.persist
    fleet.push(0, theirs.persist, 1)
    for number in (2, 3):
        fleet.push(number, theirs.persist, 1)
    fleet.settle()
    own = [vote for who, one in said(fleet, Votes) if who == doubter.id for vote in one.votes]
    assert len(own) == 2
    assert {vote.choice for vote in own} == {Choice.REJECT}
    assert doubter.state.rounds.get(own[0].round).attempt == 1


def test_a_vote_in_one_round_binds_in_another_of_the_same_attempt() -> None:
    fleet = manual()
    fleet.nodes[1].execute(RAIN, fleet.now)
    fleet.settle()
    fleet.nodes[0].execute(CastVote(belief=RAIN_ID, choice=Choice.REJECT), fleet.now)
    fleet.settle()
    smaller = electorate_of(dict.fromkeys(MEMBERS[:3], 500_000))
    other = Propose(RAIN_ID, 1, Rules(), electorate_id(smaller.electors), 5_000)
    lie(fleet, 3, smaller, other)
    own = [vote for who, one in said(fleet, Votes) if who == MEMBERS[0] for vote in one.votes]
    assert [(vote.round, vote.choice) for vote in own][1:] == [(round_id(other), Choice.REJECT)]


class Wavers:
    """Answers each question otherwise than the one before."""

    def __init__(self) -> None:
        self._choice = Choice.REJECT

    def evaluate(self, _: Question) -> Ballot:
        """The other choice."""
        self._choice = Choice.ACCEPT if self._choice is Choice.REJECT else Choice.REJECT
        return Ballot(self._choice)


def test_an_answer_that_waits_to_be_sealed_binds_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Profile clock, seed 11406 with checkpoints: a newcomer that could not write yet forgot what
    it was about to say, and answered another round on the belief otherwise."""
    fleet = Fleet(4, evaluators=[Wavers(), *[Manual()] * 3])
    waits = fleet.nodes[0].authors[0]
    fitting = Author._fitting
    monkeypatch.setattr(
        Author, "_fitting", lambda self, at: None if self is waits else fitting(self, at)
    )
    fleet.nodes[1].execute(RAIN, fleet.now)
    fleet.settle()
    assert waits.has_open
    smaller = electorate_of(dict.fromkeys(MEMBERS[:3], 500_000))
    lie(fleet, 3, smaller, Propose(RAIN_ID, 1, Rules(), electorate_id(smaller.electors), 5_000))
    monkeypatch.undo()
    fleet.nodes[0].seal_soon()
    fleet.settle()
    own = [vote for who, one in said(fleet, Votes) if who == MEMBERS[0] for vote in one.votes]
    assert [vote.choice for vote in own] == [Choice.ACCEPT] * 2

"""Kept certificates pass between members: to who asked, from who was asked, and not too many."""

import pytest

from credimus.kernel import limits
from credimus.kernel.ids import BeliefId, NodeId
from credimus.kernel.instant import SECOND, Instant, Now
from credimus.protocol.checkpointing.interface import (
    BorrowProof,
    LendProof,
    ProofAsked,
    ProofBorrowed,
    ProofCame,
    ProofGiven,
    ProofSought,
    ProofWanted,
)
from credimus.protocol.checkpointing.lending import Lending
from credimus.state.identity import belief_id
from strategies import GENESIS, MEMBERS, WALL_MS, Replica

RAIN = belief_id("it rains", "general")
SNOW = belief_id("it snows", "general")
NOW = Now(Instant(0), WALL_MS)


@pytest.fixture
def lending() -> Lending:
    return Lending(Replica().take_all([GENESIS]).state.roster)


def came(peer: NodeId, belief: BeliefId) -> ProofCame:
    return ProofCame(peer, ProofGiven(belief, b"proof"))


def test_who_is_asked_is_told_what_and_answers_once(lending: Lending) -> None:
    asked = lending.handle(BorrowProof(RAIN, MEMBERS[1:3]), NOW)
    assert [(one.to, one.message) for one in asked.send] == [
        (MEMBERS[1], ProofWanted(RAIN)), (MEMBERS[2], ProofWanted(RAIN)),
    ]  # fmt: skip
    for peer, belief in ((MEMBERS[3], RAIN), (MEMBERS[1], SNOW)):
        assert not lending.handle(came(peer, belief), NOW).emit, "nobody asked for that"
    borrowed = lending.handle(came(MEMBERS[1], RAIN), NOW)
    assert borrowed.emit == [ProofBorrowed(MEMBERS[1], RAIN, b"proof")]
    assert not lending.handle(came(MEMBERS[1], RAIN), NOW).emit
    assert lending.deadline() is None


def test_a_member_that_asks_is_answered_and_a_stranger_is_not(lending: Lending) -> None:
    sought = lending.handle(ProofAsked(MEMBERS[1], ProofWanted(RAIN)), NOW)
    assert sought.emit == [ProofSought(MEMBERS[1], RAIN)]
    assert not lending.handle(ProofAsked(MEMBERS[5], ProofWanted(RAIN)), NOW).emit
    given = lending.handle(LendProof(MEMBERS[1], RAIN, b"proof"), NOW)
    assert [(one.to, one.message) for one in given.send] == [
        (MEMBERS[1], ProofGiven(RAIN, b"proof"))
    ]


def test_so_many_are_looked_for_in_a_second(lending: Lending) -> None:
    def looked_for(now: Now) -> int:
        wanted = ProofAsked(MEMBERS[1], ProofWanted(RAIN))
        most = 2 * limits.PROOFS_GIVEN_PER_S
        return sum(len(lending.handle(wanted, now).emit) for _ in range(most))

    assert looked_for(NOW) == limits.PROOFS_GIVEN_PER_S
    assert lending.handle(ProofAsked(MEMBERS[2], ProofWanted(RAIN)), NOW).emit, "others are heard"
    assert looked_for(Now(Instant(SECOND), WALL_MS)) == limits.PROOFS_GIVEN_PER_S


def test_the_oldest_question_is_forgotten(
    lending: Lending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PROOFS_ASKED_MAX", 2)
    lending = Lending(Replica().take_all([GENESIS]).state.roster)
    lending.handle(BorrowProof(RAIN, MEMBERS[1:4]), NOW)
    answered = [len(lending.handle(came(peer, RAIN), NOW).emit) for peer in MEMBERS[1:4]]
    assert answered == [0, 1, 1]

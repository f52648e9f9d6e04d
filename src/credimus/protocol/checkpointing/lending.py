"""Passes kept certificates between members: who has let go the votes of a verdict asks the others.

    our caller wants one       each of some peers is asked, once
    a peer asks                who keeps certificates here is told, and answers
    an answer comes            it is passed on, if that peer was asked for it, to be verified

Deliberately not here: which are kept, and whether one holds (runtime/archiving.py).
"""

from typing import Any, TypeAlias, assert_never

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.effects import Effects, Send
from credimus.kernel.ids import BeliefId, NodeId
from credimus.kernel.instant import SECOND, Instant, Now, after
from credimus.protocol.checkpointing.interface import (
    BorrowProof,
    LendingInput,
    LendProof,
    ProofAsked,
    ProofBorrowed,
    ProofCame,
    ProofGiven,
    ProofSought,
    ProofWanted,
)
from credimus.state.membership.roster import Roster

LendingEffects: TypeAlias = Effects[Any, ProofWanted | ProofGiven, ProofSought | ProofBorrowed]


class Lending:
    """One member's side of it."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._open: BoundedMap[tuple[NodeId, BeliefId], Now] = BoundedMap(limits.PROOFS_ASKED_MAX)
        """What was asked of whom and when, and not answered."""
        self._asked: dict[NodeId, tuple[Instant, int]] = {}
        """By member: since when its questions are counted, and how many came."""

    def handle(self, event: LendingInput, now: Now) -> LendingEffects:
        """Take one input."""
        match event:
            case BorrowProof(belief, peers):
                for peer in peers:
                    self._open.put((peer, belief), now)
                return Effects(send=[Send(peer, ProofWanted(belief)) for peer in peers])
            case LendProof(peer, belief, content):
                return Effects(send=[Send(peer, ProofGiven(belief, content))])
            case ProofAsked(peer, wanted):
                if self._is_free(peer, now):
                    return Effects(emit=[ProofSought(peer, BeliefId(wanted.belief))])
            case ProofCame(peer, given):
                belief = BeliefId(given.belief)
                if self._open.take((peer, belief)):
                    return Effects(emit=[ProofBorrowed(peer, belief, given.content)])
            case _:
                assert_never(event)
        return Effects()

    def deadline(self) -> Instant | None:
        """Never: who waits for an answer knows for how long."""
        return None

    def tick(self, now: Now) -> LendingEffects:  # noqa: ARG002
        """Nothing is due."""
        return Effects()

    def _is_free(self, peer: NodeId, now: Now) -> bool:
        """Whether a member has asked for few certificates in this second; counts this one."""
        if peer not in self._roster.current:
            return False
        since, count = self._asked.get(peer, (now.instant, 0))
        if now.instant >= after(since, SECOND):
            since, count = now.instant, 0
        if len(self._asked) >= limits.FRONTIER_HEADS_MAX:
            self._asked.clear()
        self._asked[peer] = since, count + 1
        return count < limits.PROOFS_GIVEN_PER_S

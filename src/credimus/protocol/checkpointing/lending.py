"""Passes kept certificates between members: who has let go the votes of a verdict asks the others.

    our caller wants one       each of some peers is asked, once
    a peer asks                who keeps certificates here is told, and answers
    an answer comes            it is passed on, if that peer was asked for it, to be verified

Deliberately not here: which are kept, and whether one holds (runtime/archiving.py).
"""

from typing import Any, TypeAlias, assert_never

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.bucket import Bucket, Rate
from credimus.kernel.effects import Effects, Send
from credimus.kernel.ids import BeliefId, NodeId
from credimus.kernel.instant import Instant, Now
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
        self._buckets: BoundedMap[NodeId, Bucket] = BoundedMap(limits.FRONTIER_HEADS_MAX)
        """By member: how many of its questions are answered."""

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
                if self._is_free(peer, now.instant):
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

    def _is_free(self, peer: NodeId, now: Instant) -> bool:
        """Whether a member has asked for few certificates lately; counts this one."""
        if peer not in self._roster.current:
            return False
        bucket = self._buckets.get(peer)
        if bucket is None:
            most = limits.PROOFS_GIVEN_PER_S
            bucket = Bucket(Rate(per_s=most, burst=most), now)
            self._buckets.put(peer, bucket)
        return not bucket.take(now)

"""The claims of all members, and our own: kept a few of each, compared where they can be.

Pure but for what it keeps. Deliberately not here: what follows from a false one (machine.py).
"""

from collections.abc import Iterator

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.ids import NodeId
from credimus.protocol.vigilance.interface import Claim, StateClaim
from credimus.protocol.vigilance.judging import contradict, is_of_same_blocks, verify_state_claim


class Claims:
    """What members claimed lately, and what we know of states ourselves."""

    def __init__(self) -> None:
        self._by_member: BoundedMap[NodeId, dict[StateClaim, Claim]] = BoundedMap(
            limits.GUARDED_MAX
        )
        self._own: list[StateClaim] = []

    def knows(self, claim: StateClaim) -> bool:
        """Whether this very claim is kept already."""
        return claim in (self._by_member.get(claim.member) or {})

    def note(self, claim: StateClaim, message: Claim) -> tuple[Claim, Claim] | None:
        """Keep a claim whose signature was checked. Returns two that contradict each other, if it
        contradicts one that is kept."""
        kept = self._by_member.get(claim.member)
        if kept is None:
            kept = {}
            self._by_member.put(claim.member, kept)
        proof = next(
            ((other, message) for one, other in kept.items() if contradict(one, claim)), None
        )
        kept[claim] = message
        while len(kept) > limits.STATE_CLAIMS_MAX:
            del kept[next(iter(kept))]
        return proof

    def own(self, claim: StateClaim) -> None:
        """Remember what our own blocks came to."""
        self._own.append(claim)
        del self._own[: -limits.STATE_CLAIMS_MAX]

    def differing(self) -> Iterator[tuple[StateClaim, Claim]]:
        """Claims of others that differ from what our own blocks came to."""
        for kept in self._by_member.values():
            for claim, message in kept.items():
                if self.differs(claim):
                    yield claim, message

    def differs(self, claim: StateClaim) -> bool:
        """Whether our own same blocks came to something else."""
        return any(
            is_of_same_blocks(one, claim) and one.fingerprint != claim.fingerprint
            for one in self._own
        )

    def of_blocks(self, frontier: bytes) -> set[NodeId]:
        """The members that claimed a state of these blocks."""
        return {
            member
            for member, kept in self._by_member.items()
            if any(one.frontier == frontier for one in kept)
        }

    def like(self, claim: StateClaim) -> list[StateClaim]:
        """The claims of all others about the same blocks."""
        return [
            one
            for member, kept in self._by_member.items()
            if member != claim.member
            for one in kept
            if is_of_same_blocks(one, claim)
        ]

    def is_supported(self, claim: StateClaim, member_count: int) -> bool:
        """Whether more others claim the same than can lie."""
        return verify_state_claim(claim, self.like(claim), member_count)

"""Which claims contradict each other, and how many witnesses are more than can lie. Pure."""

from collections.abc import Iterable

from credimus.protocol.vigilance.interface import StateClaim

GAP_MS = 1_000
"""Stamps of two claims of one honest member are further apart than this."""
VERSION = 8
"""Of the rules by which states are folded and their fingerprints computed."""


def contradict(one: StateClaim, other: StateClaim) -> bool:
    """Whether no honest member makes both of two claims.

    Either the same blocks, by the same rules, come to two states; or two different claims were made
    within a second, which an honest member never does, not even over a restart or when its clock
    is set back: it remembers the stamp of its last claim, durably, before it shows it.
    """
    if one.member != other.member or one.fleet != other.fleet or one == other:
        return False
    if abs(one.stamp_ms - other.stamp_ms) <= GAP_MS:
        return True
    return is_of_same_blocks(one, other) and one.fingerprint != other.fingerprint


def is_of_same_blocks(one: StateClaim, other: StateClaim) -> bool:
    """Whether both speak of the same blocks, by the same rules."""
    return one.frontier == other.frontier and one.version == other.version


def witnesses_needed(member_count: int) -> int:
    """Distinct members whose word together is more than liars can say: f + 1, where f is a third of
    them, rounded down; two at least."""
    return max(2, member_count // 3 + 1)


def verify_state_claim(
    claim: StateClaim, witnesses: Iterable[StateClaim], member_count: int
) -> bool:
    """Whether more members than can lie claim the same state of the same blocks, its own included.

    Args:
        witnesses: claims whose signatures were checked; of each member one counts.
    """
    support = {
        one.member
        for one in witnesses
        if is_of_same_blocks(one, claim) and one.fingerprint == claim.fingerprint
    }
    return len(support | {claim.member}) >= witnesses_needed(member_count)

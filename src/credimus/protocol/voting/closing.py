"""What a closing and a verdict operation say of a round. Pure."""

from credimus.state.beliefs import Beliefs
from credimus.state.operations import (
    Aggregation,
    Choice,
    Close,
    Conclusion,
    DotName,
    Scheme,
    mask_bytes,
)
from credimus.state.voting.round import Round

REMOVED_MAX = 1_024


def closing_of(found: Round) -> Close:
    """The closing of a round whose time has passed; under turnout with the votes that count.

    An equivocator's votes are left out of a turnout: whichever was counted would be a choice.
    """
    if found.rules.scheme is not Scheme.TURNOUT:
        return Close(found.id)
    twice = (
        (found.accept & found.reject) | (found.accept & found.abstain)
        | (found.reject & found.abstain)
    )  # fmt: skip
    accept, reject, abstain = (
        mask & ~twice for mask in (found.accept, found.reject, found.abstain)
    )
    confidences: tuple[int, ...] = ()
    if found.rules.aggregation is Aggregation.CONFIDENCE:
        shown = found.confidences or {}
        confidences = tuple(
            min(shown[position, choice])
            for mask, choice in (
                (accept, Choice.ACCEPT), (reject, Choice.REJECT), (abstain, Choice.ABSTAIN)
            )
            for position in range(len(found.electorate))
            if mask >> position & 1
        )  # fmt: skip
    return Close(found.id, mask_bytes(accept), mask_bytes(reject), mask_bytes(abstain), confidences)


def conclusion_of(found: Round, beliefs: Beliefs, epoch: int) -> Conclusion:
    """The record of a decided round: the votes seen here and, for a rejection, what it removes.

    Args:
        epoch: the one that is open here.
    """
    rejected = found.reject_certified and not found.accept_certified
    removed: tuple[DotName, ...] = ()
    if rejected:
        removed = tuple(
            DotName(author, counter) for author, counter, _ in beliefs.assertions(found.belief)
        )[:REMOVED_MAX]
    return Conclusion(
        round=found.id,
        outcome=Choice.REJECT if rejected else Choice.ACCEPT,
        accept=mask_bytes(found.accept),
        reject=mask_bytes(found.reject),
        abstain=mask_bytes(found.abstain),
        epoch=epoch,
        removed=removed,
    )

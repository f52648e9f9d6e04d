"""What is told of a round whose verdict climbed."""

from credimus.state.events import RoundContested, RoundDecided, RoundExpired, StateEvent
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict


def climbed(found: Round, before: Verdict) -> list[StateEvent]:
    """The facts between a verdict and the round's present one; for what was contested already,
    that it is."""
    verdict = found.verdict
    if verdict is Verdict.OPEN:
        return []
    if verdict is Verdict.EXPIRED:
        return [RoundExpired(found.id, found.belief, before)]
    decided: list[StateEvent] = [RoundDecided(found.id, found.belief, before)]
    if verdict is not Verdict.CONTESTED:
        return decided
    contested = RoundContested(found.id, found.belief, tuple(found.culprits()), before)
    return [contested] if before.decided else [*decided, contested]

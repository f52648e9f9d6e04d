"""What follows from reconciliations, now: which belief stands, which is superseded, and why.

A reconciliation says something only while both rounds that it names are accepted, neither was
decided in the knowledge of the other, and neither belief has had a later verdict. So nobody can
set aside what was decided with everybody's knowledge, and no verdict changes by itself.
"""

from enum import Enum

import msgspec

from credimus.kernel.codec import encode
from credimus.kernel.ids import BeliefId, BlockId, NodeId, RoundId
from credimus.lace.lace import Lace
from credimus.state.fleet import FleetState
from credimus.state.operations import Choice, Finding, Strategy
from credimus.state.reconciliations import Pair, Reconciliation
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict


class Effect(Enum):
    """What a reconciliation makes of one of its beliefs."""

    STANDS = "stands"
    SUPERSEDED = "superseded"
    ALTERNATIVE = "alternative"
    """It stands, as one of two."""
    AGAIN = "again"
    """It stands while it is put to the vote again."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A reconciliation as one of its beliefs sees it."""

    belief: BeliefId
    other: BeliefId
    effect: Effect
    strategy: Strategy
    finding: Finding
    author: NodeId
    stamp: int
    why: str


def outcomes_of(state: FleetState, lace: Lace, belief: BeliefId) -> list[Outcome]:
    """What reconciliations make of a belief, in order of their pairs."""
    found = []
    for pair in state.reconciliations.of(belief):
        said = state.reconciliations.prevailing(pair)
        if said is not None and holds(state, lace, pair):
            found.append(_outcome(state, belief, pair, said))
    return found


def holds(state: FleetState, lace: Lace, pair: Pair) -> bool:
    """Whether these are the rounds that accepted these beliefs, each without knowing the other.

    Cost: two walks of the lace, between the two verdicts.
    """
    rounds = [state.rounds.get(identifier) for identifier in pair[1]]
    for belief, found in zip(pair[0], rounds, strict=True):
        if found is None or found.belief != belief or not found.accept_certified:
            return False
        deciding = state.rounds.deciding(belief)
        if found not in deciding or state.rounds.verdict(belief) is not Verdict.ACCEPTED:
            return False
    first, second = (recorded_in(lace, found) for found in rounds if found is not None)
    return first is not None and second is not None and lace.concurrent(first, second)


def recorded_in(lace: Lace, found: Round) -> BlockId | None:
    """The earliest block that records a round as accepted; None while none is held."""
    records = [
        (stamp, author, encode(said))
        for author, stamp, said in found.conclusions
        if said.outcome is Choice.ACCEPT and found.concerns(author)
    ]
    if not records:
        return None
    stamp, author, _ = min(records)
    place = next(lace.walk(stamp, author), None)
    return place.id if place is not None and place.stamp == stamp else None


def _outcome(state: FleetState, belief: BeliefId, pair: Pair, said: Reconciliation) -> Outcome:
    first, second = pair[0]
    effect, why = _effect(state, belief, pair, said)
    return Outcome(
        belief=belief,
        other=second if belief == first else first,
        effect=effect,
        strategy=said.strategy,
        finding=said.finding,
        author=said.author,
        stamp=said.stamp,
        why=why,
    )


def _effect(
    state: FleetState, belief: BeliefId, pair: Pair, said: Reconciliation
) -> tuple[Effect, str]:
    first, second = pair[0]
    match said.strategy:
        case Strategy.CONSENSUS:
            last = state.rounds.on(belief)[-1]
            if last.id not in pair[1] and last.verdict is Verdict.OPEN:
                return Effect.AGAIN, "both are put to the vote again, by all members"
            return Effect.ALTERNATIVE, "no later round has decided between them"
        case Strategy.MULTI_VALUE:
            return Effect.ALTERNATIVE, "both were accepted, apart; both are kept"
        case Strategy.LAST_WRITER:
            _, kept = max(zip((_opened(state, one) for one in pair[1]), pair[0], strict=True))
            return _kept(belief, kept, "was put to the vote later")
        case Strategy.SEMANTIC:
            if said.finding is Finding.COMPATIBLE:
                return Effect.STANDS, "the two are compatible"
            if said.finding is Finding.CONTRADICTORY:
                return Effect.ALTERNATIVE, "the two contradict each other; both are kept"
            kept = first if said.finding is Finding.FIRST_SUBSUMES else second
            return _kept(belief, kept, "says all that the other says")


def _kept(belief: BeliefId, kept: BeliefId, why: str) -> tuple[Effect, str]:
    effect = Effect.STANDS if belief == kept else Effect.SUPERSEDED
    return effect, f"{kept.hex()[:12]} {why}"


def _opened(state: FleetState, identifier: RoundId) -> int:
    found = state.rounds.get(identifier)
    return 0 if found is None else found.opened_stamp

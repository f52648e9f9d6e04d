"""Explains one belief from what this node holds. Reads blocks, changes nothing."""

from collections.abc import Sequence

from credimus.kernel import limits
from credimus.kernel.fixed import ratio
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.ids import BeliefId
from credimus.kernel.odds import BILLION
from credimus.lace.lace import Lace
from credimus.node.showing.queries import name_of
from credimus.node.supply import WiresOf
from credimus.state.beliefs import Belief
from credimus.state.fleet import FleetState
from credimus.state.outcomes import outcomes_of
from credimus.state.voting.round import Round
from credimus.why.changing import Changes, next_attempt
from credimus.why.explanation import Explanation, Item, ReconciledWith, Stated, Who
from credimus.why.history import history
from credimus.why.reading import VoteReader
from credimus.why.rounds import explained_round

ROUNDS_MAX = 16
"""Rounds told of: those that decide, then the latest. [guess: our own nodes open three at most]"""
VOTERS_MAX = 8_192
"""Electors of those rounds together; one round is told of in any case. [guess: twice the largest
electorate]"""


def explain(
    state: FleetState,
    lace: Lace,
    belief: Belief,
    wires_of: WiresOf,
    attempts_max: int = limits.ATTEMPTS_MAX,
) -> Explanation:
    """Why a belief has the verdict that it has.

    Args:
        wires_of: the blocks of the store by their ids; those not held are left out.
        attempts_max: rounds that a proposer opens by itself; other nodes are taken to be set alike.

    Cost: bounded by the limits here and in reading.py and history.py: some ms for tens of
    electors, 50 ms for 4,096, and as much again for reading their votes.
    """
    rounds = state.rounds.on(belief.id)
    deciding = state.rounds.deciding(belief.id)
    shown = _shown(rounds, deciding)
    verdict = state.rounds.verdict(belief.id)
    reader = VoteReader(lace, wires_of)
    told = {  # those that decide first: what is read for them is not lacking for others
        one.id: explained_round(state, one, reader, decides=one in deciding)
        for one in sorted(shown, key=lambda one: one not in deciding)
    }
    changes = Changes(state, rounds)
    credence = state.standing.credence(belief.id)
    return Explanation(
        belief=belief.id.hex(),
        content=belief.content,
        category=belief.category,
        verdict=None if verdict is None else verdict.word,  # type: ignore[arg-type]
        confidence=ratio(state.beliefs.confidence(belief.id)),
        credence=round(credence.billionths / BILLION, 6),
        votes=credence.votes,
        witnesses_effective=credence.witnesses,
        asserted_ms=wall_ms_of(belief.origin[0]),
        assertions=_stated(state, belief.id),
        rounds=[told[one.id] for one in shown],
        rounds_left_out=len(rounds) - len(shown),
        history=history(state, lace, belief.id),
        reconciled=[
            ReconciledWith(
                other=one.other.hex(),
                effect=one.effect.value,
                strategy=one.strategy.name.lower(),
                by=Who(id=one.author.hex(), name=name_of(state, one.author)),
                why=one.why,
            )
            for one in outcomes_of(state, lace, belief.id)
        ],
        changes=[change for one in shown for change in changes.through(one)],
        next_attempt=next_attempt(rounds, verdict, attempts_max),
    )


def _shown(rounds: Sequence[Round], deciding: Sequence[Round]) -> list[Round]:
    """The rounds to tell of, in order of attempt."""
    chosen: dict[Round, None] = {}
    voters = 0
    for one in (*deciding, *reversed(rounds)):
        voters += len(one.electorate) if one not in chosen else 0
        if len(chosen) == ROUNDS_MAX or (chosen and voters > VOTERS_MAX):
            break
        chosen[one] = None
    return [one for one in rounds if one in chosen]


def _stated(state: FleetState, belief: BeliefId) -> list[Stated]:
    return [
        Stated(
            author=Who(id=author.hex(), name=name_of(state, author)),
            confidence=ratio(said.confidence),
            asserted_ms=wall_ms_of(said.stamp),
            ttl_ms=said.ttl_ms,
            evidence=[Item(kind=one.kind, content=one.content) for one in said.evidence],
        )
        for author, _, said in state.beliefs.assertions(belief)
    ]

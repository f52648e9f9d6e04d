"""What a checkpoint lets go of the state at its cut, by the stamps in it alone.

    an assertion             once its own `ttl` has passed
    a belief with its rounds, when it is not accepted: a day (`retention_ms`) after the last of its
                             live assertions and of its rounds' timeouts
    an accepted belief       when the last of its assertions has ended by `ttl`; else never
    earlier attempts         a day after their timeout, once a later attempt has decided
    words about nothing      a day after they were said
    boxes                    with the last belief that their key opens

A day passes by the checkpoint's own time, the greatest stamp in its cut. Whatever is said later of
what went, is folded as if it had never been: a vote waits for a round that nobody has opened, an
assertion states the belief anew.
"""

from credimus.kernel.hlc import LOGICAL_BITS
from credimus.kernel.ids import BeliefId, RoundId
from credimus.kernel.portions import Portions, portions
from credimus.lace.enclosing import name_in
from credimus.sketch import merkle
from credimus.state.beliefs import Beliefs
from credimus.state.fleet import FleetState
from credimus.state.keeping.checkpoints import Released
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict

_CHEAP = 4
"""So many beliefs that are looked at cost as much as one that is written down."""


def release(state: FleetState, stamp: int, retention_ms: int) -> Portions[Released]:
    """Let go what is over at a stamp, by and by; returns the record of it."""
    before_stamp = max(0, stamp - (retention_ms << LOGICAL_BITS))
    ended = state.beliefs.expire(stamp)
    yield len(state.beliefs) // _CHEAP
    beliefs: list[BeliefId] = []
    rounds: list[RoundId] = []
    every = {one.id for one in state.beliefs} | {one.belief for one in state.rounds}
    for some in portions(sorted(every)):
        for belief in some:
            if _is_over(state, belief, before_stamp, expired=belief in ended):
                rounds += [one.id for one in state.rounds.on(belief)]
                if state.beliefs.get(belief) is not None:
                    beliefs.append(belief)
            else:
                rounds += _outdone(state, belief, before_stamp)
        yield len(some) // _CHEAP
    claims, retractions = state.beliefs.let_go(beliefs, before_stamp)
    words = state.rounds.let_go(rounds, before_stamp)
    keys = {name for one in state.beliefs if (name := name_in(one.content)) is not None}
    words += state.enclosures.let_go(keys)
    words += state.reconciliations.let_go({one.id for one in state.beliefs}, before_stamp)
    return Released(
        beliefs=len(beliefs),
        rounds=len(rounds),
        assertions=claims + sum(ended.values()),
        other=retractions + words,
        root=merkle.root(sorted([*beliefs, *rounds])),
    )


def _outdone(state: FleetState, belief: BeliefId, before_stamp: int) -> list[RoundId]:
    """Earlier attempts than the one that decided, once their time is long over."""
    held = state.rounds.on(belief)
    deciding = state.rounds.deciding(belief) if len(held) > 1 else held
    if len(held) < 2 or not deciding[0].verdict.decided:
        return []
    return [
        one.id
        for one in held
        if one.attempt < deciding[0].attempt and end_stamp(one) < before_stamp
    ]


def end_stamp(one: Round) -> int:
    """When the time of a round is over, by its proposals."""
    return max(opened + (timeout_ms << LOGICAL_BITS) for opened, _, timeout_ms in one.openings)


def _is_over(state: FleetState, belief: BeliefId, before_stamp: int, *, expired: bool) -> bool:
    if state.rounds.verdict(belief) is Verdict.ACCEPTED:
        return expired and not state.beliefs.assertions(belief)
    return _last_stamp(state.beliefs, belief, state.rounds.on(belief)) < before_stamp


def _last_stamp(beliefs: Beliefs, belief: BeliefId, rounds: tuple[Round, ...]) -> int:
    """The last that was said of a belief, or is still to be waited for."""
    known = beliefs.get(belief)
    stamps = [end_stamp(one) for one in rounds]
    stamps += [claim.stamp for _, _, claim in beliefs.assertions(belief)]
    stamps += [known.origin[0]] if known is not None else []
    return max(stamps)

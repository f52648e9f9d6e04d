"""What the sides of a split decided apart, what of it does not agree, and what leans on that.

Where a belief was accepted is where its verdict was first recorded. Whether two verdicts knew of
each other is asked of the lace: nodes that hold the same blocks find the same conflicts, but for
the split that they are asked about. Pure.
"""

from collections.abc import Iterator
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.hlc import stamp_of
from credimus.kernel.ids import BeliefId, NodeId
from credimus.lace.lace import Lace, Place
from credimus.protocol.reunion.interface import Apart, Bearing, Conflict, Side, Standing, Tally
from credimus.state.dependencies import Dependencies
from credimus.state.fleet import FleetState
from credimus.state.operations import Finding, Strategy
from credimus.state.outcomes import holds, recorded_in
from credimus.state.reconciliations import Pair
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict


class Holdings(NamedTuple):
    """What a node has, and in whose name it speaks."""

    own: NodeId
    state: FleetState
    lace: Lace


class Found(NamedTuple):
    """What was decided apart."""

    near: Tally
    far: Tally
    conflicts: list[Conflict]
    expired: list[Round]
    """Rounds of the split that ended without a verdict, and whose belief has none; oldest first."""
    left_out_count: int
    """Accepted beliefs beyond those that are compared with each other."""


def discover(holdings: Holdings, apart: Apart | None, bears: Bearing, strategy: Strategy) -> Found:
    """Everything about one split, or about all that is held.

    Args:
        bears: how statements bear on each other.
        strategy: what is planned; under `semantic` also pairs that merely overlap are found.

    Cost: a look at every round; the square of the beliefs accepted apart, which are bounded.
    """
    accepted = list(_accepted(holdings, apart))
    kept = dict(sorted(accepted, key=lambda one: one[1].stamp)[-limits.RECONCILED_BELIEFS_MAX :])
    expired = sorted(_expired(holdings, apart), key=lambda one: (one.opened_stamp, one.id))
    sides = {belief: _side(place.author, apart) for belief, place in accepted}
    conflicts = []
    for pair, finding in _pairs(holdings, list(kept), bears, strategy):
        conflicts.append(_conflict(holdings, pair, finding, sides, apart, strategy))
    return Found(
        _tally(holdings, apart, Side.NEAR, sides, expired),
        _tally(holdings, apart, Side.FAR, sides, expired),
        conflicts,
        expired,
        len(accepted) - len(kept),
    )


def kind_of(strategy: Strategy, finding: Finding) -> tuple[Strategy, Finding]:
    """What is said of a pair: only the semantic strategy takes a finding."""
    return strategy, finding if strategy is Strategy.SEMANTIC else Finding.CONTRADICTORY


# --- private


def _accepted(holdings: Holdings, apart: Apart | None) -> Iterator[tuple[BeliefId, Place]]:
    """Beliefs accepted in the split, with the block that recorded it first."""
    rounds, lace = holdings.state.rounds, holdings.lace
    for found in rounds:
        if not found.accept_certified or rounds.verdict(found.belief) is not Verdict.ACCEPTED:
            continue
        if found is not _deciding(holdings.state, found.belief):
            continue
        block = recorded_in(lace, found)
        place = None if block is None else lace.get(block)
        if place is not None and _is_within(place.stamp, apart):
            yield found.belief, place


def _expired(holdings: Holdings, apart: Apart | None) -> Iterator[Round]:
    rounds = holdings.state.rounds
    for found in rounds:
        if (
            found.verdict is Verdict.EXPIRED
            and found is rounds.on(found.belief)[-1]
            and _is_within(found.opened_stamp, apart)
        ):
            yield found


def _is_within(stamp: int, apart: Apart | None) -> bool:
    return apart is None or stamp_of(apart.began_ms) <= stamp < stamp_of(apart.ended_ms + 1)


def _side(author: NodeId, apart: Apart | None) -> Side:
    return Side.FAR if apart is not None and author in apart.far else Side.NEAR


def _deciding(state: FleetState, belief: BeliefId) -> Round | None:
    return next((one for one in state.rounds.deciding(belief) if one.accept_certified), None)


def _pairs(
    holdings: Holdings, beliefs: list[BeliefId], bears: Bearing, strategy: Strategy
) -> Iterator[tuple[Pair, Finding]]:
    """Pairs that were accepted each without the other, and how they bear on each other."""
    state, seen = holdings.state, set()
    for one, other, finding in _bearing(state, beliefs, bears):
        if finding is not Finding.CONTRADICTORY and strategy is not Strategy.SEMANTIC:
            continue
        first, second = sorted((one, other))
        rounds = _deciding(state, first), _deciding(state, second)
        if rounds[0] is None or rounds[1] is None or (first, second) in seen:
            continue
        seen.add((first, second))
        pair = (first, second), (rounds[0].id, rounds[1].id)
        if holds(state, holdings.lace, pair):
            yield pair, finding if (first, second) == (one, other) else _turned(finding)


def _bearing(
    state: FleetState, beliefs: list[BeliefId], bears: Bearing
) -> Iterator[tuple[BeliefId, BeliefId, Finding]]:
    """What members say contradicts comes first, then what reads so."""
    for one in beliefs:
        for other in state.beliefs.contradictions(one):
            yield one, other, Finding.CONTRADICTORY
    known = [found for found in map(state.beliefs.get, sorted(beliefs)) if found is not None]
    yield from bears(known)


def _turned(finding: Finding) -> Finding:
    """The same finding, told of the two the other way round."""
    return {
        Finding.FIRST_SUBSUMES: Finding.SECOND_SUBSUMES,
        Finding.SECOND_SUBSUMES: Finding.FIRST_SUBSUMES,
    }.get(finding, finding)


def _conflict(
    holdings: Holdings,
    pair: Pair,
    finding: Finding,
    sides: dict[BeliefId, Side],
    apart: Apart | None,
    strategy: Strategy,
) -> Conflict:
    state = holdings.state
    said = state.reconciliations.prevailing(pair)
    kind = kind_of(strategy, finding)
    standing = Standing.OPEN
    if said is not None and (said.strategy, said.finding) == kind:
        standing = Standing.SETTLED
    elif state.reconciliations.others_above(pair, kind, holdings.own):
        standing = Standing.OUTVOTED
    return Conflict(
        beliefs=pair[0],
        rounds=pair[1],
        sides=(
            _side_of(holdings, pair, 0, sides, apart),
            _side_of(holdings, pair, 1, sides, apart),
        ),
        finding=finding,
        standing=standing,
        strategy=None if said is None else said.strategy,
        author=None if said is None else said.author,
        dependents=_dependents(holdings, pair[0]),
    )


def _side_of(
    holdings: Holdings, pair: Pair, which: int, sides: dict[BeliefId, Side], apart: Apart | None
) -> Side:
    known = sides.get(pair[0][which])
    if known is not None:
        return known
    found = holdings.state.rounds.get(pair[1][which])
    block = None if found is None else recorded_in(holdings.lace, found)
    return Side.NEAR if block is None else _side(holdings.lace.place(block).author, apart)


def _dependents(holdings: Holdings, beliefs: tuple[BeliefId, BeliefId]) -> tuple[BeliefId, ...]:
    """What leans on two beliefs, nearest first, bounded."""
    graph = Dependencies(holdings.state.beliefs, holdings.lace.happened_before)
    seen = dict.fromkeys(beliefs)
    waiting = list(beliefs)
    for belief in waiting:  # it grows meanwhile
        for leaning in graph.leaning_on(belief):
            if leaning not in seen and len(seen) < 2 + limits.REUNION_DEPENDENTS_MAX:
                seen[leaning] = None
                waiting.append(leaning)
    return tuple(seen)[2:]


def _tally(
    holdings: Holdings,
    apart: Apart | None,
    side: Side,
    sides: dict[BeliefId, Side],
    expired: list[Round],
) -> Tally:
    lace = holdings.lace
    authors = [one for one in lace.authors() if _side(one, apart) is side]
    if apart is None:
        blocks = sum(1 for one in authors for _ in lace.walk(0, one))
    else:
        begin, end = stamp_of(apart.began_ms), stamp_of(apart.ended_ms + 1)
        blocks = sum(one.stamp < end for author in authors for one in lace.walk(begin, author))
    opened = sum(_side(one.proposers[0], apart) is side for one in expired)
    return Tally(blocks, sum(one is side for one in sides.values()), opened)

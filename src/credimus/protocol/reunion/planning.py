"""The plan of a reunion: its steps in order, what they cost, and what can not be undone. Pure.

A step comes before another when something of the other leans on something of it; else the one whose
beliefs were put to the vote earlier. Where beliefs lean on each other in a ring the order of time
stands in.
"""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.ids import BeliefId, RoundId, fingerprint
from credimus.protocol.reunion.discovering import Found, Holdings, discover, kind_of
from credimus.protocol.reunion.interface import (
    AgainStep,
    Asked,
    Bearing,
    Conflict,
    Cost,
    PairStep,
    Plan,
    Standing,
    Step,
)
from credimus.state.dependencies import Dependencies
from credimus.state.operations import Reconcile, Strategy, Withdraw

STEPS_AT_ONCE = 10
"""Steps in one block, between two records of the session. [seed: a checkpoint each 10 steps]"""
_BLOCK_BYTES = 230
"""Of a block beside its operations: header, parents, signature. [measured in fleets of five]"""
_PROPOSAL_BYTES = 130
"""[measured]"""
_VOTE_BYTES = 50
"""[measured: votes share leaves]"""


def plan_of(holdings: Holdings, asked: Asked, bears: Bearing) -> Plan:
    """What a reunion would do for what is asked, as things are now."""
    found = discover(holdings, asked.apart, bears, asked.strategy)
    every = _steps(holdings, asked, found)
    steps = _in_order(holdings, every)[: limits.REUNION_STEPS_MAX]
    members = len(holdings.state.roster.current)
    return Plan(
        id=fingerprint(b"credimus reunion plan", encode([asked.strategy, steps])),
        strategy=asked.strategy,
        near=found.near,
        far=found.far,
        conflicts=tuple(found.conflicts),
        steps=tuple(steps),
        left_out_count=found.left_out_count + len(every) - len(steps),
        costs=tuple((one, _cost(_as(steps, one), members)) for one in Strategy),
        lasting_count=sum(opened_by(step) > 0 for step in steps),
    )


def opened_by(step: Step) -> int:
    """How many rounds a step opens."""
    if isinstance(step, AgainStep):
        return 1
    return 2 if step.strategy is Strategy.CONSENSUS else 0


def beliefs_of(step: Step) -> tuple[BeliefId, ...]:
    """The beliefs that a step is about."""
    if isinstance(step, AgainStep):
        return (BeliefId(step.belief),)
    return BeliefId(step.beliefs[0]), BeliefId(step.beliefs[1])


# --- private


def _steps(holdings: Holdings, asked: Asked, found: Found) -> list[Step]:
    steps: list[Step] = [
        _pair_step(holdings, one, asked.strategy)
        for one in found.conflicts
        if one.standing is Standing.OPEN
    ]
    if asked.undecided:
        taken = {belief for step in steps for belief in beliefs_of(step)}
        fresh = [one for one in found.expired if one.attempt < limits.ATTEMPTS_MAX]
        steps += [AgainStep(one.belief, one.id) for one in fresh if one.belief not in taken]
    return steps


def _pair_step(holdings: Holdings, conflict: Conflict, strategy: Strategy) -> PairStep:
    kind = kind_of(strategy, conflict.finding)
    pair = conflict.beliefs, conflict.rounds
    ours = holdings.state.reconciliations.standing_by(pair, holdings.own)
    above = tuple(one for one in ours if one > kind)
    return PairStep(conflict.beliefs, conflict.rounds, *kind, above, kind in ours)


def _in_order(holdings: Holdings, steps: Sequence[Step]) -> list[Step]:
    """Each behind those on which it leans; else by time."""
    graph = Dependencies(holdings.state.beliefs, holdings.lace.happened_before)
    about: dict[BeliefId, list[int]] = {}
    for number, step in enumerate(steps):
        for belief in beliefs_of(step):
            about.setdefault(belief, []).append(number)
    before: list[set[int]] = []
    for number, step in enumerate(steps):
        grounds = [ground for one in beliefs_of(step) for ground in graph.all_grounds(one)]
        before.append({one for ground in grounds for one in about.get(ground, ())} - {number})
    ages = [_age(holdings, step) for step in steps]
    waiting = set(range(len(steps)))
    ready = [(ages[one], one) for one in waiting if not before[one]]
    heapify(ready)
    ordered: list[Step] = []
    while waiting:
        if not ready:  # a ring
            heappush(ready, min((ages[one], one) for one in waiting))
        _, number = heappop(ready)
        if number not in waiting:
            continue
        waiting.discard(number)
        ordered.append(steps[number])
        for other in sorted(waiting):
            if number in before[other]:
                before[other].discard(number)
                if not before[other]:
                    heappush(ready, (ages[other], other))
    return ordered


def _age(holdings: Holdings, step: Step) -> tuple[int, tuple[BeliefId, ...]]:
    """When the older of its rounds was opened; then what it is about."""
    named = (step.round,) if isinstance(step, AgainStep) else step.rounds
    rounds = [holdings.state.rounds.get(RoundId(one)) for one in named]
    stamps = [one.opened_stamp for one in rounds if one is not None]
    return min(stamps, default=0), beliefs_of(step)


def _as(steps: Sequence[Step], strategy: Strategy) -> list[Step]:
    """The same steps by another strategy."""
    return [
        step
        if isinstance(step, AgainStep)
        else PairStep(step.beliefs, step.rounds, *kind_of(strategy, step.finding))
        if strategy is not step.strategy
        else step
        for step in steps
    ]


def _cost(steps: Sequence[Step], members: int) -> Cost:
    said = sum(_bytes(step) for step in steps)
    rounds = sum(opened_by(step) for step in steps)
    blocks = -(-len(steps) // STEPS_AT_ONCE)
    if rounds:  # proposals share the proposer's blocks; each member answers in one or two
        said += rounds * (_PROPOSAL_BYTES + members * _VOTE_BYTES)
        blocks += 2 * members
    return Cost(len(steps), rounds, blocks, said + blocks * _BLOCK_BYTES)


def _bytes(step: Step) -> int:
    """Of the operations of a step, beside proposals and votes."""
    if isinstance(step, AgainStep):
        return 0
    names = step.beliefs, step.rounds
    gone = sum(len(encode(Withdraw(*names, *kind))) for kind in step.withdraws)
    return gone + len(encode(Reconcile(*names, step.strategy, step.finding)))

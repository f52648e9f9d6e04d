"""What a state has beyond an earlier one of the same node, as the facts that folding tells.

A snapshot brings a state without the blocks that made it, so nothing was folded and nothing told;
but machines take up rounds, callers are answered and links are made by what is told.

Deliberately not here: what is of the past only, as refusals, proposals that opened nothing, and
what was said of pairs of beliefs.
"""

from typing import NamedTuple

from credimus.crdt import Dot
from credimus.kernel.ids import BeliefId, RoundId
from credimus.state.beliefs import Beliefs, Link
from credimus.state.events import (
    BeliefAsserted,
    BeliefChanged,
    DoubleVote,
    RoundOpened,
    StateEvent,
)
from credimus.state.fleet import FleetState
from credimus.state.membership.members import Members
from credimus.state.membership.roster import told_between
from credimus.state.voting.climbing import climbed
from credimus.state.voting.rounds import Rounds
from credimus.state.voting.verdict import Verdict


class Outline(NamedTuple):
    """As much of a state as is needed to say later what is new."""

    members: Members
    claims: dict[BeliefId, tuple[list[Dot], list[Link]]]
    verdicts: dict[RoundId, Verdict]


def outline(state: FleetState) -> Outline:
    """What is there now. Cost: by beliefs and rounds."""
    beliefs = state.beliefs
    return Outline(
        state.roster.current,
        {one.id: _claims(beliefs, one.id) for one in beliefs},
        {one.id: one.verdict for one in state.rounds},
    )


def told_since(before: Outline, state: FleetState) -> list[StateEvent]:
    """What is new since: members first, then beliefs, then rounds."""
    events = told_between(before.members, state.roster.current)
    events += _of_beliefs(before, state.beliefs)
    events += _of_rounds(before, state.rounds)
    return events


def _of_beliefs(before: Outline, beliefs: Beliefs) -> list[StateEvent]:
    events: list[StateEvent] = []
    for belief in beliefs:
        known = before.claims.get(belief.id)
        if known is None:
            _, author, _ = belief.origin
            events.append(BeliefAsserted(belief.id, author, first=True))
        elif known != _claims(beliefs, belief.id):
            events.append(BeliefChanged(belief.id))
    return events


def _of_rounds(before: Outline, rounds: Rounds) -> list[StateEvent]:
    events: list[StateEvent] = []
    for found in rounds:
        verdict = before.verdicts.get(found.id, Verdict.OPEN)
        if found.id not in before.verdicts:
            events.append(RoundOpened(found.id))
            events += [DoubleVote(found.id, voter) for voter in found.culprits()]
        if found.verdict is not verdict:
            events += climbed(found, verdict)
    return events


def _claims(beliefs: Beliefs, belief: BeliefId) -> tuple[list[Dot], list[Link]]:
    links = [link for link in beliefs.links(belief) if link.source == belief]
    return beliefs.claims.dots(belief), links

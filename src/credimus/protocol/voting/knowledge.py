"""The default evaluator: a node votes by what it knows itself.

In this order: facts given to this node, its own assertions, what contradicts the belief, and last
whether it takes the word of whoever asserted it.
"""

import msgspec

from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BeliefId, NodeId
from credimus.protocol.voting.interface import Ballot, Question
from credimus.state.fleet import FleetState
from credimus.state.identity import normalised
from credimus.state.operations import Choice
from credimus.state.verdict import Verdict

HALF = MILLION // 2


class Known(msgspec.Struct, frozen=True, gc=False):
    """A statement whose truth this node knows by itself, from its sensors or its files."""

    holds: bool
    confidence: int = MILLION
    reason: str = "known here"


class LocalKnowledge:
    """Answers from facts, own assertions and contradictions."""

    def __init__(
        self, state: FleetState, unknown: Choice, facts: dict[str, Known] | None = None
    ) -> None:
        self._state = state
        self._unknown = unknown
        self._facts = {normalised(content): fact for content, fact in (facts or {}).items()}

    def evaluate(self, question: Question) -> Ballot | None:
        """An answer, always at once."""
        if self._facts:
            fact = self._facts.get(normalised(question.content))
            if fact is not None:
                choice = Choice.ACCEPT if fact.holds else Choice.REJECT
                return Ballot(choice, fact.confidence, fact.reason)
        if question.own is not None:
            return _own_ballot(question.own)
        belief = BeliefId(question.belief)
        beliefs = self._state.beliefs
        own, said = beliefs.stances(belief, question.elector)
        if own is not None:
            return _own_ballot(own.confidence)
        for other in beliefs.contradictions(belief):
            against = self._held(other, question.elector)
            if against:
                return Ballot(Choice.REJECT, against, f"contradicts {other.hex()[:12]}")
        if self._unknown is not Choice.ACCEPT:
            return Ballot(self._unknown, 0, "unknown here")
        if said >= HALF:
            return Ballot(Choice.ACCEPT, said)
        return Ballot(Choice.ABSTAIN, 0, "asserted with little confidence")

    def _held(self, belief: BeliefId, elector: NodeId) -> int:
        """The confidence with which this node holds a belief true; 0 when it does not."""
        known = self._state.beliefs.get(belief)
        fact = self._facts.get(normalised(known.content)) if known else None
        if fact is not None:
            return fact.confidence if fact.holds else 0
        own = self._state.beliefs.stance(belief, elector)
        if own is not None:
            return own.confidence if own.confidence >= HALF else 0
        return MILLION if self._state.rounds.verdict(belief) is Verdict.ACCEPTED else 0


def _own_ballot(confidence: int) -> Ballot:
    if confidence >= HALF:
        return Ballot(Choice.ACCEPT, confidence, "asserted by this node")
    return Ballot(Choice.REJECT, MILLION - confidence, "doubted by this node")


class AnswerSheet:
    """Answers that are given beforehand, by elector and belief; for replays and exercises."""

    def __init__(self, answers: dict[tuple[NodeId, bytes], Ballot]) -> None:
        self._answers = answers

    def evaluate(self, question: Question) -> Ballot | None:
        """The given answer, or None."""
        return self._answers.get((question.elector, question.belief))


class Manual:
    """Never answers: only commands vote."""

    def evaluate(self, question: Question) -> Ballot | None:  # noqa: ARG002
        """None, always."""
        return None

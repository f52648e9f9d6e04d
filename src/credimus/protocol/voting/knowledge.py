"""The default evaluator: a node votes by what it knows itself.

In this order: facts given to this node, its own assertions, what contradicts the belief, what its
own relations say of it (bearing.py), and last whether it takes the word of whoever asserted it.

Deliberately not here: weighing evidence. Its text proves nothing to a program, and counting it
would let a liar buy votes with ten lines; a callback or a webhook can judge it.
"""

from collections.abc import Sequence

import msgspec

from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BeliefId, NodeId
from credimus.protocol.voting.bearing import inferred
from credimus.protocol.voting.interface import Ballot, Question
from credimus.state.beliefs import Link, link_key
from credimus.state.fleet import FleetState
from credimus.state.identity import normalised
from credimus.state.operations import Choice
from credimus.state.voting.verdict import Verdict

HALF = MILLION // 2


class Known(msgspec.Struct, frozen=True, gc=False):
    """A statement whose truth this node knows by itself, from its sensors or its files."""

    holds: bool
    confidence: int = MILLION
    reason: str = "known here"


class LocalKnowledge:
    """Answers from facts, own assertions and relations.

    Args:
        unknown: the answer on what this node knows nothing of; None for none.
    """

    def __init__(
        self, state: FleetState, unknown: Choice | None, facts: dict[str, Known] | None = None
    ) -> None:
        self._state = state
        self._unknown = unknown
        self._facts = {normalised(content): fact for content, fact in (facts or {}).items()}

    def evaluate(self, question: Question) -> Ballot | None:
        """An answer; None only where `unknown` is."""
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
        links = beliefs.links(belief)
        if links:
            ballot = self._by_relations(belief, question.elector, links)
            if ballot is not None:
                return ballot
        if self._unknown is not Choice.ACCEPT:
            return None if self._unknown is None else Ballot(self._unknown, 0, "unknown here")
        if said >= HALF:
            return Ballot(Choice.ACCEPT, said)
        return Ballot(Choice.ABSTAIN, 0, "asserted with little confidence")

    def _by_relations(
        self, belief: BeliefId, elector: NodeId, links: Sequence[Link]
    ) -> Ballot | None:
        """What related beliefs make of this one.

        A contradiction counts whoever states it: it can only make this node careful. Any other
        relation counts when the elector states it: else a liar could lead it to what it likes.
        """
        for other in self._state.beliefs.contradictions(belief):
            against = self._standing(other, elector)
            if against > 0:
                return Ballot(Choice.REJECT, against, f"contradicts {other.hex()[:12]}")
        stated_by = self._state.beliefs.links_by
        own = [one for one in links if stated_by(elector, link_key(*one.ends))]
        return inferred(belief, own, lambda other: self._standing(other, elector))

    def _standing(self, belief: BeliefId, elector: NodeId) -> int:
        """How sure this node is of a belief, in millionths: below 0 that it is false."""
        known = self._state.beliefs.get(belief)
        fact = self._facts.get(normalised(known.content)) if known else None
        if fact is not None:
            return fact.confidence if fact.holds else -fact.confidence
        own = self._state.beliefs.stance(belief, elector)
        if own is not None:
            return own.confidence if own.confidence >= HALF else own.confidence - MILLION
        verdict = self._state.rounds.verdict(belief)
        if verdict is Verdict.ACCEPTED:
            return MILLION
        return -MILLION if verdict is Verdict.REJECTED else 0


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

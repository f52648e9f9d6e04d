"""How members behave and how often they are right, as the API's"""

from math import sqrt

from credimus.api.shapes.standing import ConductItem, SkillItem
from credimus.kernel.fixed import MILLION, ratio
from credimus.kernel.ids import NodeId
from credimus.kernel.odds import BILLION
from credimus.state.fleet import FleetState
from credimus.state.opinion.skill import ACCURACY_BEFORE, ANSWERS_BEFORE

_QUANTILE = 1.96
"""Of the normal distribution: 95 % lie within."""


class Standings:
    """The standing of all members, worked out once for all of them."""

    def __init__(self, state: FleetState) -> None:
        self._skills = state.standing.skills(state.standing.lens(""))
        self._conduct = state.standing.conduct()
        self._weights = state.standing.weights()
        self._law = state.roster.current.law

    def conduct(self, member: NodeId) -> ConductItem:
        """How a member behaves."""
        acts = self._conduct.of(member)
        return ConductItem(
            reputation=ratio(acts.conduct),
            weight=ratio(self._weights.get(member, 0)),
            correct=acts.correct,
            incorrect=acts.incorrect,
            timely=acts.timely,
            timeouts=acts.timeout,
            byzantine=acts.byzantine,
            votes=acts.votes,
        )

    def skill(self, member: NodeId) -> SkillItem:
        """How often a member is right."""
        skill, rated = self._skills.of(member), self._skills.rated.get(member)
        answered = 0 if rated is None else rated.answered
        right = 0.0 if rated is None else rated.right / BILLION
        count = answered + ANSWERS_BEFORE
        accuracy = (right + ANSWERS_BEFORE * ACCURACY_BEFORE / MILLION) / count
        low, high = interval(accuracy, count)
        group = self._skills.echoes.get(member)
        return SkillItem(
            sensitivity=ratio(skill.sensitivity),
            specificity=ratio(skill.specificity),
            accuracy=round(accuracy, 6),
            accuracy_low=low,
            accuracy_high=high,
            answers=answered,
            echoes=[
                other.hex()
                for other, number in self._skills.echoes.items()
                if number == group and self._is_another(other, member)
            ],
        )

    def _is_another(self, other: NodeId, member: NodeId) -> bool:
        """Whether an id is the newest one of somebody else."""
        law = self._law
        return law.person(other) != law.person(member) and law.successor(other) is None


def interval(share: float, count: float) -> tuple[float, float]:
    """Between which two a share lies that was seen in so many cases, with 95 % confidence.

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    square = _QUANTILE**2
    centre = share + square / (2 * count)
    width = _QUANTILE * sqrt(share * (1 - share) / count + square / (4 * count**2))
    low, high = ((centre + side * width) / (1 + square / count) for side in (-1, 1))
    return round(max(0.0, low), 6), round(min(1.0, high), 6)

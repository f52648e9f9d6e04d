"""What the API gives of how members behave and how often they are right."""

import msgspec


class SkillItem(msgspec.Struct, frozen=True, kw_only=True):
    """How often a member is right, as far as the answers of all show it."""

    sensitivity: float
    """The share of true beliefs that it accepts."""
    specificity: float
    """The share of false beliefs that it rejects."""
    accuracy: float
    """How often it is right."""
    accuracy_low: float
    accuracy_high: float
    """Between these with 95 % confidence, if its answers are right independently of each other."""
    answers: int
    """That this rests on."""
    echoes: list[str]
    """Members that answer like it, against all others: together they are one witness."""


class ConductItem(msgspec.Struct, frozen=True, kw_only=True):
    """How a member behaves in rounds."""

    reputation: float
    weight: float
    """Its voting weight in rounds by reputation: by age, with a boost for taking part."""
    correct: int
    incorrect: int
    timely: int
    timeouts: int
    byzantine: int
    """Rounds in which it gave two answers, or closed twice."""
    votes: int

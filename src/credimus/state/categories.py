"""The five categories of a belief and the rules that choose one for a caller who gives none.

The choice is made by the asserting node and travels in the operation: another node may run another
categorizer without any loss of agreement.
"""

from collections.abc import Sequence
from typing import Protocol

GENERAL = "general"
CATEGORIES = ("observation", "prediction", "recommendation", "causal", GENERAL)


class Categorizer(Protocol):
    """Chooses a category for a statement."""

    def category(self, content: str) -> str:
        """One category name: lower-case letters, digits, dots, dashes, underscores."""
        ...


class KeywordCategorizer:
    """The first rule one of whose words the statement contains; else `general`.

    Source: the requirement's section 1.3. Departs: whole words, so that "willow" predicts nothing.
    """

    RULES: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("observation", ("pattern", "observed")),
        (
            "prediction",
            ("predict", "predicts", "predicted", "will", "expect", "expects", "expected"),
        ),
        ("recommendation", ("should", "must", "recommend", "recommends", "recommended")),
        ("causal", ("cause", "causes", "caused", "because", "due to")),
    )

    def __init__(self, rules: Sequence[tuple[str, Sequence[str]]] = RULES) -> None:
        self._rules = [(name, tuple(f" {word} " for word in words)) for name, words in rules]

    def category(self, content: str) -> str:
        """The category by keywords."""
        letters = "".join(letter if letter.isalnum() else " " for letter in content.lower())
        text = f" {' '.join(letters.split())} "
        for name, words in self._rules:
            if any(word in text for word in words):
                return name
        return GENERAL

"""An evaluator that goes by rules: the first whose conditions all hold says what is answered.

Deliberately not here: reading rules from a file (runtime/evaluating/rules_file.py).
"""

import re
import unicodedata
from collections.abc import Sequence

import msgspec

from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BeliefId, NodeId
from credimus.protocol.voting.interface import Answer, Left, Question
from credimus.state.fleet import FleetState

_WORD = re.compile(r"\w+")


class Rule(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Conditions, and the answer where all of them hold; one that is not given always holds."""

    answer: Answer
    categories: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    """Names of members, or their ids in hex: one of them asserts the belief."""
    confidence_min: int = 0
    """Millionths. Sources and both bounds of confidence speak of one and the same assertion."""
    confidence_max: int = MILLION
    keywords: tuple[str, ...] = ()
    """As `words_of` gives them; one of them is among the words of the content."""

    @property
    def asks_who_asserts(self) -> bool:
        """Whether a condition speaks of assertions."""
        return bool(self.sources) or self.confidence_min > 0 or self.confidence_max < MILLION


class Rulebook:
    """Rules in their order; where none matches the next evaluator is asked."""

    def __init__(self, state: FleetState, rules: Sequence[Rule]) -> None:
        self._state = state
        self._rules = tuple(rules)
        self._reads_words = any(rule.keywords for rule in self._rules)

    def consider(self, question: Question) -> Answer:
        """The answer of the first rule that matches.

        Cost: looks at every assertion of the belief, where a rule speaks of them.
        """
        words = words_of(question.content) if self._reads_words else ""
        asserted: list[tuple[NodeId, int]] | None = None
        for rule in self._rules:
            if rule.categories and question.category not in rule.categories:
                continue
            if rule.keywords and not any(keyword in words for keyword in rule.keywords):
                continue
            if rule.asks_who_asserts:
                if asserted is None:
                    asserted = self._asserted(question)
                if not any(self._is_meant(rule, *one) for one in asserted):
                    continue
            return rule.answer
        return Left.NEXT

    def _asserted(self, question: Question) -> list[tuple[NodeId, int]]:
        """Who asserts the belief with which confidence; what the same block says included."""
        said = self._state.beliefs.assertions(BeliefId(question.belief))
        found = [(author, assertion.confidence) for author, _, assertion in said]
        if question.own is not None:
            found.append((question.elector, question.own))
        return found

    def _is_meant(self, rule: Rule, author: NodeId, confidence: int) -> bool:
        if not rule.confidence_min <= confidence <= rule.confidence_max:
            return False
        if not rule.sources or author.hex() in rule.sources:
            return True
        member = self._state.roster.current.by_id.get(author)
        return member is not None and member.name in rule.sources


def words_of(text: str) -> str:
    """The words of a text in one case, each between spaces, so that `in` finds whole words only."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return f" {' '.join(_WORD.findall(folded))} "

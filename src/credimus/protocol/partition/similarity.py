"""Whether two statements contradict each other, by their words; another engine can take its place.

Two statements of one category that differ in nothing but a negation contradict each other; one that
has all words of another and more says all that the other says. All else is taken to be compatible:
words alone do not show more.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from credimus.kernel.ids import BeliefId
from credimus.state.beliefs import Belief
from credimus.state.operations import Finding

_NEGATIONS = frozenset({"not", "no", "never", "without", "cannot"})
_CONTRACTED = "n't"
_SHORTENED = {"ca": "can", "wo": "will", "sha": "shall"}
_FILLERS = frozenset({"a", "an", "the", "does", "do", "did"})
_SUBSUMED_WORDS_MIN = 3
"""Words below which one statement is not looked for inside others. [guess: too many would be]"""


class Similarity(Protocol):
    """How statements bear on each other."""

    def compare(self, one: Belief, other: Belief) -> Finding:
        """What two beliefs are to each other."""
        ...

    def pairs(self, beliefs: Sequence[Belief]) -> Iterable[tuple[BeliefId, BeliefId, Finding]]:
        """The pairs among some that are not merely compatible."""
        ...


class LexicalSimilarity:
    """The default: by words alone."""

    def compare(self, one: Belief, other: Belief) -> Finding:
        """What two beliefs are to each other, by their words."""
        return _compared(_read(one), _read(other))

    def pairs(self, beliefs: Sequence[Belief]) -> Iterable[tuple[BeliefId, BeliefId, Finding]]:
        """Every pair that contradicts or subsumes. Cost: the square of the beliefs."""
        read = [(one.id, _read(one)) for one in beliefs]
        for place, (one, mine) in enumerate(read):
            for other, theirs in read[place + 1 :]:
                finding = _compared(mine, theirs)
                if finding is not Finding.COMPATIBLE:
                    yield one, other, finding


class _Read(NamedTuple):
    category: str
    words: frozenset[str]
    """Those that carry meaning."""
    negated: bool
    """Whether an odd number of times."""


def _compared(one: _Read, other: _Read) -> Finding:
    if one.category != other.category:
        return Finding.COMPATIBLE
    mine, theirs = one.words, other.words
    if one.negated is not other.negated:
        return Finding.CONTRADICTORY if mine == theirs else Finding.COMPATIBLE
    if mine < theirs and len(mine) >= _SUBSUMED_WORDS_MIN:
        return Finding.SECOND_SUBSUMES
    if theirs < mine and len(theirs) >= _SUBSUMED_WORDS_MIN:
        return Finding.FIRST_SUBSUMES
    return Finding.COMPATIBLE


def _read(belief: Belief) -> _Read:
    content = belief.content.lower().replace("\u2019", "'")
    kept, negations = set(), 0
    for written in content.split():
        word = written.strip('.,;:!?()"')
        if word.endswith(_CONTRACTED):
            stem = word.removesuffix(_CONTRACTED)
            word = _SHORTENED.get(stem, stem)
            negations += 1
        elif word in _NEGATIONS:
            negations += 1
            word = "can" if word == "cannot" else ""
        if word and word not in _FILLERS:
            kept.add(word)
    return _Read(belief.category, frozenset(kept), negations % 2 == 1)

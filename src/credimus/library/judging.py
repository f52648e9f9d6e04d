"""How a node votes, as people write it: a function from a question to an answer."""

import logging
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from credimus.api.shapes import ChoiceName
from credimus.kernel import limits
from credimus.kernel.fixed import millionths
from credimus.protocol.voting import interface
from credimus.state.operations import Choice

_log = logging.getLogger(__name__)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a node is asked: is this so?

    Example:
        >>> credimus.Question(belief="9f3c" * 8, content="it rains", category="general").content
        'it rains'
    """

    belief: str
    """Its id, in hex."""
    content: str
    category: str


class Ballot(msgspec.Struct, frozen=True):
    """An answer with its confidence and reason.

    Example:
        >>> credimus.Ballot("reject", 0.8, "the camera shows it shut").choice
        'reject'
    """

    choice: ChoiceName
    confidence: float = 1.0
    """0 to 1."""
    reason: str = ""
    """At most 512 bytes; signed with the vote."""


Judge: TypeAlias = Callable[[Question], Ballot | ChoiceName | None]
"""Answers at once, from what it knows. None leaves the vote to a later `vote`, for those who have
to look first."""


class Judging:
    """A judge as the voting machine asks it.

    A judge that raises, or answers what is no answer, answers nothing: the failure is logged, and
    the node goes on.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def evaluate(self, question: interface.Question) -> interface.Ballot | None:
        """The judge's answer."""
        asked = Question(
            belief=question.belief.hex(), content=question.content, category=question.category
        )
        try:
            return _ballot(self._judge(asked))
        except Exception:  # noqa: BLE001 - a caller's code: ours must not stop for it
            _log.exception("the judge failed on belief %s; no vote is cast", asked.belief)
            return None


def _ballot(answer: Ballot | ChoiceName | None) -> interface.Ballot | None:
    if answer is None:
        return None
    given = Ballot(answer) if isinstance(answer, str) else answer
    if len(given.reason.encode()) > limits.REASON_BYTES_MAX:
        raise ValueError(f"a reason has at most {limits.REASON_BYTES_MAX} bytes")
    confidence = millionths(given.confidence, "confidence")
    return interface.Ballot(Choice[given.choice.upper()], confidence, given.reason)

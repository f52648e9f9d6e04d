"""What became of the questions that slow evaluators were asked."""

import logging
from collections import Counter
from dataclasses import dataclass, field

from credimus.kernel.errors import Unavailable
from credimus.protocol.voting.interface import Answer, Left

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counts:
    """Of one evaluator, since the node started. Logs when it begins to fail and when it is well."""

    name: str
    asked_count: int = 0
    answered_count: int = 0
    """Ballots."""
    left_count: int = 0
    """Answers without a ballot: passed on or left open."""
    failures: Counter[str] = field(default_factory=Counter)
    """By code; `evaluator-timeout` and others."""
    is_failing: bool = False
    """Whether the last question failed."""

    def succeeded(self, answer: Answer) -> None:
        """It gave an answer that can be used."""
        if isinstance(answer, Left):
            self.left_count += 1
        else:
            self.answered_count += 1
        if self.is_failing:
            self.is_failing = False
            _log.warning("evaluator %s answers again", self.name)

    def failed(self, failure: Unavailable) -> None:
        """It gave none, or one that can not be used."""
        self.failures[failure.code] += 1
        level = logging.DEBUG if self.is_failing else logging.WARNING
        self.is_failing = True
        _log.log(
            level,
            "evaluator %s: %s: %s",
            self.name,
            failure.code,
            failure.message,
            exc_info=failure.__cause__,
        )

"""What became of the questions that slow evaluators were asked."""

import logging
from collections import Counter
from dataclasses import dataclass, field

from credimus.kernel.breaker import Breaker, BreakerConfig
from credimus.kernel.errors import Unavailable
from credimus.kernel.instant import SECOND, Instant
from credimus.protocol.voting.interface import Answer, Left

_log = logging.getLogger(__name__)

BREAKER = BreakerConfig(
    failures=5, window_ns=30 * SECOND, pause_ns=SECOND, pause_ns_max=60 * SECOND
)
"""After five failures within 30 s an evaluator is not asked for 1 s, then once; should that fail
too, for twice as long, up to a minute. One good answer ends it. [guess]"""


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
    spared_count: int = 0
    """Questions that it was not asked, because it had failed too often."""
    breaker: Breaker = field(default_factory=lambda: Breaker(BREAKER))

    def succeeded(self, answer: Answer, now: Instant) -> None:
        """It gave an answer that can be used."""
        if isinstance(answer, Left):
            self.left_count += 1
        else:
            self.answered_count += 1
        self.breaker.succeeded(now)
        if self.is_failing:
            self.is_failing = False
            _log.warning("evaluator %s answers again", self.name)

    def failed(self, failure: Unavailable, now: Instant) -> None:
        """It gave none, or one that can not be used."""
        self.failures[failure.code] += 1
        if self.breaker.failed(now):
            pause_s = self.breaker.left_ns(now) / SECOND
            _log.warning("evaluator %s failed too often: not asked for %g s", self.name, pause_s)
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

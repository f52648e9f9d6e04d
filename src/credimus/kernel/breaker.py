"""A circuit breaker: who fails too often is left alone for a while, then tried again.

    closed     all is let through; too many failures within a window open it
    open       nothing is let through until the pause is over
    half-open  a few are let through: a failure opens it again, for twice as long; enough
               successes close it

Source: Nygard, "Release It!" (2007), chapter 5. Departs: pauses grow, and shrink to the first again
after a long calm (parole).
"""

from enum import StrEnum

import msgspec

from credimus.kernel.instant import Instant


class State(StrEnum):
    """Whether it lets through."""

    CLOSED = "closed"
    HALF_OPEN = "half-open"
    OPEN = "open"


class BreakerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """When a breaker opens and closes."""

    failures: int
    """Failures within the window that open it, 1 and up."""
    window_ns: int
    """In ns."""
    pause_ns: int
    """The first pause, in ns; each that follows soon is twice as long."""
    pause_ns_max: int
    """The longest pause, in ns; after as long a calm the next one is the first again."""
    probes: int = 1
    """What is let through at once while it is half open."""
    successes: int = 1
    """Successes in a row that close it again."""


class Breaker:
    """One breaker, closed at first."""

    __slots__ = (
        "_config", "_counted_since", "_failures", "_pause_ns", "_probes_left", "_successes",
        "_until", "opened_count", "state",
    )  # fmt: skip

    def __init__(self, config: BreakerConfig) -> None:
        self._config = config
        self.state = State.CLOSED
        self.opened_count = 0
        self._failures = 0
        self._counted_since = Instant(0)
        self._pause_ns = config.pause_ns
        self._until = Instant(0)
        """Open: when the pause ends. Half open: when unanswered probes are given anew. Closed: when
        the next pause is the first again."""
        self._probes_left = 0
        self._successes = 0

    def admits(self, now: Instant) -> bool:
        """Whether one more may pass now; a probe that passes is to be answered with
        `succeeded` or `failed`."""
        if self.state is State.CLOSED:
            return True
        if now >= self._until:
            self.state = State.HALF_OPEN
            self._probes_left = self._config.probes
            self._until = Instant(now + self._config.pause_ns)
        if self.state is State.OPEN or not self._probes_left:
            return False
        self._probes_left -= 1
        return True

    def succeeded(self, now: Instant) -> bool:
        """One that passed went well. Returns whether the breaker closed."""
        if self.state is not State.HALF_OPEN:
            return False
        self._successes += 1
        self._probes_left = min(self._probes_left + 1, self._config.probes)
        if self._successes < self._config.successes:
            return False
        self.state = State.CLOSED
        self._failures = 0
        self._until = Instant(now + self._config.pause_ns_max)
        return True

    def failed(self, now: Instant) -> bool:
        """One failed. Returns whether the breaker opened."""
        config = self._config
        if self.state is State.OPEN:
            return False
        if self.state is State.CLOSED:
            if now - self._counted_since > config.window_ns or not self._failures:
                self._counted_since, self._failures = now, 0
            self._failures += 1
            if self._failures < config.failures:
                return False
            if now >= self._until:
                self._pause_ns = config.pause_ns
        self.state = State.OPEN
        self.opened_count += 1
        self._successes = 0
        self._until = Instant(now + self._pause_ns)
        self._pause_ns = min(2 * self._pause_ns, config.pause_ns_max)
        return True

    def left_ns(self, now: Instant) -> int:
        """How long nothing is let through from now on, in ns."""
        return max(0, self._until - now) if self.state is State.OPEN else 0

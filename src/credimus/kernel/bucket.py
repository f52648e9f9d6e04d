"""A token bucket: so much at once, so much for each second, in exact integers.

Levels are kept in billionths of a token, so that no time is lost to rounding however often a
bucket is asked. Time is given; a bucket owns no clock.
"""

import msgspec

from credimus.kernel.instant import SECOND, Instant


class Rate(msgspec.Struct, frozen=True, gc=False):
    """How much may be taken from a bucket."""

    per_s: int
    """Tokens that flow in for each second, 1 and up."""
    burst: int
    """Tokens that a full bucket holds, 1 and up: what may be taken at once after a rest."""


class Bucket:
    """One bucket, full at first.

    Invariant: from any moment on, at most `burst` and `per_s` for each second since are taken.
    """

    __slots__ = ("_at", "_level", "rate")

    def __init__(self, rate: Rate, now: Instant) -> None:
        self.rate = rate
        self._level = rate.burst * SECOND
        self._at = now

    def take(self, now: Instant, count: int = 1) -> int:
        """0 when that many tokens were taken; else nothing was, and how long to wait, in ns.

        What is more than a full bucket holds is given when it is full, and owed.
        """
        rate = self.rate
        if now > self._at:
            level = self._level + (now - self._at) * rate.per_s
            self._level = min(level, rate.burst * SECOND)
            self._at = now
        lacking = min(count, rate.burst) * SECOND - self._level
        if lacking > 0:
            return -(-lacking // rate.per_s)
        self._level -= count * SECOND
        return 0

    def give_back(self, count: int = 1) -> None:
        """Undo a `take` of which nothing came."""
        self._level = min(self._level + count * SECOND, self.rate.burst * SECOND)

    def is_full(self, now: Instant) -> bool:
        """Whether it would be no loss to forget this bucket and make a new one."""
        return self._level + (now - self._at) * self.rate.per_s >= self.rate.burst * SECOND

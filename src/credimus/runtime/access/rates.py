"""How fast each principal may ask and write at this node: token buckets, in real time.

This protects one node from its own callers. What a member may write in the whole fleet is judged in
its blocks (lace/allowance.py, state/category_limits.py), alike wherever they are read.
"""

import time
from collections.abc import Mapping
from typing import NoReturn

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.bucket import Bucket, Rate
from credimus.kernel.errors import TOO_MANY_REQUESTS, Unavailable, UsageError
from credimus.kernel.instant import MILLISECOND, Instant
from credimus.node.commands import AnyCommand, AssertBelief
from credimus.runtime.access.principals import Principal
from credimus.runtime.settings.keeping import LimitSettings
from credimus.state.categories import Categorizer, KeywordCategorizer

STRANGERS = Rate(100, 400)
"""Requests without a good token: for each second, and at once, of all strangers together. [guess:
probes of a supervisor are a few a minute]"""
_BURST_S = 2
"""Where a rate is given alone, a full bucket holds what flows in within so many seconds."""


class Rates:
    """The buckets of one node's callers."""

    def __init__(self, settings: LimitSettings, categorizer: Categorizer | None = None) -> None:
        self._requests = Rate(settings.requests_per_s, _BURST_S * settings.requests_per_s)
        self._writes = Rate(settings.writes_per_s, _BURST_S * settings.writes_per_s)
        self._categories = category_rates(settings.categories)
        self._categorizer = categorizer or KeywordCategorizer()
        self._buckets: BoundedMap[tuple[str, str], Bucket] = BoundedMap(limits.RATES_MAX)
        self.refused_count = 0
        """Requests and writes that were refused."""

    def check_request(self, principal: Principal | None) -> None:
        """Count a request; None is somebody without a good token.

        Raises:
            Unavailable: `rate-limited`, saying when to ask again.
        """
        now = _now()
        if principal is None:
            wait_ns = self._take("", "strangers", STRANGERS, now)
            if wait_ns:
                self._refuse("requests without a good token", STRANGERS, wait_ns)
            return
        wait_ns = self._take(principal.id, "requests", self._requests, now)
        if wait_ns:
            self._refuse(f"requests of {principal.name}", self._requests, wait_ns)

    def check_write(self, principal: Principal, command: AnyCommand) -> None:
        """Count a write, in all and in its category.

        Raises:
            Unavailable: `rate-limited`, saying when to ask again; nothing was counted.
        """
        now = _now()
        rate = self._writes
        if principal.writes_per_s is not None:
            rate = Rate(principal.writes_per_s, _BURST_S * principal.writes_per_s)
        wait_ns = self._take(principal.id, "writes", rate, now)
        if wait_ns:
            self._refuse(f"writes of {principal.name}", rate, wait_ns)
        if not self._categories or not isinstance(command, AssertBelief):
            return
        category = command.category or self._categorizer.category(command.content)
        most = self._categories.get(category)
        if most is None:
            return
        wait_ns = self._take(principal.id, f"category {category}", most, now)
        if wait_ns:
            self._buckets_of(principal.id, "writes", rate, now).give_back()
            self._refuse(f"beliefs of category {category} by {principal.name}", most, wait_ns)

    def _take(self, principal: str, what: str, rate: Rate, now: Instant) -> int:
        return self._buckets_of(principal, what, rate, now).take(now)

    def _buckets_of(self, principal: str, what: str, rate: Rate, now: Instant) -> Bucket:
        key = principal, what
        bucket = self._buckets.get(key)
        if bucket is None or bucket.rate != rate:
            bucket = Bucket(rate, now)
            self._buckets.put(key, bucket)
        return bucket

    def _refuse(self, what: str, rate: Rate, wait_ns: int) -> NoReturn:
        self.refused_count += 1
        wait_ms = max(1, -(-wait_ns // MILLISECOND))
        refusal = Unavailable(
            "rate-limited",
            f"{what}: this node takes {rate.per_s} a second and {rate.burst} at once. Ask again in "
            f"{wait_ms} ms, or have the limit raised ([limits] in config.toml).",
        ).after(wait_ms)
        refusal.status = TOO_MANY_REQUESTS
        raise refusal


def category_rates(given: tuple[str, ...]) -> Mapping[str, Rate]:
    """The rates of `category=per_s` and `category=per_s/burst`.

    Raises:
        UsageError: `bad-limit`, naming the one that can not be read.
    """
    rates: dict[str, Rate] = {}
    for one in given:
        category, _, numbers = one.partition("=")
        per_s, _, burst = numbers.partition("/")
        burst = burst or str(_BURST_S * int(per_s)) if _is_rate(per_s) else ""
        if not category or not (_is_rate(per_s) and _is_rate(burst)):
            raise UsageError(
                "bad-limit",
                f"[limits] categories: {one[:80]!r} is no limit; give category=per_second or "
                "category=per_second/burst, such as alert=10/50.",
            )
        rates[category.strip()] = Rate(int(per_s), int(burst))
    return rates


def _is_rate(number: str) -> bool:
    digits = number.isascii() and number.isdecimal() and len(number) < 10
    return digits and int(number) > 0


def _now() -> Instant:
    return Instant(time.monotonic_ns())

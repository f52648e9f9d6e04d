"""What a fleet is to limit by category, in words, as the operation that says so for ever."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import msgspec

from credimus.kernel import limits
from credimus.kernel.errors import UsageError
from credimus.state.member_operations import CategoryLimit, Limit

_PER_HOUR = {"second": 3_600, "minute": 60, "hour": 1}
_MINUTES = 60
"""Of an hour: a burst that is not given is what flows in within one."""


def limit_of(words: Sequence[str]) -> Limit | None:
    """The limits of `category=rate/burst`, or of `category=rate/unit/burst` with one of second,
    minute and hour; None where there are none.

    A rate without a unit is for a second and may be a fraction; without a burst it is what flows in
    within a minute, 1 at least.

    Raises:
        UsageError: `bad-limit`, naming the one that can not be read.
    """
    found = sorted((_read(one) for one in words), key=lambda one: one.category)
    if not found:
        return None
    try:
        return msgspec.convert(msgspec.to_builtins(Limit(tuple(found))), Limit)
    except (ValueError, msgspec.ValidationError):
        raise UsageError(
            "bad-limit",
            f"a category is limited once, and at most {limits.LIMITED_CATEGORIES_MAX} are; "
            f"categories are a-z first, then also digits, '.', '_' and '-'. Given: "
            f"{', '.join(words)[:200]}.",
        ) from None


def _read(word: str) -> CategoryLimit:
    category, _, numbers = word.partition("=")
    parts = [part.strip() for part in numbers.split("/")]
    unit = parts.pop(1) if len(parts) > 1 and parts[1] in _PER_HOUR else "second"
    try:
        per_hour = Decimal(parts[0]) * _PER_HOUR[unit]
        most = int(parts[1]) if len(parts) == 2 else max(1, int(per_hour) // _MINUTES)
    except (InvalidOperation, ValueError, OverflowError):
        raise _bad(word) from None
    if (
        len(parts) > 2
        or not per_hour.is_finite()
        or per_hour != int(per_hour)
        or not 1 <= per_hour <= limits.CATEGORY_PER_HOUR_MAX
        or not 1 <= most <= limits.CATEGORY_BURST_MAX
    ):
        raise _bad(word)
    return CategoryLimit(category.strip(), int(per_hour), most)


def _bad(word: str) -> UsageError:
    return UsageError(
        "bad-limit",
        f"{word[:80]!r} is no limit; give category=rate/burst, such as alert=10/50 (a second, at "
        "once) or alert=60/hour/5. A rate is a whole number of beliefs an hour, 1 to "
        f"{limits.CATEGORY_PER_HOUR_MAX}, a burst 1 to {limits.CATEGORY_BURST_MAX}.",
    )

"""Callers' rates: counted for each token and category, refused honestly."""

import pytest

from credimus.kernel.errors import Unavailable, UsageError
from credimus.kernel.fixed import MILLION
from credimus.node.commands import AssertBelief, RetractBelief
from credimus.runtime.access.principals import OWNER, Principal
from credimus.runtime.access.rates import STRANGERS, Rates, category_rates
from credimus.runtime.settings.keeping import LimitSettings

CLERK = Principal(id="c1", name="clerk", scopes=frozenset({"assert"}))
SLOW = Principal(id="s1", name="slow", scopes=frozenset({"assert"}), writes_per_s=1)
SAID = AssertBelief(content="the door is open", category="observation", confidence=MILLION)
ALARM = AssertBelief(content="smoke", category="alert")


def refusal_of(rates: Rates, principal: Principal, command: object) -> Unavailable | None:
    try:
        rates.check_write(principal, command)  # type: ignore[arg-type]
    except Unavailable as refusal:
        return refusal
    return None


def writes(rates: Rates, principal: Principal, command: object, most: int) -> int:
    """How many such writes are taken until one is refused."""
    for count in range(most):
        if refusal_of(rates, principal, command) is not None:
            return count
    return most


def test_a_refusal_says_when_to_ask_again_and_that_nothing_happened() -> None:
    rates = Rates(LimitSettings(writes_per_s=1))
    writes(rates, CLERK, SAID, 2)
    refusal = refusal_of(rates, CLERK, SAID)
    assert refusal is not None
    assert (refusal.code, refusal.status) == ("rate-limited", 429)
    assert refusal.retry
    assert refusal.definite
    assert refusal.retry_after_ms is not None
    assert 0 < refusal.retry_after_ms <= 1_000


def test_each_token_has_its_own_buckets() -> None:
    rates = Rates(LimitSettings(writes_per_s=5))
    assert writes(rates, CLERK, SAID, 100) == 10
    assert writes(rates, OWNER, SAID, 100) == 10
    assert rates.refused_count == 2


def test_a_token_may_have_a_rate_of_its_own() -> None:
    rates = Rates(LimitSettings(writes_per_s=50))
    assert writes(rates, SLOW, SAID, 100) == 2
    assert writes(rates, CLERK, SAID, 90) == 90


def test_a_category_has_its_own_limit_and_takes_nothing_from_others() -> None:
    rates = Rates(LimitSettings(writes_per_s=50, categories=("alert=1/3",)))
    assert writes(rates, CLERK, ALARM, 100) == 3
    assert writes(rates, CLERK, SAID, 90) == 90, "what was refused was not counted as a write"
    assert writes(rates, OWNER, ALARM, 100) == 3
    assert writes(rates, CLERK, RetractBelief(belief=bytes(16)), 5) == 5  # type: ignore[arg-type]


def test_a_category_that_is_left_to_the_node_counts_too() -> None:
    category = "observation"
    rates = Rates(LimitSettings(categories=(f"{category}=1/1", "general=1/1")))
    unnamed = AssertBelief(content="I observed that the lamp is lit")
    assert writes(rates, CLERK, unnamed, 10) == 1


def test_requests_and_strangers() -> None:
    rates = Rates(LimitSettings(requests_per_s=2))
    for _ in range(4):
        rates.check_request(CLERK)
    with pytest.raises(Unavailable, match="requests of clerk"):
        rates.check_request(CLERK)
    for _ in range(STRANGERS.burst):
        rates.check_request(None)
    with pytest.raises(Unavailable, match="without a good token"):
        rates.check_request(None)


def test_limits_of_categories_are_read_or_refused() -> None:
    assert category_rates(("a=1", "b=2/7"))["a"].burst == 2
    assert category_rates(("a=1", "b=2/7"))["b"].burst == 7
    for wrong in ("a", "=1", "a=0", "a=-1", "a=1/0", "a=1/x", "a=1/2/3", "a=99999999999"):
        with pytest.raises(UsageError, match="is no limit") as caught:
            category_rates((wrong,))
        assert caught.value.code == "bad-limit"

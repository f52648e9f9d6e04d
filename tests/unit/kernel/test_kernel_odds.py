"""Logarithms and probabilities in whole numbers, against decimals of forty places."""

from decimal import Context, Decimal

from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel.fixed import MILLION
from credimus.kernel.odds import BILLION, log_odds, log_of, probability

EXACT = Context(prec=40)


@given(st.integers(1, MILLION) | st.integers(1, 1 << 90))
def test_a_logarithm_is_exact_to_the_nearest_micro_nat(number: int) -> None:
    assert log_of(number) == round(Decimal(number).ln(EXACT) * MILLION)


@given(st.integers(-30 * MILLION, 30 * MILLION) | st.integers(-(1 << 70), 1 << 70))
def test_a_probability_is_within_a_billionth_and_never_certain(odds: int) -> None:
    given_odds = Decimal(max(-10_000 * MILLION, min(odds, 10_000 * MILLION))) / MILLION
    exact = BILLION / (1 + (-given_odds).exp(EXACT))
    assert abs(probability(odds) - exact) <= 1
    assert 1 <= probability(odds) <= BILLION - 1
    assert probability(odds) + probability(-odds) == BILLION


@given(st.integers(1, MILLION - 1))
def test_odds_and_probability_undo_each_other(share: int) -> None:
    assert abs(probability(log_odds(share)) - share * (BILLION // MILLION)) <= 500
    assert log_odds(MILLION - share) == -log_odds(share)

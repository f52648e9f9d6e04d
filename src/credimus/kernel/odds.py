"""Odds in whole numbers: logarithms in micro-nats, probabilities in billionths, alike everywhere.

    log_of(x)         1,000,000 ln x, to the nearest whole number
    log_odds(x)       1,000,000 ln(x / (1,000,000 - x))
    probability(l)    1,000,000,000 / (1 + exp(-l / 1,000,000)), within one billionth

Precision: `log_of` is exact to the nearest micro-nat for every x from 1 to a million, since none of
these lies within 2**-22 of a half. `probability` may be off by one billionth.
"""

from functools import cache, lru_cache

from credimus.kernel.fixed import MILLION

BILLION = 1_000_000_000
_BITS = 96
"""Binary places of what is computed in between."""
_ONE = 1 << _BITS
_SCALE = 10**12
_MICRONATS_MAX = 21_500_000
"""Beyond it a probability is within a billionth of 0 or 1."""
_NEAR_BITS = 7


def _log_series(numerator: int, denominator: int) -> int:
    """ln of a ratio between 1 and 2, in units of 2**-96: twice the series of artanh."""
    z = (numerator - denominator) * _ONE // (numerator + denominator)
    square = z * z >> _BITS
    power, total, odd = z, 0, 1
    while power:
        total += power // odd
        power = power * square >> _BITS
        odd += 2
    return 2 * total


_LOG_TWO = _log_series(2, 1)


@lru_cache(maxsize=1 << _NEAR_BITS)
def _log_of_few_bits(x: int) -> int:
    """ln x in units of 2**-96."""
    shift = x.bit_length() - 1
    return shift * _LOG_TWO + _log_series(x, 1 << shift)


@lru_cache(maxsize=65_536)
def log_of(x: int) -> int:
    """1,000,000 times the natural logarithm of a whole number from 1 on, to the nearest."""
    shift = max(0, x.bit_length() - _NEAR_BITS)
    near = x >> shift  # a short way off: the series is over soon
    logarithm = _log_of_few_bits(near) + shift * _LOG_TWO + _log_series(x, near << shift)
    return (2 * logarithm * MILLION + _ONE) >> (_BITS + 1)


def log_odds(millionths: int) -> int:
    """The logarithm of the odds of a probability of 1 to 999,999 millionths, in micro-nats."""
    return log_of(millionths) - log_of(MILLION - millionths)


def _powers(base: int, count: int) -> tuple[int, ...]:
    """The first powers of a fraction given in units of 2**-96, in units of 10**-12."""
    power, found = _ONE, []
    for _ in range(count):
        found.append(((power * _SCALE << 1) + _ONE) >> (_BITS + 1))
        power = power * base >> _BITS
    return tuple(found)


def _decay(parts: int) -> int:
    """exp(-1 / parts) in units of 2**-96, by its series."""
    term, total, number = _ONE, 0, 0
    while term:
        total += term
        number += 1
        step = abs(term) // (parts * number)
        term = step if term < 0 else -step
    return total


@cache
def _decays() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """exp(-x) for x in thousandths of a nat, and in millionths. Cost: some 10 ms, once."""
    count = _MICRONATS_MAX // 1_000 + 1
    return _powers(_decay(1_000), count), _powers(_decay(MILLION), 1_000)


def probability(log_odds_micronats: int) -> int:
    """The probability that has these odds, in billionths: 1 to 999,999,999."""
    size = abs(log_odds_micronats)
    if size >= _MICRONATS_MAX:
        larger = BILLION - 1
    else:
        by_thousandth, by_millionth = _decays()
        thousandths, millionths = divmod(size, 1_000)
        whole = _SCALE + by_thousandth[thousandths] * by_millionth[millionths] // _SCALE
        larger = min((_SCALE * BILLION + whole // 2) // whole, BILLION - 1)
    return larger if log_odds_micronats >= 0 else BILLION - larger

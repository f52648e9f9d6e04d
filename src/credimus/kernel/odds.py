"""Odds in whole numbers: logarithms in micro-nats, probabilities in billionths, alike everywhere.

    log_of(x)         1,000,000 ln x, to the nearest whole number
    log_odds(x)       1,000,000 ln(x / (1,000,000 - x))
    probability(l)    1,000,000,000 / (1 + exp(-l / 1,000,000)), within one billionth

Precision: `log_of` is exact to the nearest micro-nat for every x from 1 to a million, since none of
these lies within 2**-22 of a half. `probability` may be off by one billionth.
"""

from functools import lru_cache

from credimus.kernel.fixed import MILLION

BILLION = 1_000_000_000
_BITS = 96
"""Binary places of what is computed in between."""
_ONE = 1 << _BITS
_SCALE = 10**18
_NATS_MAX = 40
"""Beyond it a probability is within a billionth of 0 or 1."""


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


@lru_cache(maxsize=65_536)
def log_of(x: int) -> int:
    """1,000,000 times the natural logarithm of a whole number from 1 on, to the nearest."""
    shift = x.bit_length() - 1
    logarithm = shift * _LOG_TWO + _log_series(x, 1 << shift)
    return (2 * logarithm * MILLION + _ONE) >> (_BITS + 1)


def log_odds(millionths: int) -> int:
    """The logarithm of the odds of a probability of 1 to 999,999 millionths, in micro-nats."""
    return log_of(millionths) - log_of(MILLION - millionths)


def _powers(base: int, count: int) -> tuple[int, ...]:
    """The first powers of a fraction given in units of 2**-96, in units of 10**-18."""
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


_BY_NAT = _powers(_decay(1), _NATS_MAX + 1)
_BY_THOUSANDTH = _powers(_decay(1_000), 1_000)
_BY_MILLIONTH = _powers(_decay(MILLION), 1_000)


def probability(log_odds_micronats: int) -> int:
    """The probability that has these odds, in billionths: 1 to 999,999,999."""
    size = min(abs(log_odds_micronats), _NATS_MAX * MILLION)
    nats, rest = divmod(size, MILLION)
    thousandths, millionths = divmod(rest, 1_000)
    decay = _BY_NAT[nats] * _BY_THOUSANDTH[thousandths] // _SCALE
    decay = decay * _BY_MILLIONTH[millionths] // _SCALE
    larger = min((BILLION * _SCALE + (_SCALE + decay) // 2) // (_SCALE + decay), BILLION - 1)
    return larger if log_odds_micronats >= 0 else BILLION - larger

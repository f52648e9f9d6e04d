"""Ratios and confidences are whole millionths, so that every machine computes alike."""

from credimus.kernel.errors import UsageError

MILLION = 1_000_000


def millionths(value: float, what: str) -> int:
    """A number in [0, 1] as millionths, rounded to the nearest.

    Raises:
        UsageError: `out-of-range`, naming `what`, the value and the range.
    """
    if not 0 <= value <= 1:  # also refuses NaN
        raise UsageError(
            "out-of-range", f"{what} is {value}; give a number from 0 to 1, such as 0.8."
        )
    return round(value * MILLION)


def ratio(value: int) -> float:
    """Millionths as a float, for people and JSON only."""
    return value / MILLION

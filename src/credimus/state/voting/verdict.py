"""The verdict lattice, and the arithmetic of thresholds.

    open < expired < accepted | rejected < contested

Verdicts only climb, because each is the existence of something in a set that only grows.
"""

from enum import IntEnum

from credimus.state.operations import Rules


class Verdict(IntEnum):
    """What a round, or a belief, has come to."""

    OPEN = 0
    EXPIRED = 1
    """Closed by time without a decision: disputed. A certificate may still come."""
    ACCEPTED = 2
    REJECTED = 3
    CONTESTED = 4
    """Certificates for both outcomes exist; somebody voted both ways."""

    @property
    def decided(self) -> bool:
        """Whether a certificate stands behind it."""
        return self >= Verdict.ACCEPTED

    @property
    def word(self) -> str:
        """As people and JSON say it."""
        return self.name.lower()


def join(one: Verdict, other: Verdict) -> Verdict:
    """The least verdict that is at least both."""
    if one is other or other < one:
        low, high = other, one
    else:
        low, high = one, other
    if low is Verdict.ACCEPTED and high is Verdict.REJECTED:
        return Verdict.CONTESTED
    return high


def turnout_verdict(rules: Rules, accept: int, reject: int, total: int) -> Verdict:
    """The outcome of the values that a closing lists: the ratio of votes cast, as in 5.2.

    Args:
        accept, reject: value of the votes for each side.
        total: value of all votes listed, abstentions included.
    """
    if total and accept * rules.denominator >= rules.numerator * total:
        return Verdict.ACCEPTED
    if total and reject * rules.denominator >= rules.numerator * total:
        return Verdict.REJECTED
    return Verdict.EXPIRED

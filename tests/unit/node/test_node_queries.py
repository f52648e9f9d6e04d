"""What can be asked of a node: whether those who are here can decide."""

import pytest

from credimus.state.operations import Aggregation, Rules, Scheme
from credimus.state.voting.electorates import suffices

BYZANTINE = Rules()
MAJORITY = Rules(scheme=Scheme.MAJORITY)
THREE_QUARTERS = Rules(scheme=Scheme.SUPERMAJORITY, numerator=3, denominator=4)
TURNOUT = Rules(scheme=Scheme.TURNOUT, numerator=51, denominator=100)


@pytest.mark.parametrize(
    ("rules", "members", "least"),
    [
        (BYZANTINE, 1, 1),
        (BYZANTINE, 3, 3),
        (BYZANTINE, 4, 3),
        (BYZANTINE, 6, 5),
        (BYZANTINE, 7, 5),
        (MAJORITY, 4, 3),
        (MAJORITY, 5, 3),
        (THREE_QUARTERS, 4, 3),
        (THREE_QUARTERS, 5, 4),
        (TURNOUT, 5, 3),
        (Rules(aggregation=Aggregation.CONFIDENCE), 4, 3),
        (Rules(aggregation=Aggregation.REPUTATION), 4, 3),
    ],
)
def test_so_many_are_needed(rules: Rules, members: int, least: int) -> None:
    assert [suffices(rules, present, members) for present in range(members + 1)] == [
        present >= least for present in range(members + 1)
    ]


def test_nobody_decides_nothing() -> None:
    assert not suffices(BYZANTINE, 0, 0)
    assert not suffices(TURNOUT, 0, 0)

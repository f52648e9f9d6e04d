"""A failing scenario is made smaller, and still fails in the same way."""

import pytest

from credimus.kernel.errors import UsageError
from credimus.sim.network import CALM
from credimus.sim.profiles import scenario_of
from credimus.sim.run import simulate
from credimus.sim.saboteurs.wrongs import a_node_that_votes_twice
from credimus.sim.scenario import read_scenario, write_scenario
from credimus.sim.shrink import shrink

BROKEN = "a_durable_vote_is_never_contradicted"


def test_what_does_not_matter_is_taken_away() -> None:
    big = scenario_of("lopsided", 3, duration_ms=3_000, statements=20)
    tried: list[int] = []
    small, report = shrink(
        big, BROKEN, a_node_that_votes_twice, lambda count, _: tried.append(count), tries_max=60
    )
    assert any(one.checker == BROKEN for one in report.violations)
    assert small.faults == ()
    assert small.weather == CALM
    assert small.nodes + small.joiners <= 2
    assert 1 <= small.statements <= 3
    assert (small.leavers, small.members_per_node) == (0, 1)
    assert tried == list(range(1, len(tried) + 1))
    again = simulate(read_scenario(write_scenario(small)), a_node_that_votes_twice)
    assert again == report


def test_a_fault_that_matters_stays() -> None:
    big = scenario_of("disk", 1, duration_ms=4_000, statements=10)
    small, _ = shrink(big, BROKEN, a_node_that_votes_twice, tries_max=1)
    assert small == big, "no run was left to try anything"


def test_a_scenario_under_which_all_holds_can_not_be_shrunk() -> None:
    calm = scenario_of("calm", 1, duration_ms=500, statements=1)
    with pytest.raises(UsageError, match="holds"):
        shrink(calm, BROKEN)

"""Each checker fails when it must."""

import pytest

from credimus.kernel.errors import InternalError
from credimus.lace.lace import Lace
from credimus.sim import sweep
from credimus.sim.checkers.delivering import DELIVERING
from credimus.sim.checkers.liveness import LIVENESS
from credimus.sim.checkers.table import ALL
from credimus.sim.profiles import scenario_of
from credimus.sim.run import simulate
from credimus.sim.saboteurs.table import SABOTEURS, Saboteur
from credimus.sim.saboteurs.wrongs import a_disk_that_forgets, a_node_that_votes_twice
from credimus.sim.scenario import Scenario, altered

SEEDS = range(1, 25)
SHOWN_BY = {
    "a_recovery_that_says_nothing_again": 39,
    "a_snapshot_that_lacks_a_belief": 7,
    "a_disk_that_is_not_verified": 14,
    "an_overlay_that_loses_neighbours": 5,
    "an_undoing_that_takes_nothing_back": 4,
    "a_disk_that_forgets": 27,
    "a_checkpoint_that_lets_all_go": 6,
    "a_view_of_what_came_first": 6,
    "a_node_that_does_not_wait_for_its_disk": 6,
    "a_door_that_counts_nothing": 9,
    "a_policy_that_permits_everything": 9,
}
"""Wrongs that need luck, and the seed that is tried first, so that the test is short; it need not
be kept up."""


def _scenario(seed: int, profile: str) -> Scenario:
    made = scenario_of(profile, seed, duration_ms=4_000, statements=30)
    return altered(made, liveness_ms=15_000)


def _scenario_for(saboteur: Saboteur, seed: int) -> Scenario:
    duration_ms = 1_000 * saboteur.safety_s
    made = scenario_of(saboteur.profile, seed, saboteur.nodes, duration_ms, saboteur.statements)
    messages = made.messages if saboteur.messages is None else saboteur.messages
    return altered(made, liveness_ms=15_000, messages=messages)


@pytest.mark.parametrize("saboteur", SABOTEURS, ids=lambda one: f"{one.name}-{one.trips.__name__}")
def test_the_checker_sees_the_saboteur(saboteur: Saboteur) -> None:
    """Some wrongs need luck to show, so a few seeds are tried; the first that shows it ends it."""
    for seed in (SHOWN_BY.get(saboteur.name, 1), *SEEDS):
        scenario = _scenario_for(saboteur, seed)
        sought = saboteur.trips.__name__
        report = simulate(scenario, saboteur.sabotage, sought=sought)
        if any(one.checker == sought for one in report.violations):
            return
    pytest.fail(f"{saboteur.trips.__name__} did not notice {saboteur.name}")


@pytest.mark.parametrize("seed", [1, 4])
def test_forks_of_an_old_disk_still_give_one_state(seed: int) -> None:
    """A rolled-back disk makes its node sign two chains; order must not show even then."""
    report = simulate(_scenario(seed, "storm"), a_disk_that_forgets)
    kept = {one.__name__ for one in ALL} - {
        "a_durable_vote_is_never_contradicted",
        "a_decided_belief_stays_decided",
        "nothing_acknowledged_is_lost",
        "a_recovering_node_never_contradicts_itself",
        "an_honest_member_is_never_expelled",  # it did sign two blocks at one place
    }
    assert not [one for one in report.violations if one.checker in kept]


def test_every_checker_has_a_saboteur() -> None:
    assert {one.trips for one in SABOTEURS} == {*ALL, *DELIVERING, *LIVENESS}


def test_a_saboteur_leaves_nothing_behind() -> None:
    scenario = _scenario(1, "calm")
    before = simulate(scenario)
    assert simulate(scenario, a_node_that_votes_twice).violations
    assert simulate(scenario) == before


def test_a_run_ends_at_the_violation_that_is_sought() -> None:
    scenario, wrong = _scenario(1, "calm"), a_node_that_votes_twice
    whole = simulate(scenario, wrong)
    sought = "a_durable_vote_is_never_contradicted"
    short = simulate(scenario, wrong, sought=sought)
    assert short.violations == whole.violations[: len(short.violations)]
    assert any(one.checker == sought for one in short.violations)
    assert short.virtual_s < whole.virtual_s
    assert simulate(scenario, wrong, sought="healed_fleet_converges") == whole


def test_an_exception_of_a_node_is_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise InternalError("broken", "on purpose")

    monkeypatch.setattr(Lace, "tips", broken)
    (violation,) = simulate(_scenario(1, "calm")).violations
    assert violation.checker == "a_step_never_raises"


def test_a_failing_seed_is_told_with_the_line_that_repeats_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        sweep, "simulate", lambda scenario: simulate(scenario, a_node_that_votes_twice)
    )
    lines: list[str] = []
    asked = ["--seeds", "1", "--first", "3", "--profiles", "calm", "--statements", "5"]
    asked += ["--jobs", "1"]
    assert sweep.main(asked, lines.append) == 1
    assert any("a_durable_vote_is_never_contradicted" in line for line in lines)
    assert any("repeat: credimus sim --profile calm --seed 3" in one for one in lines)

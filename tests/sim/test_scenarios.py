"""Scenarios are values: they can be written, read, refused and repeated; the examples hold."""

import re
from pathlib import Path

import pytest

from credimus.kernel.errors import UsageError
from credimus.sim.faults import ClockJump, Crash, Fork, Garbage, Partition
from credimus.sim.network import Weather
from credimus.sim.profiles import PROFILES, repeat_line, scenario_of
from credimus.sim.run import Report, simulate
from credimus.sim.scenario import Scenario, altered, read_scenario, write_scenario

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_scenario_that_was_written_reads_the_same(profile: str) -> None:
    for scenario in (PROFILES[profile], scenario_of(profile, 3, nodes=7, duration_ms=600_000)):
        assert read_scenario(write_scenario(scenario)) == scenario


def test_what_is_usual_is_not_written() -> None:
    scenario = Scenario(
        name="one-cut",
        moody=True,
        weather=Weather(loss_ppm=100_000),
        faults=(Partition(from_ms=2_000, lasts_ms=(500, 500), places=(0, 1)),),
    )
    assert write_scenario(scenario) == (
        'name = "one-cut"\nmoody = true\n\n'
        "[weather]\nloss_ppm = 100_000\n\n"
        '[[faults]]\nkind = "partition"\nlasts_ms = [500, 500]\nfrom_ms = 2_000\nplaces = [0, 1]\n'
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nodes = 0", "nodes: Expected `int` >= 1"),
        ("nodes = 'five'", "nodes: Expected `int`, got `str`"),
        ("nodos = 5", "unknown field `nodos`"),
        ("[weather]\nloss_ppm = 2_000_000", "weather.loss_ppm: Expected `int` <= 1000000"),
        ("[weather]\ndelay_us_min = 9_000", "`weather.delay_us_min` is more than"),
        ("[[faults]]\nkind = 'hurricane'", "faults[0].kind: Invalid value 'hurricane'"),
        ("[[faults]]\nkind = 'pause'\nlasts_ms = [9, 3]", "faults[0]: `lasts_ms` is [9, 3]"),
        ("[[faults]]\nkind = 'pause'\nplaces = [7]", "`faults[0].places` names 7"),
        ("[[faults]]\nkind = 'fork'", "`faults[0]` is fork, and `liars` is 0"),
        (
            "liars = 1\n[[faults]]\nkind = 'fork'\nplaces = [2]",
            "`faults[0].places` names who does not lie",
        ),
        ("liars = 2", "`liars` is 2 of 5; give less than a third"),
        ("skew_accepted_ms = 100", "`skew_ms_max` is 250"),
        ("nodes = ", "Invalid value"),
    ],
)
def test_what_a_scenario_can_not_be_is_refused_and_the_field_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)) as refused:
        read_scenario(text)
    assert refused.value.code == "bad-scenario"


def test_a_changed_scenario_is_judged_anew() -> None:
    with pytest.raises(UsageError, match="nodes: Expected"):
        altered(Scenario(), nodes=0)
    assert altered(Scenario(), faults=(Crash(),)).faults == (Crash(),)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_has_a_story_and_everything_holds(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("# ")
    scenario = read_scenario(text)
    assert scenario.name == path.stem
    report = simulate(scenario)
    assert report.violations == (), report.repeat
    assert report.decided > 0
    assert report.strikes >= len(scenario.faults)


def _example(name: str) -> Report:
    (path,) = [one for one in EXAMPLES if one.stem == name]
    return simulate(read_scenario(path.read_text()))


def test_a_rotten_disk_is_refused_and_replaced() -> None:
    report = _example("rotten-disk")
    happened = {what for one in report.timeline for what in one.happened}
    assert {"bit-flip", "refuse", "replace", "full-disk", "stuck"} <= happened
    assert report.disks_replaced == 1


def test_a_fleet_heals_no_sooner_than_its_clocks() -> None:
    assert _example("wrong-clocks").healed_s > 1


def test_taking_a_fault_out_leaves_the_strikes_of_the_others() -> None:
    crash, jump = Crash(every_ms=300), ClockJump(every_ms=500)
    both = Scenario(statements=0, duration_ms=3_000, faults=(crash, jump))

    def jumps(scenario: Scenario) -> int:
        slices = simulate(scenario).timeline
        return sum(one.happened.get("clock-jump", 0) for one in slices)

    assert jumps(both) == jumps(altered(both, faults=(jump,))) > 0


def test_profiles_grow_with_the_fleet_and_the_time_within_reason() -> None:
    assert scenario_of("byzantine", 1, nodes=50).liars == 16
    assert scenario_of("storm", 1, nodes=3).liars == 0
    assert scenario_of("calm", 1, duration_ms=16_000).statements == 120
    assert scenario_of("calm", 1, nodes=50, duration_ms=600_000).statements == 80


def test_the_line_that_repeats_a_run() -> None:
    profile = scenario_of("partition", 7, nodes=50, duration_ms=600_000)
    assert repeat_line(profile) == (
        "credimus sim --profile partition --seed 7 --nodes 50 --duration 600000ms --statements 80"
    )
    assert repeat_line(altered(profile, joiners=3)) == (
        "credimus sim --scenario partition.toml --seed 7"
    )


def test_every_kind_of_fault_has_a_place_in_the_storm_or_says_so() -> None:
    kinds = {fault.kind for fault in PROFILES["storm"].faults}
    assert kinds >= {Fork().kind, Garbage().kind, Partition().kind}
    every = {fault.kind for profile in PROFILES.values() for fault in profile.faults}
    of_members = {"slander", "false-evidence", "overreach", "expulsion"}  # have their own
    of_deceit = {"false-state", "two-states", "accuse", "impersonate"}
    assert every - kinds == {
        "bridge", "torrent", "clamour", "hail", "close-twice", "rotation", "reunite",
        *of_members, *of_deceit,
    }  # fmt: skip

"""Every profile over a few seeds; and that a run can be repeated, event for event."""

import json
import os
import subprocess
import sys

import pytest

from credimus.kernel.errors import UsageError
from credimus.sim.profiles import PROFILES, profile_named, scenario_of
from credimus.sim.run import simulate
from credimus.sim.sweep import main


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", range(2))
def test_everything_holds_under_every_profile(seed: int, profile: str) -> None:
    report = simulate(scenario_of(profile, seed, duration_ms=5_000))
    assert report.violations == (), report.repeat
    assert report.decided > 0
    assert report.healed_s >= 0
    assert (report.strikes > 0) == (profile not in ("calm", "lossy"))
    crashing = (
        "churn", "absent", "disk", "storm", "crowd", "checkpoints", "recovery", "rotation",
        "tickets",
    )  # fmt: skip
    assert (report.crashes > 0) == (profile in crashing)


def test_a_larger_fleet_holds_too() -> None:
    report = simulate(scenario_of("storm", 5, nodes=9, duration_ms=5_000, statements=25))
    assert report.violations == (), report.repeat


def test_a_run_does_not_end_amid_a_write() -> None:
    """The last closing was held, and its block not yet on the disk that was to prove it."""
    report = simulate(scenario_of("partition", 10_001, nodes=7))
    assert report.violations == (), report.repeat


def test_a_new_key_stands_although_its_owner_was_admitted_twice() -> None:
    """By two members, of whom it knew one when it took the key."""
    report = simulate(scenario_of("rotation", 7_206, statements=60))
    assert report.violations == (), report.repeat


_ONE_RUN = """
import json, msgspec
from credimus.sim.profiles import scenario_of
from credimus.sim.run import simulate
report = simulate(scenario_of("storm", 7, duration_ms=4_000, statements=25))
print(json.dumps(msgspec.to_builtins(report)))
"""


def test_the_same_seed_gives_the_same_events_under_any_seed_of_the_interpreter() -> None:
    """And under any interpreter: name one in OTHER_PYTHON to compare it with this."""
    reports = []
    for interpreter_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": interpreter_seed}
        other = os.environ.get("OTHER_PYTHON") if reports else None
        ran = subprocess.run(
            [other or sys.executable, "-c", _ONE_RUN],
            env=environment,
            capture_output=True,
            check=True,
            timeout=100,
        )
        reports.append(json.loads(ran.stdout))
    assert reports[0]["trace_fingerprint"] == reports[1]["trace_fingerprint"]
    assert reports[0] == reports[1]


def test_other_seeds_give_other_events() -> None:
    small = [scenario_of("calm", seed, duration_ms=1_000, statements=3) for seed in (1, 2)]
    assert len({simulate(one).trace_fingerprint for one in small}) == 2


def test_the_sweep_tells_and_exits_with_zero() -> None:
    lines: list[str] = []
    asked = ["--seeds", "1", "--profiles", "calm,churn", "--statements", "5", "--nodes", "3"]
    assert main(asked, lines.append) == 0
    assert lines[0].startswith("seed 0 calm: ok")
    assert lines[-1].startswith("2 runs, 0 failed")


def test_runs_at_a_time_are_told_in_order_and_alike() -> None:
    asked = ["--seeds", "2", "--profiles", "calm,lossy", "--statements", "3", "--nodes", "3"]
    told: dict[str, list[str]] = {"1": [], "2": []}
    for jobs, lines in told.items():
        assert main([*asked, "--jobs", jobs], lines.append) == 0
    assert told["1"] == told["2"]
    assert [line.split(":")[0] for line in told["2"][:-1]] == [
        "seed 0 calm", "seed 0 lossy", "seed 1 calm", "seed 1 lossy",
    ]  # fmt: skip


def test_no_runs_at_a_time_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--jobs", "0"])
    assert ended.value.code == 2
    assert "--jobs" in capsys.readouterr().err


def test_other_troubles_go_with_checkpoints_too() -> None:
    """Two seeds that found something once: a crash amid a pruning, and a damaged disk after it."""
    lines: list[str] = []
    for profile, seed in (("churn", "317"), ("recovery", "347")):
        asked = ["--profiles", profile, "--first", seed, "--seeds", "1", "--statements", "15"]
        assert main([*asked, "--checkpoint-ms", "1500"], lines.append) == 0
    assert lines[-1].startswith("1 runs, 0 failed")


def test_the_sweep_refuses_an_unknown_profile(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--profiles", "hurricane"])
    assert ended.value.code == 2
    assert "hurricane" in capsys.readouterr().err
    with pytest.raises(UsageError):
        profile_named("hurricane")

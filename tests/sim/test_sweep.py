"""Every profile over a few seeds; and that a run can be repeated, event for event."""

import json
import os
import subprocess
import sys

import pytest

from credimus.kernel.errors import UsageError
from credimus.sim.profiles import PROFILES, profile_named
from credimus.sim.run import Scenario, simulate
from credimus.sim.sweep import main


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", range(3))
def test_everything_holds_under_every_profile(seed: int, profile: str) -> None:
    report = simulate(Scenario(seed=seed, profile=profile, statements=35, safety_s=5))
    assert report.violations == (), report.repeat
    assert report.decided > 0
    assert report.healed_s >= 0
    assert (report.crashes > 0) == (profile in ("churn", "absent", "storm"))


def test_a_larger_fleet_holds_too() -> None:
    report = simulate(Scenario(seed=5, profile="storm", nodes=9, statements=25, safety_s=5))
    assert report.violations == (), report.repeat


_ONE_RUN = """
import json, msgspec
from credimus.sim.run import Scenario, simulate
report = simulate(Scenario(seed=7, profile="storm", statements=25, safety_s=4))
print(json.dumps(msgspec.to_builtins(report)))
"""


def test_the_same_seed_gives_the_same_events_under_any_seed_of_the_interpreter() -> None:
    reports = []
    for interpreter_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": interpreter_seed}
        ran = subprocess.run(
            [sys.executable, "-c", _ONE_RUN],
            env=environment,
            capture_output=True,
            check=True,
            timeout=100,
        )
        reports.append(json.loads(ran.stdout))
    assert reports[0]["trace_fingerprint"] == reports[1]["trace_fingerprint"]
    assert reports[0] == reports[1]


def test_other_seeds_give_other_events() -> None:
    small = [Scenario(seed=seed, profile="calm", statements=3, safety_s=1) for seed in (1, 2)]
    assert len({simulate(one).trace_fingerprint for one in small}) == 2


def test_the_sweep_tells_and_exits_with_zero() -> None:
    lines: list[str] = []
    asked = ["--seeds", "1", "--profiles", "calm,churn", "--statements", "5", "--nodes", "3"]
    assert main(asked, lines.append) == 0
    assert lines[0].startswith("seed 0 calm: ok")
    assert lines[-1].startswith("2 runs, 0 failed")


def test_the_sweep_refuses_an_unknown_profile(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--profiles", "hurricane"])
    assert ended.value.code == 2
    assert "hurricane" in capsys.readouterr().err
    with pytest.raises(UsageError):
        profile_named("hurricane")

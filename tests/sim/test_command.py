"""`credimus sim`: what it prints, in which form, and with which exit code."""

import json
import shlex
from pathlib import Path

import pytest

from credimus.cli.main import run
from credimus.sim import run as running
from credimus.sim.profiles import PROFILES, repeat_line, scenario_of
from credimus.sim.run import simulate
from credimus.sim.saboteurs.wrongs import a_node_that_votes_twice
from credimus.sim.scenario import read_scenario, write_scenario

SMALL = ["--duration", "1s", "--statements", "4"]
FIELDS = {
    "seed", "profile", "nodes", "violations", "fingerprint", "trace_fingerprint", "healed_s",
    "messages", "bytes", "timeline", "repeat", "node_seconds_per_s",
}  # fmt: skip


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit code and output of `credimus sim` with these words."""
    code = run(["sim", *words])
    return code, capsys.readouterr().out


def sabotaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run of this process have a node that votes twice."""
    play = running._Run.play

    def twice(self: running._Run) -> None:
        with a_node_that_votes_twice(self.fleet):
            play(self)

    monkeypatch.setattr(running._Run, "play", twice)


def test_the_summary_is_one_line_of_json_in_the_usual_envelope(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("--nodes", "4", "--seed", "7", "--profile", "partition", *SMALL, "--json")
    code, printed = asked(capsys, *words)
    envelope = json.loads(printed)
    assert (code, envelope["command"]) == (0, "sim")
    assert set(envelope["data"]) >= FIELDS
    assert (envelope["data"]["nodes"], envelope["data"]["violations"]) == (4, [])


def test_the_line_that_repeats_a_run_repeats_it(capsys: pytest.CaptureFixture[str]) -> None:
    _, first = asked(capsys, "--profile", "storm", "--seed", "5", *SMALL, "--json")
    program, command, *words = shlex.split(json.loads(first)["data"]["repeat"])
    assert (program, command) == ("credimus", "sim")
    _, again = asked(capsys, *words, "--json")
    fingerprints = [json.loads(one)["data"]["trace_fingerprint"] for one in (first, again)]
    assert fingerprints[0] == fingerprints[1]


def test_checkpoints_of_a_sweep_are_in_the_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = scenario_of("churn", 5, 4, 1_000, 4, checkpoint_ms=700)
    assert scenario.checkpoint_ms == 700
    line = repeat_line(scenario)
    assert line.endswith("--checkpoints 700ms")
    _, printed = asked(capsys, *shlex.split(line)[2:], "--json")
    assert json.loads(printed)["data"]["trace_fingerprint"] == simulate(scenario).trace_fingerprint


def test_a_run_from_a_file_is_repeated_with_what_was_asked_beside(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "my story.toml"
    path.write_text(write_scenario(scenario_of("calm", 1)))
    words = ("--scenario", str(path), "--nodes", "3", "--duration", "1s", "--statements", "2")
    data = json.loads(asked(capsys, *words, "--checkpoints", "500ms", "--json")[1])["data"]
    line = shlex.split(data["repeat"])
    assert line == ["credimus", "sim", *words, "--checkpoints", "500ms"]
    again = json.loads(asked(capsys, *line[2:], "--json")[1])["data"]
    assert again["trace_fingerprint"] == data["trace_fingerprint"]


def test_the_help_names_every_profile(capsys: pytest.CaptureFixture[str]) -> None:
    run(["sim", "--help"])
    said = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert [name for name in PROFILES if name not in said] == []


def test_people_see_a_timeline_and_what_it_came_to(capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = asked(capsys, "--profile", "churn", "--seed", "1", *SMALL)
    assert code == 0
    assert "churn, seed 1: 5 nodes, 4 statements, 1 s under faults" in printed
    assert "what happened" in printed
    assert "everything held" in printed


def test_a_violation_is_told_repeated_and_made_smaller(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sabotaged(monkeypatch)
    out = tmp_path / "shrunk.toml"
    words = ("--profile", "churn", "--seed", "3", *SMALL, "--shrink", "--out", str(out))
    code, printed = asked(capsys, *words)
    assert code == 1
    assert "a_durable_vote_is_never_contradicted at" in printed
    assert "repeat: credimus sim --profile churn --seed 3" in printed
    assert "smaller, and still breaks a_durable_vote_is_never_contradicted:" in printed
    assert f"repeat: credimus sim --scenario {out}\n" in printed
    assert out.read_text() in printed
    assert read_scenario(out.read_text()).faults == ()
    code, printed = asked(capsys, "--scenario", str(out), "--json")
    broken = [one["checker"] for one in json.loads(printed)["data"]["violations"]]
    assert code == 1
    assert "a_durable_vote_is_never_contradicted" in broken  # its double votes may be punished, too


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--profile", "hurricane"), "[unknown-profile]"),
        (("--nodes", "0"), "nodes: Expected `int` >= 1"),
        (("--duration", "soon"), "[bad-duration]"),
        (("--scenario", "nowhere.toml"), "[no-scenario]"),
        (("--scenario", "x.toml", "--profile", "calm"), "not both"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert run(["sim", *words]) == 2
    assert said in capsys.readouterr().err

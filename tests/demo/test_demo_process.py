"""The demo with real processes, on a small incident: what it says, and what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from credimus.demo.reading import parse_scenario
from credimus.demo.running import play_incident
from credimus.demo.telling import Silent

SMALL = """
title = "A small one"
fleet = "small"
timeout_ms = 1000
attempts_max = 2

[kill]
node = "b"
at = 1.0
restart_at = 1.5

[cut]
node = "c"
at = 4.5
heal_at = 5.5

[[node]]
name = "a"
role = "one"
[[node]]
name = "b"
role = "two"
[[node]]
name = "c"
role = "three"

[[statement]]
id = "gate"
says = "The gate is open"
by = ["a", "b"]
at = 0.0
evidence = [{ kind = "camera", content = "frame 81" }]
known = { a = "seen", b = "seen", c = "seen" }
expect = "accepted"

[[statement]]
id = "door"
says = "The door is open"
by = ["a"]
at = 0.2
confidence = 0.3
denied = { b = "shut", c = "shut" }
expect = "rejected"

[[statement]]
id = "fog"
says = "There will be fog"
by = ["c"]
at = 0.4
expect = "expired"

[[retraction]]
by = "c"
at = 0.6
statement = "fog"
reason = "no more"

[[relation]]
by = "a"
at = 0.5
source = "door"
relation = "alternative_to"
target = "gate"

[[statement]]
id = "alone"
says = "The bell rings"
by = ["a"]
at = 1.2
known = { b = "heard", c = "heard" }
expect = "accepted"

[[statement]]
id = "cut"
says = "The light is on"
by = ["c"]
at = 4.8
known = { a = "seen", b = "seen" }
expect = "accepted"
"""
pytestmark = pytest.mark.slow


def demo(*given: str) -> tuple[int, Any]:
    """Exit code and envelope of a run."""
    command = [sys.executable, "-m", "credimus", "demo", "--json", *given]
    run = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert run.stderr == ""
    (line,) = run.stdout.splitlines()
    return run.returncode, json.loads(line)


def processes_of(folder: Path) -> list[int]:
    """Ids of the processes whose command line names a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                said = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in said:
                found.append(int(entry.name))
    return found


def test_all_agree_and_every_verdict_holds(tmp_path: Path) -> None:
    path, folder = tmp_path / "small.toml", tmp_path / "kept"
    path.write_text(SMALL)
    code, said = demo("--scenario", str(path), "--keep", str(folder))
    assert (code, said["schema_version"], said["command"]) == (0, 1, "demo"), said
    ended = said["data"]
    assert ended["agree"]
    assert ended["expected"] == {"held": 5, "failed": 0}
    assert ended["failures"] == []
    assert len({node["fingerprint"] for node in ended["nodes"]}) == 1
    assert [node["decided"] for node in ended["nodes"]] == [4, 4, 4]
    assert ended["kill"]["pid"] != ended["kill"]["pid_after"]
    assert ended["kill"]["decided_meanwhile"] == 0
    assert ended["cut"]["inside"].keys() == {"cut"}
    assert ended["cut"]["decided_inside"] == 0
    for name in ("a", "b", "c"):
        assert "ERROR" not in (folder / "logs" / f"{name}.log").read_text()
    assert processes_of(folder) == []


def test_a_verdict_that_does_not_hold_is_told(tmp_path: Path) -> None:
    path, folder = tmp_path / "small.toml", tmp_path / "kept"
    text = SMALL[: SMALL.index("[kill]")] + SMALL[SMALL.index("[[node]]") :]
    wrong = text.replace('confidence = 0.3\ndenied = { b = "shut", c = "shut" }\n', "")
    path.write_text(wrong)
    code, said = demo("--scenario", str(path), "--keep", str(folder))
    assert code == 1
    ended = said["data"]
    assert ended["agree"]
    assert ended["expected"] == {"held": 4, "failed": 1}
    assert ended["failures"] == ["'door' is expired; expected: rejected"]
    assert (ended["kill"], ended["cut"]) == (None, None)
    assert processes_of(folder) == []


def test_a_signal_ends_every_process(tmp_path: Path) -> None:
    path, folder = tmp_path / "small.toml", tmp_path / "kept"
    path.write_text(SMALL)
    command = [sys.executable, "-m", "credimus", "demo", "--scenario", str(path)]
    command += ["--keep", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if "accepted" in line:
                break
        assert len(processes_of(folder)) >= 3
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == 130
    assert processes_of(folder) == []


def test_a_fleet_that_can_not_be_set_up_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = (sys.executable, "-c", "import sys; sys.exit('no disk')")
    monkeypatch.setattr("credimus.demo.member.COMMAND", broken)
    ended = play_incident(parse_scenario(SMALL, "small"), Silent(), tmp_path / "kept")
    assert not ended.good
    (failure,) = ended.failures
    assert failure.startswith("command-failed: credimus init")
    assert failure.endswith("ended with 1: no disk")


@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, what: str) -> None:
    kept = tmp_path / "kept"
    if what == "file":
        kept.write_text("mine")
    else:
        kept.mkdir()
        (kept / "mine").touch()
    code, said = demo("--keep", str(kept))
    assert code == 2
    assert said["error"]["code"] == "folder-not-empty"


def test_a_bad_scenario_starts_nothing(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text(SMALL.replace('expect = "rejected"', 'expect = "maybe"'))
    code, said = demo("--scenario", str(path))
    assert code == 2
    assert "statement 'door'" in said["error"]["message"]

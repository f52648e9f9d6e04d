"""What `credimus recovery plan` prints for people, of a plan that a node gave."""

from pathlib import Path

import pytest

from credimus.cli.options import Common
from credimus.cli.reunion import show_plan

PLAN = {
    "id": "5b" * 32, "partition": 1_772_467_200_000, "strategy": "semantic",
    "near": {"blocks": 1, "accepted": 1, "expired": 0},
    "far": {"blocks": 1, "accepted": 1, "expired": 0},
    "conflicts": [],
    "steps": [{"kind": "vote", "beliefs": ["3f" * 16], "strategy": None, "takes_back": []}],
    "costs": [], "lasting": 1,
}  # fmt: skip


def test_the_command_that_begins_a_plan_repeats_what_it_was_made_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_plan(PLAN, "newest", True, Common(home=Path("my nodes/n0")))
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"Begin it with: credimus recovery begin {PLAN['id']} --strategy semantic "
        "--partition 1772467200000 --undecided --home 'my nodes/n0'"
    )


def test_a_plan_without_a_split_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    whole = {**PLAN, "partition": None}
    show_plan(whole, "newest", False, Common())
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "This node has seen no split; the plan is about all that it holds."
    assert lines[-1].endswith("--strategy semantic --partition all")
    show_plan(whole, "all", False, Common())
    assert "no split" not in capsys.readouterr().out

"""What `credimus partitions` prints for people."""

from typing import Any

import pytest

from credimus.cli.partitions import show

N0, N1, N2 = "a0" * 16, "b1" * 16, "c2" * 16
ENTRY: dict[str, Any] = {
    "began_ms": 1_772_467_200_000, "healed_ms": 1_772_467_209_000, "worst": "partial",
    "absent": [{"member": N2, "name": "n2", "cause": "cut"}], "groups": [[N0, N1], [N2]],
    "changes": [], "changes_left_out": 0, "reconciled": [], "uncompared": 0,
    "cut_short": False,
}  # fmt: skip


def test_groups_are_shown_by_the_names_of_their_members(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = {
        "level": "partial", "reachable": 2, "members": 3, "reason": "n2 is cut off",
        "groups": [[N0, N1], [N2]], "partitions": [ENTRY],
    }  # fmt: skip
    show(found, {N0: "n0", N1: "the hill\x1b", N2: ""})
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "groups: n0, the hill\\x1b  |  c2c2c2c2c2c2"
    assert lines[-1].startswith("groups of 2026-03-0")
    assert lines[-1].endswith(": n0, the hill\\x1b  |  c2c2c2c2c2c2")


def test_one_group_is_no_news(capsys: pytest.CaptureFixture[str]) -> None:
    whole = {"level": "none", "reachable": 3, "members": 3, "reason": "", "groups": [[N0, N1, N2]],
             "partitions": [{**ENTRY, "groups": [[N0, N1, N2]]}]}  # fmt: skip
    show(whole, {})
    assert "groups" not in capsys.readouterr().out

"""How far a recovery is, in a line."""

from typing import Any

import pytest

from credimus.cli.recovery import _far, _line

GATHERING: dict[str, Any] = {
    "cause": "damaged", "way": "incremental", "phase": "gathering", "health": "moving",
    "snapshot_size": 0, "snapshot_bytes": 0, "blocks": 30, "blocks_total": 90, "steps": 0,
    "steps_total": 0, "unanswered": [{"id": "00", "name": "n2"}], "remaining_ms": 4_000,
    "writes": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ("damaged, incremental: gathering, moving, 30 of 90 blocks, 1 members have not "
         "answered, some 4 s left; nothing is written meanwhile")),
        ({"snapshot_size": 50, "snapshot_bytes": 20, "unanswered": [], "writes": True},
         "damaged, incremental: gathering, moving, 20 of 50, some 4 s left"),
        ({"phase": "saying", "steps": 2, "steps_total": 7, "unanswered": [], "writes": True,
          "remaining_ms": None}, "damaged, incremental: saying, moving, 2 of 7"),
    ],
)  # fmt: skip
def test_a_recovery_is_told_in_a_line(changes: dict[str, Any], words: str) -> None:
    assert _line({**GATHERING, **changes}) == words


def test_the_bar_moves_while_blocks_come() -> None:
    assert _far({"recovery": GATHERING, "reunion": None}) == (30, 90)

"""Frames of `top`: what changed between two, and how one looks."""

from typing import Any

from rich.console import Console

from credimus.cli.top import rate
from credimus.cli.top_view import picture

STATUS = {
    "name": "n0", "node": "ab" * 16, "uptime_s": 12.3, "fleet_name": "harbour", "members": 2,
    "links_open": True, "neighbours": ["cd" * 16], "beliefs": 7, "decided": 5, "blocks": 31,
    "rounds": {"open": 2, "accepted": 4, "rejected": 0, "contested": 1}, "orphans": 0,
    "fingerprint": "ef" * 32, "failure": None, "faults": [],
}  # fmt: skip
MEMBERS = [
    {"id": "ab" * 16, "name": "n0", "address": "127.0.0.1:1", "admitted_ms": 0, "lag": 0,
     "conduct": {"reputation": 0.5}, "skill": {"answers": 0},
     "admitted_by": "ab" * 16, "self": True, "connected": True, "said_ms": None,
     "standing": "member", "may": ["propose", "vote", "admit", "expel"], "categories": []},
    {"id": "cd" * 16, "name": "n1", "address": "127.0.0.1:2", "admitted_ms": 0, "lag": 3,
     "conduct": {"reputation": 0.63},
     "skill": {"answers": 9, "accuracy_low": 0.5, "accuracy_high": 0.9},
     "admitted_by": "ab" * 16, "self": False, "connected": False, "said_ms": 1_000,
     "standing": "exposed", "may": ["vote"], "categories": ["causal"]},
]  # fmt: skip


def drawn(width: int = 140, **changed: Any) -> str:
    """A frame as text."""
    frame = {"status": {**STATUS, **changed}, "members": MEMBERS, "decided_per_s": 2.5,
             "verdicts": [{"id": "12" * 16, "verdict": "rejected", "changed_ms": 0,
                           "content": "the [bold]gate[/bold] is open"}]}  # fmt: skip
    console = Console(width=width, no_color=True, highlight=False)
    with console.capture() as captured:
        console.print(picture(frame, width))
    return captured.get()


def test_decisions_a_second() -> None:
    assert rate((10.0, 100), (12.0, 110)) == 5.0
    assert rate((10.0, 100), (10.0, 100)) == 0.0
    assert rate((500.0, 100), (2.0, 100)) == 0.0, "the node was started again in between"


def test_a_frame_shows_members_rounds_verdicts_and_faults() -> None:
    seen = drawn(faults=[{"peer": "cd" * 16, "code": "malformed", "count": 9}])
    for words in ("harbour, 2 members, 1 connected", "2 open, 4 accepted, 1 contested",
                  "2.5 decided a second", "not connected", "rejected", "malformed"):  # fmt: skip
        assert words in seen
    assert "the [bold]gate[/bold] is open" in seen, "what a member wrote is never markup"
    assert "rejected 0" not in seen


def test_a_node_that_can_not_write_says_so() -> None:
    assert "the disk is full" in drawn(failure={"code": "disk-full", "message": "the disk is full"})
    assert "down (by order)" in drawn(links_open=False)


def test_on_a_narrow_terminal_each_member_has_one_line() -> None:
    rows = [line.split() for line in drawn(80).splitlines()]
    assert ["abababababab", "n0", "itself", "0", "never", "member"] in [row[:6] for row in rows]
    assert "127.0.0.1:1" not in drawn(80)
    assert "127.0.0.1:1" in drawn(140)

"""What people see: lines while it goes on, the report at the end."""

import io
from typing import Any

import pytest
from rich.console import Console

from credimus.demo.report import report
from credimus.demo.result import (
    CutEnd,
    Decisions,
    Expected,
    KillEnd,
    NodeEnd,
    Outcome,
    Seconds,
    StatementEnd,
    times_of,
)
from credimus.demo.telling import Lively, NodeNow, Plain, Silent, teller


def outcome(**changes: Any) -> Outcome:
    """A good outcome of two nodes and one statement, but for what is given."""
    verdict = changes.pop("verdict", "accepted")
    nodes = [
        NodeEnd(
            id=name * 32, name=name, role="one", fingerprint="f" * 64, blocks=3, beliefs=1,
            decided=1, verdicts={"accepted": 1}, api="http://127.0.0.1:1", home=f"/x/{name}",
            log=f"/x/logs/{name}.log",
        )
        for name in ("a", "b")
    ]  # fmt: skip
    statement = StatementEnd(
        id="gate", content="The gate is open", category="observation", asserted_by=["a", "b"],
        belief="0" * 32, verdict=verdict, expected="accepted", held=verdict == "accepted",
        accept=2, reject=0, abstain=0, attempt=1, retracted=False, decided_ms=12.0,
        waited_for=None,
    )  # fmt: skip
    fields: dict[str, Any] = {
        "title": "A small one",
        "nodes": nodes,
        "agree": True,
        "expected": Expected(held=int(statement.held), failed=int(not statement.held)),
        "failures": [],
        "statements": [statement],
        "decisions": Decisions(at_once=times_of([12.0]), waited=times_of([])),
        "kill": None,
        "cut": None,
        "seconds": Seconds(set_up=4.0, played=12.0, settled=2.0, total=18.0),
        "folder": "/x",
        "kept": False,
    }
    return Outcome(**{**fields, **changes})


def shown(what: Outcome, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    report(what, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_report_of_a_good_run() -> None:
    text = shown(outcome())
    assert "The gate is open" in text
    assert "2/0/0" in text
    assert text.count("f" * 64) == 2
    assert "at once: 1 statements, p50 12 ms, p99 12 ms" in text
    assert "18.0 s: 4.0 to set up, 12.0 to play, 2.0 until all was at rest" in text
    assert "What failed" not in text
    assert "all 2 nodes agree; 1 of 1 expected verdicts hold" in text


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_the_report_fits(width: int) -> None:
    table = shown(outcome(), width).split("What happened")[0]
    assert max(len(line) for line in table.splitlines()) <= width
    assert "accepted" in table


def test_the_report_tells_of_kill_and_cut() -> None:
    kill = KillEnd(
        node="a", pid=7, pid_after=8, down_s=3.0, missed_blocks=90, caught_up_s=0.5,
        asserted_meanwhile=11, decided_meanwhile=7,
    )  # fmt: skip
    cut = CutEnd(
        node="b", cut_s=3.0, inside={"slide": "open"}, decided_inside=0, asserted_outside=8,
        decided_outside=6, caught_up_s=0.25,
    )  # fmt: skip
    text = shown(outcome(kill=kill, cut=cut))
    assert "killed (SIGKILL, process 7), away for 3.0 s; meanwhile the others decided 7 of 11" in (
        text
    )
    assert "started again (process 8); it fetched the 90 blocks it had missed within 0.50 s" in text
    assert "meanwhile the others decided 6 of 8 new statements, b 0 of its 1" in text
    assert "behind the cut: slide open" in text


def test_the_report_of_a_bad_run_says_what_failed_and_where_the_logs_are() -> None:
    bad = outcome(verdict="expired", failures=["'gate' is expired; expected: accepted"])
    assert not bad.good
    text = shown(bad)
    assert "'gate' is expired; expected: accepted" in text
    assert "The nodes' logs: /x/logs" in text
    assert "0 of 1 expected verdicts hold" in text
    assert "the nodes do NOT agree" in shown(outcome(agree=False))


def test_the_report_of_what_could_not_be_played() -> None:
    text = shown(outcome(nodes=[], statements=[], agree=False, failures=["node-ended: a ended"]))
    assert "node-ended: a ended" in text
    assert "The nodes' logs: /x/logs" in text
    assert "could not be played to its end" in text


def test_kept_folders_are_shown_with_commands() -> None:
    assert "credimus up /x/a" in shown(outcome(kept=True))
    assert "credimus demo --keep" in shown(outcome())


def test_quantiles_by_nearest_rank() -> None:
    times = times_of([5.0, 1.0, 2.0, 3.0, 4.0])
    assert (times.count, times.p50_ms, times.p99_ms, times.max_ms) == (5, 3.0, 5.0, 5.0)
    assert times_of([]).count == 0


def test_plain_lines_hold_no_colours() -> None:
    console = Console(file=io.StringIO(), width=40)
    telling = teller(console)
    assert isinstance(telling, Plain)
    with telling:
        telling.tell("yes", "accepted " + "x" * 60, 1.25)
        telling.tell("step", "all see each other")
        telling.show([])
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines == [f"  1.2 s + accepted {'x' * 60}", " set-up > all see each other"]


def test_a_terminal_gets_a_live_table() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard",
                      no_color=False, _environ={"TERM": "xterm"})  # fmt: skip
    telling = teller(console)
    assert isinstance(telling, Lively)
    with telling:
        telling.show(
            [
                NodeNow(name="a", state="up", neighbours=1, blocks=42, fingerprint="f" * 64),
                NodeNow(name="b", state="dead"),
            ]
        )
        telling.tell("no", "rejected", 2.0)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "42" in text
    assert "dead" in text
    assert "rejected" in text


def test_silence_says_nothing() -> None:
    with Silent() as telling:
        telling.tell("yes", "accepted")
        telling.show([])

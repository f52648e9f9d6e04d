"""What commands print: for whom, where to, and with which exit code."""

import sys
from pathlib import Path

import pytest
from asking import asked

from credimus.cli.main import run
from credimus.cli.options import ago, moment_ms, seconds_of
from credimus.cli.output import Refused, complain, exit_code_of, pairs, ratio_word, table
from credimus.cli.progress import progress
from credimus.kernel.errors import (
    Conflict,
    InternalError,
    NotFound,
    NotPermitted,
    PeerFault,
    StorageError,
    Unavailable,
    UsageError,
)
from credimus.runtime.joining.tickets import now_wall_ms

INIT = ["--fleet", "harbour", "--name", "n0"]


def test_what_is_printed_for_people_has_no_colour_in_a_pipe_or_with_no_color(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "n0"
    asked(capsys, "init", str(home), *INIT)
    for name in ("NO_COLOR", "CREDIMUS_PIPE"):
        monkeypatch.setenv(name, "1")
        assert run(["config", "show", "--origin", "--home", str(home)]) == 0
        seen = capsys.readouterr()
        assert "\x1b" not in seen.out
        assert ("CREDIMUS_PIPE sets nothing here" in seen.err) == (name == "CREDIMUS_PIPE")


def test_without_json_errors_are_for_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["status", "--home", str(tmp_path)]) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.startswith(f"error: {tmp_path} holds no node")
    assert "[no-node-here]" in seen.err


def test_durations_and_moments() -> None:
    assert seconds_of("500ms", "x") == 0.5
    assert seconds_of("90", "x") == 90
    assert seconds_of("2d", "x") == 172_800
    assert moment_ms("1970-01-01T00:00:01+00:00", "x") == 1_000
    for wrong in ("", "1w", "-1s", "soon"):
        with pytest.raises(UsageError):
            seconds_of(wrong, "x")
        with pytest.raises(UsageError):
            moment_ms(wrong, "x")


def test_moments_are_told_roughly() -> None:
    now_ms = now_wall_ms()
    for seconds, word in (
        (5, "5 s ago"),
        (180, "3 m ago"),
        (7_300, "2 h ago"),
        (-60, "ahead of now"),
    ):
        assert ago(now_ms - 1_000 * seconds) == word


def test_a_bar_is_for_who_watches_and_never_on_stdout(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with progress("blocks") as told:
        assert told is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress("blocks") as told:
        assert told is not None
        told(3, 4)
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "blocks" in seen.err


@pytest.mark.parametrize("terminal", [True, False])
def test_what_others_wrote_never_steers_a_terminal(
    terminal: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    said = "gate\x1b[2J open\r\x9b31m \u202eshut, häfen 🚢"
    table("", ("content",), [(said,)])
    pairs([("content", said)])
    complain(said)
    seen = capsys.readouterr()
    for wrong in ("\x1b[2J", "\x9b", "\u202e", "\r"):
        assert wrong not in seen.out + seen.err
    assert seen.out.count("häfen 🚢") == 2
    assert "\\x1b[2J" in seen.err


def test_every_kind_of_error_has_its_exit_code() -> None:
    codes = {
        UsageError: 2, NotFound: 2, Conflict: 2, NotPermitted: 5, Unavailable: 3,
        StorageError: 4, InternalError: 70, PeerFault: 1,
    }  # fmt: skip
    for kind, code in codes.items():
        assert exit_code_of(kind("code", "message")) == code


def test_a_ratio_is_never_rounded_to_certainty() -> None:
    shown = [ratio_word(one) for one in (0.0, 0.004, 0.5, 0.984, 0.9955, 1.0)]
    assert shown == ["0.00", "0.01", "0.50", "0.98", "0.99", "1.00"]
    assert ratio_word(0.99999, 3) == "0.999"


def test_a_refusal_names_options_as_they_were_given() -> None:
    options = {"wait_for": "--wait"}
    bad = Refused({"code": "bad-field", "detail": "`wait_for`: give local.", "kind": "usage"})
    assert bad.worded(options).message == "--wait: give local."
    far = Refused({"code": "out-of-range", "detail": "wait_for is replicated:9; the fleet has 3"})
    assert far.worded(options).message == "--wait is replicated:9; the fleet has 3"
    other = Refused({"code": "undecided", "detail": "wait_for it"})
    assert other.worded(options).message == "wait_for it"

"""The command line without a running node: output, exit codes, what is refused."""

import json
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from credimus.cli.commands import COMMANDS, GROUPS, Entry, members_of, named
from credimus.cli.main import run
from credimus.cli.options import ago, moment_ms, seconds_of
from credimus.cli.output import EXIT_CODES, exit_code_of
from credimus.cli.parser import description, examples, parser_of
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
from credimus.kernel.ids import FleetId
from credimus.runtime.ticket import make_ticket, ticket_text
from credimus.runtime.tickets import now_wall_ms

INIT = ["--fleet", "harbour", "--name", "n0"]


def asked(capsys: pytest.CaptureFixture[str], *given: str) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of a command; nothing else is on stdout, nothing at all on stderr."""
    code = run([*given, "--json"])
    seen = capsys.readouterr()
    assert seen.err == ""
    envelope = json.loads(seen.out)
    assert envelope["schema_version"] == 1
    return code, envelope


def test_help_names_every_command_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    seen = capsys.readouterr().out
    for entry in COMMANDS:
        assert f"\n  {entry.words} " in seen
    for code, meaning in EXIT_CODES:
        assert f"\n  {code:<4} {meaning}\n" in seen


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_lists_its_commands(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    for given in ([group], [group, "--help"]):
        assert run(given) == 0
        seen = capsys.readouterr().out
        for entry in members_of(group):
            assert f"\n  {entry.words.removeprefix(group).strip()} " in seen


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.words)
def test_every_help_says_what_it_is_for_and_ends_with_an_example(
    entry: Entry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*entry.words.split(), "--help"]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    assert description(entry).startswith(lines[0])
    assert any(line.startswith(f"Usage: credimus {entry.words}") for line in lines)
    assert any("--json" in line for line in lines)
    assert lines[-1] == f"Example: {examples(entry)[-1]}"
    assert examples(entry)[-1].startswith(f"credimus {entry.words}")


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.words)
def test_every_example_is_understood(entry: Entry) -> None:
    for example in examples(entry):
        words, count = named(shlex.split(example)[1:])
        assert words == entry.words
        parser_of(entry).parse_args(
            shlex.split(example)[1 + count :], exit_on_error=False, print_error=False
        )


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (["belifs"], "'beliefs'"),
        (["cofnig", "show"], "'config'"),
        (["config", "shwo"], "'config show'"),
        (["beliefs", "--verdit", "open"], "--verdict"),
        (["beliefs", "--verdict", "acepted"], '"accepted"'),
    ],
)
def test_a_typo_is_answered_with_what_was_meant(
    given: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(given) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    assert f"Did you mean {hint}?" in seen.err
    code, refused = asked(capsys, *given)
    assert (code, refused["error"]["code"]) == (2, "usage")


HEAVY = ("asyncio", "sqlite3", "zenoh", "numpy", "cryptography", "nacl", "starlette", "uvicorn",
         "prometheus_client", "credimus.node", "credimus.state", "credimus.api",
         "credimus.runtime.daemon")  # fmt: skip


@pytest.mark.parametrize(
    ("given", "absent"),
    [
        (["--version"], (*HEAVY, "cyclopts", "rich", "http.client", "msgspec")),
        (["--help"], (*HEAVY, "cyclopts", "rich", "http.client", "msgspec")),
        (
            ["beliefs", "--help"],
            (
                *HEAVY,
                "http.client",
                "msgspec",
                "rich.console",
                "cyclopts.help.help",
                "credimus.cli.node",
            ),
        ),
        (["status", "--home", "none"], (*HEAVY, "rich", "msgspec", "credimus.cli.beliefs")),
        (["search", "gate", "--home", "none", "--json"], (*HEAVY, "rich", "msgspec")),
        (["top", "--once", "--home", "none"], (*HEAVY, "rich", "msgspec")),
    ],
)
def test_a_command_loads_only_what_it_needs(
    given: list[str], absent: tuple[str, ...], tmp_path: Path
) -> None:
    script = (
        "import sys\nfrom credimus.cli.main import run\nrun(sys.argv[1:])\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *given],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stderr.split())
    assert "credimus.cli.main" in loaded
    assert sorted(loaded & set(absent)) == []


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


def test_the_settings_of_a_node_and_whence_they_come(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "n0"
    asked(capsys, "init", str(home), *INIT)
    monkeypatch.setenv("CREDIMUS_HOME", str(home))
    monkeypatch.setenv("CREDIMUS_VOTING_SCHEME", "majority")
    code, shown = asked(capsys, "config", "show")
    found = {one["name"]: one for one in shown["data"]["settings"]}
    assert code == 0
    assert found["voting.scheme"]["value"] == "majority"
    assert found["voting.scheme"]["where"] == "CREDIMUS_VOTING_SCHEME"
    assert found["node.name"]["where"].startswith("config.toml:")
    assert asked(capsys, "config", "path")[1]["data"] == {
        "path": str(home / "config.toml"), "exists": True
    }  # fmt: skip
    monkeypatch.setenv("CREDIMUS_VOTING_SCHEME", "monarchy")
    code, refused = asked(capsys, "config", "show")
    assert (code, refused["error"]["code"]) == (2, "bad-variable")
    code, refused = asked(capsys, "up", str(home))
    assert (code, refused["error"]["code"]) == (2, "bad-variable")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = asked(capsys, "completion", shell)
    assert code == 0
    for entry in COMMANDS:
        assert entry.words.rpartition(" ")[2] in printed["data"]["script"]


def test_completion_is_installed_for_this_user_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZSH_CUSTOM"):
        monkeypatch.delenv(name, raising=False)
    code, put = asked(capsys, "completion", "bash", "--install")
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert code == 0
    assert written == [Path(put["data"]["path"])]


def test_init_makes_a_folder_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "n0"
    code, made = asked(capsys, "init", str(home), *INIT)
    assert code == 0
    assert made["command"] == "init"
    assert made["data"]["fleet_name"] == "harbour"
    assert len(made["data"]["node"]) == 32
    before = sorted((path.name, path.stat().st_mtime_ns) for path in home.iterdir())
    code, refused = asked(capsys, "init", str(home), *INIT)
    assert (code, refused["error"]["code"]) == (2, "folder-not-empty")
    assert sorted((path.name, path.stat().st_mtime_ns) for path in home.iterdir()) == before
    assert [path.name for path in tmp_path.iterdir()] == ["n0"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["--fleet", "x" * 129, "--name", "n"], "bad-name"),
        (["--fleet", "a\nb", "--name", "n"], "bad-name"),
        ([*INIT, "--listen", "7447"], "address-unusable"),
        ([*INIT, "--listen", "127.0.0.1:0"], "address-unusable"),
        ([*INIT, "--listen", "127.0.0.1:70000"], "address-unusable"),
        ([*INIT, "--api", "x"], "address-unusable"),
        ([*INIT, "--link", "smoke"], "usage"),
        ([*INIT, "--colour", "red"], "usage"),
        (["--name", "n"], "usage"),
    ],
)
def test_a_wrong_init_leaves_nothing(
    tmp_path: Path, given: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, refused = asked(capsys, "init", str(tmp_path / "n0"), *given)
    assert (status, refused["error"]["code"]) == (2, code)
    assert list(tmp_path.iterdir()) == []


def test_without_json_errors_are_for_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["status", "--home", str(tmp_path)]) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.startswith(f"error: {tmp_path} holds no node")
    assert "[no-node-here]" in seen.err


def test_a_node_that_does_not_run_is_unavailable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "n0"
    asked(capsys, "init", str(home), *INIT)
    monkeypatch.setenv("CREDIMUS_HOME", str(home))
    for command in (
        ["status"],
        ["beliefs"],
        ["invite"],
        ["assert", "x"],
        ["vote", "abcd", "accept"],
    ):
        code, refused = asked(capsys, *command)
        assert (code, refused["error"]["code"]) == (3, "node-not-running")
        assert f"credimus up {home}" in refused["error"]["message"]
    ended = os.fork()
    if not ended:
        os._exit(0)
    os.waitpid(ended, 0)
    for note in (f'{{"pid": {ended}, "url": "http://127.0.0.1:1"}}', "torn {"):
        (home / "api.json").write_text(note)
        assert asked(capsys, "status")[1]["error"]["code"] == "node-not-running"
    (home / "api.json").write_text(f'{{"pid": {os.getpid()}, "url": "http://127.0.0.1:1"}}')
    (home / "token").chmod(0o644)
    assert asked(capsys, "status")[1]["error"]["code"] == "token-readable-by-others"


def test_unknown_commands_and_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, refused = asked(capsys, "believe", "it")
    assert (code, refused["command"], refused["error"]["code"]) == (2, "credimus", "usage")
    assert run([]) == 0
    assert "Usage: credimus" in capsys.readouterr().out


def test_a_join_with_a_bad_ticket_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, refused = asked(capsys, "join", str(tmp_path / "n1"), "credimus1-abc", "--name", "n1")
    assert (code, refused["error"]["code"]) == (2, "ticket-malformed")
    assert list(tmp_path.iterdir()) == []


def test_an_inviter_that_can_not_be_reached_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credimus.runtime.joining.ASK_PAUSE_S", 0)
    fleet, expires = FleetId(b"f" * 16), now_wall_ms() + 60_000
    ticket = make_ticket(f"http://{_nowhere()}", fleet, b"k" * 32, expires)
    home = tmp_path / "n1"
    code, refused = asked(capsys, "join", str(home), ticket_text(ticket), "--name", "n1")
    assert (code, refused["error"]["code"]) == (3, "inviter-unreachable")
    assert list(tmp_path.iterdir()) == []


def _nowhere() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def test_replay_writes_verdicts_and_reports_bad_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = tmp_path / "answers.csv"
    lines = [f"i{item},w{worker},{int(item % 2)}" for item in range(4) for worker in range(3)]
    answers.write_text("\n".join(["item,worker,label", *lines, "i1,w9,maybe", ""]))
    truth = tmp_path / "truth.csv"
    truth.write_text("item,label\n" + "".join(f"i{item},{item % 2}\n" for item in range(4)))
    out = tmp_path / "verdicts.csv"
    code = run(["replay", str(answers), "--truth", str(truth), "--out", str(out), "--json"])
    seen = capsys.readouterr()
    data = json.loads(seen.out)["data"]
    assert code == 0
    assert "line 14 left out" in seen.err
    assert (data["items"], data["decided"], data["accuracy"], data["f1"]) == (4, 4, 1.0, 1.0)
    assert data["coverage"] == 1.0
    assert data["seconds"] > 0
    assert len(data["fingerprints"]) == 5
    assert data["agree"]
    assert out.read_text() == "item,verdict\ni0,rejected\ni1,accepted\ni2,rejected\ni3,accepted\n"
    code, refused = asked(capsys, "replay", str(tmp_path / "absent.csv"))
    assert (code, refused["error"]["code"]) == (2, "no-such-file")


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


def test_every_kind_of_error_has_its_exit_code() -> None:
    codes = {
        UsageError: 2, NotFound: 2, Conflict: 2, NotPermitted: 5, Unavailable: 3,
        StorageError: 4, InternalError: 70, PeerFault: 1,
    }  # fmt: skip
    for kind, code in codes.items():
        assert exit_code_of(kind("code", "message")) == code

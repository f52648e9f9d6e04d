"""The command line without a running node: output, exit codes, what is refused."""

import io
import json
import os
import socket
import sys
from pathlib import Path

import pytest
from asking import asked

from credimus.cli.main import main, run
from credimus.kernel.ids import FleetId
from credimus.runtime.joining.ticket import make_ticket, ticket_text
from credimus.runtime.joining.tickets import now_wall_ms

INIT = ["--fleet", "harbour", "--name", "n0"]


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
    monkeypatch.setattr("credimus.runtime.joining.joining.ASK_PAUSE_S", 0)
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


def test_replay_says_what_is_wrong_with_files_that_come_to_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers, truth = tmp_path / "answers.csv", tmp_path / "truth.csv"
    answers.write_text("item,worker,label\ni0,w0,yes\ni0,w1,no\n")
    code, refused = asked(capsys, "replay", str(answers))
    assert (code, refused["error"]["code"]) == (2, "no-answers")
    assert "line 2 " in refused["error"]["message"]
    assert "label 'yes'; use 1, 0 or -1" in refused["error"]["message"]
    answers.write_text("item,worker,label\ni0,w0,1\ni0,w1,1\n")
    truth.write_text("item,label\nj0,1\n")
    code, refused = asked(capsys, "replay", str(answers), "--truth", str(truth))
    assert (code, refused["error"]["code"]) == (2, "no-truth")
    assert "none of the 1 items" in refused["error"]["message"]


def test_a_terminal_that_can_not_show_a_letter_gets_it_spelled_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "n0"
    asked(capsys, "init", str(home), "--fleet", "Fluß", "--name", "n0")
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="ascii"))
    with pytest.raises(SystemExit) as ended:
        main(["config", "show", "--home", str(home)])
    assert ended.value.code == 0
    assert rb"Flu\xdf" in shown.getvalue()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["doctor", "n0"], "'n0' is one word too many: name a node's folder with --home"),
        (["assert", "Route", "9", "is", "blocked"], "put quotes around a text of several words"),
        (["why"], "BELIEF must be given"),
        (["join", "n1", "TICKET"], "--name"),
        (["init", "n0", "--fleet", "harbour"], "--name must be given. See"),
        (["token", "create", "--name"], "--name needs a value. See"),
        (["init", "n0", "--fleet", "f", "--nam", "n0"], "Did you mean --name instead of --nam?"),
    ],
)
def test_what_is_called_wrongly_is_told_as_it_was_meant(
    given: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, refused = asked(capsys, *given)
    assert (code, refused["error"]["code"]) == (2, "usage")
    assert told in refused["error"]["message"]

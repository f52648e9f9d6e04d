"""Help, examples, hints and completion; and that a command loads only what it needs."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from asking import asked

from credimus.cli.commands import COMMANDS, GROUPS, Entry, members_of, named
from credimus.cli.main import run
from credimus.cli.output import EXIT_CODES
from credimus.cli.parser import description, examples, parser_of


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
        given = shlex.split(example.partition(">")[0])[1:]
        words, count = named(given)
        assert words == entry.words
        parser_of(entry).parse_args(given[count:], exit_on_error=False, print_error=False)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (["belifs"], "`beliefs`"),
        (["cofnig", "show"], "`config`"),
        (["config", "shwo"], "`config show`"),
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


HEAVY = ("asyncio", "sqlite3", "zenoh", "cryptography", "nacl", "starlette", "uvicorn",
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
        (["log", "--home", "none"], (*HEAVY, "rich", "msgspec", "http.client", "ssl")),
        (["watch", "--home", "none"], (*HEAVY, "rich", "msgspec")),
        (["token", "list", "--home", "none"], (*HEAVY, "rich", "msgspec", "http.client", "ssl")),
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

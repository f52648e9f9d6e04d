"""Every example of the help texts runs as it stands there, in one folder, against real nodes."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk import free_address
from processes import Fleet, Proc, credimus, until

from credimus.cli.commands import COMMANDS
from credimus.cli.parser import examples
from credimus.runtime.identity.credentials import write_file

ELSEWHERE = {
    "init": "founds the fleet of this test",
    "up": "starts the nodes of this test",
    "join": "makes the second node of this test",
    "checkpoints": "a young fleet has none; test_pruning.py and test_checkpoints.py make some",
    "recovery begin": "needs the id of a plan; test_recovery_process.py begins one",
    "recovery abort": "needs a reunion; test_recovery_process.py takes one back",
    "recover": "needs a damaged store; test_recovery_process.py damages one",
    "top": "runs for ever; test_cli_live.py runs it",
    "watch": "runs for ever; test_api_commands.py runs it",
    "admit": "needs a newcomer that waits; tests/api/test_members_api.py admits one",
    "grant": "needs a founder that leads; tests/api/test_members_api.py has one",
    "key rotate": "needs a node of its own; unit/runtime/identity/test_rotating.py has one",
    "done": "needs the id of a message; test_messages_live.py runs it",
    "demo": "tests/demo runs it",
    "maelstrom": "reads until its input ends; tests/maelstrom runs it",
    "bench decide": "measures for seconds; tests/harness runs what it does",
    "bench http": "measures for seconds; bench/http_load.py runs what it does",
    "bench orset": "measures for seconds",
    "bench certificate": "measures for seconds; tests/harness runs what it does",
}
"""Examples that are not run in their turn, and why."""
EXAMPLES = {one.words: examples(one) for one in COMMANDS}
ANSWERS = "item,worker,label\ni0,w0,1\ni0,w1,1\ni1,w0,0\ni1,w1,0\n"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with two running nodes, made as the examples of init and join say."""
    folder = tmp_path_factory.mktemp("examples")
    before, home = Path.cwd(), os.environ.get("HOME", "")
    os.chdir(folder)
    os.environ["HOME"] = str(folder)
    fleet = Fleet(folder)
    try:
        first = _made(fleet, "init", folder / "n0")
        first.up("--unknown", "next")
        second = _made(fleet, "join", folder / "n1", first.run("invite")["ticket"])
        second.up()
        until(lambda: len(first.status()["neighbours"]) == 1)
        yield folder
    finally:
        fleet.close()
        os.chdir(before)
        os.environ["HOME"] = home


def _made(fleet: Fleet, command: str, home: Path, ticket: str = "") -> Proc:
    """A node of the example of a command, at addresses that are free."""
    (example,) = EXAMPLES[command]
    words = shlex.split(example.replace("credimus1-...", ticket))[1:]
    given = [
        one for at, one in enumerate(words) if not {one, words[at - 1]} & {"--listen", "--api"}
    ]
    credimus(*given, "--listen", free_address(), "--api", "127.0.0.1:0")
    node = Proc(home)
    fleet.nodes.append(node)
    return node


def test_only_known_examples_run_elsewhere() -> None:
    assert set(ELSEWHERE) <= set(EXAMPLES)
    assert all(EXAMPLES.values()), "every command has an example"


@pytest.mark.parametrize("words", [words for words in EXAMPLES if words not in ELSEWHERE])
def test_an_example_runs(words: str, stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIMUS_HOME", str(stage / "n0"))
    (stage / "answers.csv").write_text(ANSWERS)
    if not (stage / "passphrase").exists():
        write_file(stage / "passphrase", b"several random words\n", private=True)
    (stage / "truth.csv").write_text("item,label\ni0,1\ni1,0\n")
    if words == "verify":
        for before in ("certificate", "trust"):
            _run(EXAMPLES[before][0], before, stage)
    for example in EXAMPLES[words]:
        _run(example, words, stage)


def _run(example: str, words: str, stage: Path) -> None:
    command = _with_belief(example, words, stage)
    if ">" not in command:
        data: Any = credimus(*shlex.split(command)[1:])
        assert data
        return
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=stage, env={**os.environ, "PATH": path}, check=False
    )
    assert done.returncode == 0


def _with_belief(example: str, words: str, stage: Path) -> str:
    """The example with the id of what is there: a belief, of the other node to vote on, or our own.

    The first node leaves open what it knows nothing of, so that its vote is there to be cast.
    """
    if words == "token revoke":
        made = Proc(stage / "n0").run("token", "create", "--name", "gone", "--scope", "read")
        return example.replace("3f9c02aa41d7", made["id"])
    if words == "expel":
        return example.replace("3f9c02aa41d7", Proc(stage / "n1").run("status")["node"])
    about = ("vote", "retract", "why", "certificate", "propose", "relate", "share")
    if words not in about:
        return example
    node, other = Proc(stage / "n0"), Proc(stage / "n1")
    author = other if words == "vote" else node
    if words == "relate":
        target: str = node.run("assert", "related in an example")["belief"]
        example = example.replace("485b4591", target)
    more = ("--wait", "decided") if words in ("why", "certificate", "propose") else ()
    more = ("--readers", author.status()["node"]) if words == "share" else more
    belief: str = author.run("assert", f"said for the example of {words}", *more)["belief"]
    until(lambda: any(one["id"] == belief for one in node.run("beliefs")["beliefs"]))
    return example.replace("3f9c02aa", belief)

"""The tutorial's commands run, in their order, as they stand there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from desk import free_address
from processes import PATIENCE_S

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)
    for line in block.splitlines()
]
OUTPUTS = re.findall(r"```text\n(.*?)```", TUTORIAL.read_text(), re.DOTALL)
FIRST = "credimus init scout "
"""Takes the default ports; here it gets free ones, as every port that is named does."""


@contextmanager
def running(command: str, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """While a command runs that stays in the foreground; entered when it says that it is ready."""
    with subprocess.Popen(
        command.split(), cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        try:
            yield
        finally:
            process.terminate()


@pytest.fixture
def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    plain = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return {**plain, "PATH": path}


def _with_free_ports(commands: list[str]) -> list[str]:
    ports: dict[str, str] = {}
    placed = [f"{one} --listen {free_address()} --api {free_address()}" if one.startswith(FIRST)
              else one for one in commands]  # fmt: skip
    return [
        re.sub(
            r"127\.0\.0\.1:(?:744|870)\d",
            lambda found: ports.setdefault(found[0], free_address()),
            one,
        )
        for one in placed
    ]


def test_the_tutorial_runs(tmp_path: Path, environment: dict[str, str]) -> None:
    said: dict[str, str] = {}
    with ExitStack() as nodes:
        for command in _with_free_ports(COMMANDS):
            if command.startswith("credimus up "):
                nodes.enter_context(running(command, tmp_path, environment))
                continue
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=tmp_path, env=environment, capture_output=True, text=True,
                timeout=PATIENCE_S, check=False,
            )  # fmt: skip
            assert done.returncode == 0, (command, done.stdout, done.stderr)
            said[command] = done.stdout
    printed = {line.rstrip() for output in said.values() for line in output.splitlines()}
    shown = [line for block in OUTPUTS for line in block.splitlines() if "..." not in line]
    # Only the moment of the first assertion differs from day to day.
    undated = {_undated(line) for line in printed}
    assert [line for line in shown if _undated(line) not in undated] == []
    assert "The certificate holds." in printed


def _undated(line: str) -> str:
    return re.sub(r", since [-\d]+ [:\d]+$", ", since THEN", line.rstrip())

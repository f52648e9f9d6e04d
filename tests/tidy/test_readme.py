"""The README's Python examples run as they stand there."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from credimus.harness.local_fleet import free_ports

ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def run(arguments: list[str], folder: Path) -> str:
    """What a program prints, run in a folder."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """While the node of `n0` runs."""
    command = [sys.executable, "-m", "credimus", "up", "n0", "--json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        assert node.stdout.readline()
        yield
        node.terminate()


def test_there_are_three_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(number: int, tmp_path: Path) -> None:
    listen, api = free_ports(2)
    where = ["--listen", f"127.0.0.1:{listen}", "--api", f"127.0.0.1:{api}"]
    run(["-m", "credimus", "init", "n0", "--fleet", "harbour", "--name", "n0", *where], tmp_path)
    example = EXAMPLES[number]
    with running(tmp_path) if "connect(" in example else nullcontext():
        said = run(["-c", example], tmp_path)
    if "Node.open" in example:
        assert said == ("route 9: accepted, known to 1 of 1\ncontested if 1 more voted otherwise\n")
    if "connect(" in example:
        assert said == "route 9: accepted\n"

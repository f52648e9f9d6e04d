"""The README's Python examples run as they stand there."""

import re
import subprocess
import sys
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


def test_there_are_two_examples() -> None:
    assert len(EXAMPLES) == 2


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(number: int, tmp_path: Path) -> None:
    listen, api = free_ports(2)
    where = ["--listen", f"127.0.0.1:{listen}", "--api", f"127.0.0.1:{api}"]
    run(["-m", "credimus", "init", "n0", "--fleet", "harbour", "--name", "n0", *where], tmp_path)
    said = run(["-c", EXAMPLES[number]], tmp_path)
    if "Daemon" in EXAMPLES[number]:
        assert said == "route 9: accepted, known to 1 of the fleet\n"

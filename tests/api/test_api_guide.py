"""The examples of docs/http-api.md run as they stand there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from processes import Fleet

GUIDE = (Path(__file__).parents[2] / "docs" / "http-api.md").read_text()
EXAMPLES = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
EXPECTED = (
    '"verdict":"accepted"', "304", '"belief"', "`colour`", "retry: 1000", '"kind":"vote"',
    '"token":"credimus-token-', '"quorum":true',
)  # fmt: skip
"""What each prints, among other things."""


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_examples_run(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path)
    try:
        node = fleet.found()
        node.up()
        folder = str(Path(sys.executable).parent)
        environment = os.environ | {
            "NODE": node.status()["api"],
            "TOKEN": (node.home / "token").read_text().strip(),
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        }
        for example, expected in zip(EXAMPLES, EXPECTED, strict=True):
            done = subprocess.run(
                ["sh", "-euc", example], env=environment, capture_output=True, text=True,
                timeout=30, check=False,
            )  # fmt: skip
            assert done.returncode == 0, (example, done.stderr)
            assert expected in done.stdout, (example, done.stdout)
    finally:
        fleet.close()

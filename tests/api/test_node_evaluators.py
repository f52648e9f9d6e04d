"""A real process whose callback never returns: it answers, tells of it, and stops when told to."""

import io
import os
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from processes import Fleet, until

from credimus.cli.main import run

CALLBACK = """
import threading


{kind} judge(inquiry):
    threading.Event().wait()
"""
SETTINGS = """
[voting]
evaluators = ["callback"]
[voting.callback]
function = "stuck_judge:judge"
timeout_ms = 86400000
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    one = Fleet(tmp_path)
    yield one
    one.close()


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_callback_that_never_returns_stalls_no_node(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (tmp_path / "stuck_judge.py").write_text(CALLBACK.format(kind=kind))
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    node = fleet.found()
    config = node.home / "config.toml"
    config.write_text(config.read_text().partition("[voting]")[0] + SETTINGS)
    node.up()
    node.run("assert", "it rains")
    until(lambda: node.status()["evaluating"]["evaluators"][0]["asked"] == 1)
    node.run("assert", "it pours")
    printed = io.StringIO()
    with redirect_stdout(printed):
        assert run(["status", "--home", str(node.home)]) == 0
    assert re.search(r"callback +[12] asked, 0 answered, 0 left", printed.getvalue())
    assert node.stop() == 0

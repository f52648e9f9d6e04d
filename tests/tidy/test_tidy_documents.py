"""Layers hold, and pages that a script writes are current."""

import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_imports_point_down() -> None:
    script = (
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    )
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


MAKERS = sorted((ROOT / "docs").rglob("make_*.py"))


@pytest.mark.parametrize("path", MAKERS, ids=lambda path: path.stem)
def test_made_pages_are_current(path: Path) -> None:
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    maker = module_from_spec(spec)
    spec.loader.exec_module(maker)
    assert maker.PAGE.read_text() == maker.page(), f"run python {path.relative_to(ROOT)}"


def test_the_pages_that_are_made_are_known() -> None:
    assert [path.stem for path in MAKERS] == [
        "make_cli",
        "make_configuration",
        "make_events",
        "make_metrics",
        "make_openapi",
        "make_skill_picture",
        "make_errors",
        "make_limits",
    ]


def test_every_folder_of_tests_is_explained() -> None:
    pages = (ROOT / "CONTRIBUTING.md").read_text().partition("## Tests")[2]
    rows = [line.split("|")[1] for line in pages.splitlines() if line.startswith("| `")]
    named = {one for row in rows for one in re.findall(r"`(\w+)/`", row)}
    there = {one.name for one in (ROOT / "tests").iterdir() if any(one.rglob("test_*.py"))}
    assert named == there

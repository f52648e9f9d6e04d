"""Importing credimus loads nothing that is not asked for, and every public name is there."""

import importlib
import subprocess
import sys

import pytest

import credimus

LIGHT = "import sys; before = set(sys.modules); {}; print(*sorted(set(sys.modules) - before))"


def loaded_by(statement: str) -> set[str]:
    """The modules that a statement loads in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", LIGHT.format(statement)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(done.stdout.split())


def test_importing_credimus_loads_only_itself() -> None:
    assert loaded_by("import typing, credimus") - loaded_by("import typing") == {"credimus"}


@pytest.mark.parametrize(
    "statement",
    [
        "from credimus.crdt import ORSet",
        "from credimus import Explanation",
        "from credimus import Unavailable",
        "from credimus import connect",
    ],
)
def test_a_part_loads_neither_a_node_nor_its_links_nor_a_server(statement: str) -> None:
    loaded = loaded_by(statement)
    for heavy in ("zenoh", "starlette", "uvicorn", "rich", "credimus.node.node"):
        assert heavy not in loaded, statement


def test_values_that_merge_work_alone() -> None:
    assert not any(name.startswith("credimus.api") for name in loaded_by("import credimus.crdt"))


@pytest.mark.parametrize("name", credimus.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(credimus, name)
    assert name in dir(credimus)
    if name != "Judge":  # an alias; its page is the module's
        assert found.__doc__


def test_what_is_not_there_is_refused_as_anywhere() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nod'"):
        importlib.import_module("credimus").Nod  # noqa: B018

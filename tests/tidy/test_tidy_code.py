"""What a script can decide about the tree is decided here."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
CODE = [*SOURCES, *(ROOT / "bench").rglob("*.py"), *(ROOT / "docs").rglob("*.py")]
ALL_CODE = [*CODE, *(ROOT / "tests").rglob("*.py")]
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
BANNED = re.compile(r"manager|helper|util|service|blacklist|timestamp|vector_?clock", re.IGNORECASE)
FOREIGN = frozenset({"subject_alternative_name", "utime"})
"""Names that are not ours to choose."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree_of(path: Path) -> ast.Module:
    """A file, parsed."""
    return ast.parse(path.read_text())


def nodes(paths: list[Path], *kinds: type[ast.AST]) -> Iterator[tuple[Path, ast.AST]]:
    """Every node of these kinds in these files."""
    for path in paths:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, kinds):
                yield path, node


def place(path: Path, node: ast.AST) -> str:
    """Where something stands, to be clicked on."""
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def tracked() -> list[Path]:
    """Every file that git knows and that is there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def test_what_an_install_brings_is_used() -> None:
    """Every dependency is imported somewhere: numpy was two fifths of an install, and idle."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[<>=~;]", one)[0].strip().lower() for one in declared}
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for _, node in nodes(SOURCES, ast.Import, ast.ImportFrom)
    }
    tops = {name.partition(".")[0] for name in imported}
    of_top = packages_distributions()
    used = {name.lower().replace("_", "-") for top in tops for name in of_top.get(top, ())}
    assert sorted(names - used) == []


def test_files_that_are_named_in_the_code_are_there() -> None:
    """A file that moved takes along what others say of it."""
    there = [f"/{path.as_posix()}" for path in ALL_CODE]
    gone = [
        (path, name)
        for path in SOURCES
        for name in re.findall(r"(?<![\w/.])(?:[a-z_]+/)*[a-z_]+\.py\b", path.read_text())
        if not any(one.endswith(f"/{name}") for one in there)
    ]
    assert gone == []


def test_files_are_short() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in ALL_CODE}
    assert {str(p.relative_to(ROOT)): n for p, n in lengths.items() if n > FILE_LINES_MAX} == {}


def test_functions_are_short() -> None:
    long = {
        place(path, node): node.end_lineno - node.lineno + 1
        for path, node in nodes(CODE, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, Function)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= FUNCTION_LINES_MAX
    }
    assert long == {}


def names() -> Iterator[tuple[str, str]]:
    """(place, name) of everything in the sources that is named by us."""
    for path in SOURCES:
        yield str(path.relative_to(ROOT)), path.stem
    kinds = (*(Function.__args__), ast.ClassDef, ast.arg, ast.Name)
    for path, node in nodes(SOURCES, *kinds):
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                yield place(path, node), node.id
        else:
            yield place(path, node), getattr(node, "name", None) or getattr(node, "arg", "")


def test_no_word_that_says_nothing_is_part_of_a_name() -> None:
    found = [(where, name) for where, name in names() if BANNED.search(name)]
    assert [(where, name) for where, name in found if name not in FOREIGN] == []


def undocumented(path: Path, body: list[ast.stmt], inside: str = "") -> Iterator[str]:
    """Public classes, functions and methods without a docstring."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            if not ast.get_docstring(node) and not is_overload(node):
                yield f"{place(path, node)} {inside}{node.name}"
            if isinstance(node, ast.ClassDef):
                yield from undocumented(path, node.body, f"{node.name}.")


def is_overload(node: ast.AST) -> bool:
    """Whether a function only lends its types to another."""
    return any("overload" in ast.unparse(one) for one in getattr(node, "decorator_list", ()))


def test_everything_public_says_what_it_is() -> None:
    missing = [
        place(path, tree) for path in SOURCES if not ast.get_docstring(tree := tree_of(path))
    ]
    for path in SOURCES:
        missing += undocumented(path, tree_of(path).body)
    assert missing == []


MARKS = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
OWN_FOLDERS = re.compile(r"(?<![\w.}\]])/(home|Users|work|root)/\w")


def test_the_tree_names_no_folder_of_ours_and_nothing_left_to_do() -> None:
    found = []
    for path in tracked():
        if path.suffix in (".py", ".md", ".toml", ".yml", ".yaml", ".sh", ".css", ".js", ""):
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                if MARKS.search(line) or OWN_FOLDERS.search(line):
                    found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


def test_nothing_iterates_a_set_in_the_folds() -> None:
    """Order of a set can be seen; `sorted`, `len`, `in` and the like are fine."""
    folders = ("state", "lace", "protocol", "node")
    paths = [path for path in SOURCES if path.parent.name in folders or "protocol" in path.parts]
    found = [
        place(path, node)
        for path, node in nodes(paths, ast.For, ast.comprehension)
        if isinstance(getattr(node, "iter", None), ast.Set | ast.SetComp)
    ]
    assert found == []

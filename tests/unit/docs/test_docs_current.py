"""The pages say what the code does: limits, operations, faults, and links that lead somewhere."""

import ast
import re
import runpy
import typing
from pathlib import Path

import msgspec
import pytest

from credimus.kernel import limits
from credimus.state import member_operations, operations
from credimus.state.keeping_operations import ReaderBox

ROOT = Path(__file__).parents[3]
PROTOCOL = ROOT / "docs" / "protocol"
SOURCE = ROOT / "src" / "credimus"
HIDDEN = {"node_modules", "dist", "build"}
KINDS = typing.get_args(operations.Operation)
PARTS = (
    operations.Evidence, operations.Elector, operations.Rules, operations.Vote,
    operations.DotName, operations.Conclusion, ReaderBox,
    member_operations.Powers, member_operations.Exhibit, member_operations.CategoryLimit,
)  # fmt: skip


def pages() -> list[Path]:
    return [
        page for page in sorted(ROOT.rglob("*.md"))
        if not any(part.startswith(".") or part in HIDDEN for part in page.parts[len(ROOT.parts):])
    ]  # fmt: skip


def fault_codes() -> dict[str, set[str]]:
    """The codes of the faults that the source raises, with the modules that do."""
    found: dict[str, set[str]] = {}
    for module in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "PeerFault"
            ):
                assert isinstance(node.args[0], ast.Constant), f"{module}: a code is a literal"
                place = str(module.relative_to(SOURCE))
                found.setdefault(str(node.args[0].value), set()).add(place)
    return found


def test_the_limits_page_is_current() -> None:
    made = runpy.run_path(str(PROTOCOL / "make_limits.py"))
    current = (PROTOCOL / "limits.md").read_text()
    assert current == made["page"](), "run: .venv/bin/python docs/protocol/make_limits.py"
    names = [name for name in vars(limits) if name.isupper()]
    assert names
    for name in names:
        assert f"| `{name}` | {getattr(limits, name):,} |" in current
    assert set(names) >= made["AGREED"] | made["ON_THE_WIRE"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_operation_is_told(kind: type[msgspec.Struct]) -> None:
    page = (PROTOCOL / "operations.md").read_text()
    tag = kind.__struct_config__.tag
    heading = re.search(rf"^### {tag} `{kind.__name__}`.*?(?=^##)", page, re.MULTILINE | re.DOTALL)
    assert heading, f"operations.md has no section on {tag} {kind.__name__}"
    told = [re.findall(r"\w+", row.split("|")[1]) for row in heading[0].splitlines() if "|" in row]
    order = [name for names in told for name in names if name in kind.__struct_fields__]
    order = [name for name in dict.fromkeys(order) if name in kind.__struct_fields__]
    # A section tells its own fields first and then those of the parts inside; some names recur.
    assert order == list(kind.__struct_fields__)


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.__name__)
def test_every_part_of_an_operation_is_told(kind: type[msgspec.Struct]) -> None:
    page = (PROTOCOL / "operations.md").read_text()
    assert f"`{kind.__name__}` is `[{', '.join(kind.__struct_fields__)}]`" in page


@pytest.mark.parametrize(
    "numbers",
    [operations.Choice, operations.Scheme, operations.Aggregation, operations.Relation],
    ids=lambda numbers: numbers.__name__,
)
def test_every_number_is_told(numbers: typing.Any) -> None:
    page = (PROTOCOL / "operations.md").read_text()
    words = {
        "reputation": "the elector's weight",
        "confidence": "its confidence",
        "skill": "the evidence in it",
    }
    for one in numbers:
        word = one.name.lower().replace("_", " ")
        said = words.get(word, word) if numbers is operations.Aggregation else word
        assert f"{one.value} {said}" in page


@pytest.mark.parametrize("code", sorted(fault_codes()))
def test_every_fault_is_told(code: str) -> None:
    pages = ("blocks.md", "sync.md", "joining.md", "certificates.md", "checkpoints.md")
    told = "".join((PROTOCOL / name).read_text() for name in pages)
    assert f"`{code}`" in told, f"raised in {sorted(fault_codes()[code])}"


def test_the_index_of_the_protocol_is_whole() -> None:
    index = (PROTOCOL / "README.md").read_text()
    for page in PROTOCOL.glob("*.md"):
        if page.name not in ("README.md", "errors.md"):  # errors.md is about our own API
            assert f"]({page.name})" in index


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            continue
        there = page.parent / target.split("#")[0]
        assert there.exists(), f"{page.relative_to(ROOT)} links to {target}"
        assert there.resolve().is_relative_to(ROOT)

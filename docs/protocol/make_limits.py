"""Writes limits.md from kernel/limits.py: `python docs/protocol/make_limits.py`."""

import ast
from pathlib import Path

from credimus.kernel import limits

PAGE = Path(__file__).with_name("limits.md")
AGREED = frozenset(
    {
        "BELIEF_BYTES_MAX", "EVIDENCE_COUNT_MAX", "EVIDENCE_BYTES_MAX", "CATEGORY_BYTES_MAX",
        "REASON_BYTES_MAX", "NAME_BYTES_MAX", "TTL_MS_MAX", "BLOCK_BYTES_MAX",
        "BLOCK_OPERATIONS_MAX", "BLOCK_PARENTS_MAX", "ELECTORATE_MEMBERS_MAX", "WEIGHT_MAX",
        "ROUND_TIMEOUT_MS_MAX", "ATTEMPTS_MAX", "SEQUENCE_MAX", "READERS_MAX",
        "LIMITED_CATEGORIES_MAX", "CATEGORY_PER_HOUR_MAX", "CATEGORY_BURST_MAX",
    }
)  # fmt: skip
"""Those by which blocks are judged."""
ON_THE_WIRE = frozenset(
    {
        "WANTED_MAX",
        "FRONTIER_HEADS_MAX",
        "CLAIMS_MAX",
        "ROWS_MAX",
        "ROW_MEMBERS_MAX",
        "ANNOUNCED_MAX",
        "PUSH_HOPS_MAX",
        "RELAY_PATH_MAX",
        "RELAY_BYTES_MAX",
        "MESSAGE_BYTES_MAX",
        "MESSAGE_RESULT_BYTES_MAX",
        "ENVELOPE_BYTES_MAX",
    }
)
"""Those by which other messages are judged."""

HEAD = """# Limits

<!-- made by make_limits.py from src/credimus/kernel/limits.py; do not edit -->

Every bound of the core, with its unit and its reason.
`[seed]` marks a number that the requirements gave, `[measured]` one that was measured,
`[guess]` the rest.
"""
PARTS = (
    (
        "Agreed",
        """All nodes of a fleet must share these.
A block that breaks one is refused by everybody; a node with another number would end up with
another state.
A block is held to the *code points* of evidence, reasons and names, what a caller writes to the
same number of UTF-8 *bytes*; a belief's content is held to bytes in both.
See [operations.md](operations.md).""",
    ),
    (
        "On the wire",
        (
            "A message that breaks one of these is `malformed`; see [sync.md](sync.md),\n"
            "[membership.md](membership.md), [dissemination.md](dissemination.md) and\n"
            "[delivery.md](delivery.md)."
        ),
    ),
    ("Local", "Each node may choose these for itself."),
)


def constants() -> dict[str, tuple[int, str]]:
    """Name -> value and reason, in the order of the module."""
    found: dict[str, tuple[int, str]] = {}
    tree = ast.parse(Path(limits.__file__).read_text())
    for one, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name):
            name, reason = one.targets[0].id, ""
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                reason = " ".join(str(after.value.value).split())
            found[name] = (int(getattr(limits, name)), reason)
    return found


def page() -> str:
    """The text of limits.md."""
    found = constants()
    groups = {
        "Agreed": [name for name in found if name in AGREED],
        "On the wire": [name for name in found if name in ON_THE_WIRE],
        "Local": [name for name in found if name not in AGREED | ON_THE_WIRE],
    }
    lines = [HEAD]
    for title, what in PARTS:
        lines += [f"## {title}\n", f"{what}\n", "| name | value | meaning |", "|---|---|---|"]
        for name in groups[title]:
            value, reason = found[name]
            lines.append(f"| `{name}` | {value:,} | {reason.replace('|', '/')} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page())

"""Writes the published vectors anew, once both implementations agree on them.

`python tests/papers/rewrite_vectors.py`, after a change of the wire or the fold.
"""

import re
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import test_protocol_vectors as vectors  # noqa: E402 - found by the line above


def rewritten(block: str, fresh: dict[str, str]) -> str:
    """A block of vectors with those values that changed, in the widths that it has."""
    entries: list[list[str]] = []
    for line in block.splitlines():
        if line.startswith(" "):
            entries[-1].append(line)
        else:
            entries.append([line])
    return "\n".join(line for entry in entries for line in _entry(entry, fresh))


def _entry(lines: list[str], fresh: dict[str, str]) -> list[str]:
    name, first = re.split(r"  +", lines[0].strip())
    value = fresh[name]
    if value == "".join([first, *(line.strip() for line in lines[1:])]):
        return lines
    head = lines[0][: -len(first)]
    width = len(lines[0]) if len(lines) > 1 else len(head) + len(value)
    made = [head + value[: width - len(head)]]
    rest = value[width - len(head) :]
    while rest:
        made.append("    " + rest[: width - 4])
        rest = rest[width - 4 :]
    return made


def main() -> None:
    """Rewrite every page."""
    fresh = vectors.as_text(vectors.of_code())
    assert fresh == vectors.as_text(vectors.of_stranger()), "the two implementations differ"
    for page in sorted(vectors.DOCS.glob("*.md")):
        page.write_text(
            re.sub(
                r"^```vectors\n(.*?)^```",
                lambda found: "```vectors\n" + rewritten(found[1], fresh) + "\n```",
                page.read_text(),
                flags=re.MULTILINE | re.DOTALL,
            )
        )


if __name__ == "__main__":
    main()

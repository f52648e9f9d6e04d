"""Draws explanation/skill.svg from the tables of explanation/skill.md, which bench/truth.py prints.

python docs/make_skill_picture.py
"""

import re
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "explanation"
TABLES, PAGE = FOLDER / "skill.md", FOLDER / "skill.svg"
GREY, BLUE, GREEN = "#9aa0a6", "#3367d6", "#188038"
BAR, GAP, HEIGHT, TOP, LEFT = 13, 26, 190, 62, 44
LOW = 0.4
"""Where the axis begins; every figure is above."""


class Group(NamedTuple):
    """Some bars over one name."""

    name: str
    values: tuple[float, ...]


def page() -> str:
    """The picture, two charts side by side: all sets as they are, and three in ten bad."""
    tables = TABLES.read_text()
    left, right = by_set(tables), with_liars(tables)
    middle = LEFT + sum(width_of(one) for one in left) + 40
    end = middle + sum(width_of(one) for one in right) + 10
    parts = [
        (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {end} 300" '
        'font-family="sans-serif" font-size="11" fill="#444">'),
        "<title>Accuracy by majority and by skill</title>",
        f'<rect width="{end}" height="300" fill="white"/>',
        *legend(),
        *chart(LEFT, "Each set, all votes", left, (GREY, BLUE)),
        *chart(middle, "Three in ten answer badly", right, (GREY, BLUE, GREEN)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def by_set(tables: str) -> list[Group]:
    """Accuracy of the majority, and of skill by all votes."""
    rows = re.findall(r"^\| (\w+) \| [\d,]+ \| [\d.]+ \|([^|]+)\|([^|]+)\|", tables, re.MULTILINE)
    return [Group(name, (first(plain), first(skill))) for name, plain, skill in rows]


def with_liars(tables: str) -> list[Group]:
    """The means over three sets: majority, skill, and skill with independence."""
    rows = re.findall(r"^\| mean \| ([\w ]+) \|([^|]+)\|([^|]+)\|([^|]+)\|", tables, re.MULTILINE)
    return [Group(kind, tuple(map(first, values))) for kind, *values in rows]


def first(cell: str) -> float:
    """The first figure in a cell."""
    found = re.search(r"\d?\.\d+", cell)
    if found is None:
        raise SystemExit(f"no figure in {cell!r}")
    return float(found[0])


def width_of(group: Group) -> int:
    """How much room a group takes."""
    return max(len(group.values) * BAR + GAP, 7 * len(group.name))


def legend() -> list[str]:
    """What the colours mean."""
    names = (("majority", GREY), ("skill", BLUE), ("skill, independence", GREEN))
    return [
        f'<rect x="{LEFT + 90 * i}" y="8" width="10" height="10" fill="{colour}"/>'
        f'<text x="{LEFT + 14 + 90 * i}" y="17">{name}</text>'
        for i, (name, colour) in enumerate(names)
    ]


def chart(x: int, title: str, groups: list[Group], colours: tuple[str, ...]) -> list[str]:
    """Bars over a grid."""
    width = sum(width_of(one) for one in groups)
    parts = [f'<text x="{x}" y="44" font-weight="bold">{title}</text>']
    for tenth in range(round(LOW * 10), 11, 2):
        y = height_of(tenth / 10)
        parts.append(f'<path d="M{x} {y}h{width}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 6}" y="{y + 4}" text-anchor="end">{tenth / 10:.1f}</text>')
    for group in groups:
        room = width_of(group)
        at = x + (room - len(group.values) * BAR) // 2
        for number, (value, colour) in enumerate(zip(group.values, colours, strict=True)):
            y, left = height_of(value), at + number * BAR
            parts.append(
                f'<rect x="{left}" y="{y}" width="{BAR - 2}" height="{height_of(LOW) - y}" '
                f'fill="{colour}"><title>{group.name}: {value:.3f}</title></rect>'
            )
        parts.append(
            f'<text x="{x + room // 2}" y="{height_of(LOW) + 16}" text-anchor="middle">'
            f"{group.name}</text>"
        )
        x += room
    return parts


def height_of(value: float) -> int:
    """Where a value is on the axis."""
    return TOP + round(HEIGHT * (1 - value) / (1 - LOW))


if __name__ == "__main__":
    PAGE.write_text(page())

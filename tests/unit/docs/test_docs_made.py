"""What is made from the sources is whole: every code, every kind in full, every unit."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"


def rows(page: str) -> dict[str, list[list[str]]]:
    """The cells of a page's rows, by what stands first in them."""
    found: dict[str, list[list[str]]] = {}
    for line in (DOCS / page).read_text().splitlines():
        if named := re.match(r"\| `([^`]+)` \|", line):
            found.setdefault(named[1], []).append([one.strip() for one in line.split("|")[1:-1]])
    return found


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("bad-variable", "UsageError"),
        ("bad-option", "UsageError"),
        ("unreachable", "Unavailable"),
        ("bad-config", "UsageError"),
    ],
)
def test_codes_that_are_passed_on_and_of_classes_elsewhere_are_told(code: str, kind: str) -> None:
    assert {cells[1] for cells in rows("protocol/errors.md")[code]} == {kind}


def test_events_are_told_once_and_in_full() -> None:
    for kind, told in rows("events.md").items():
        (cells,) = told
        assert cells[1].endswith("."), kind
    for kind in ("recovering", "recovered"):
        assert "`diverged`" in rows("events.md")[kind][0][1]


def test_rates_and_bounds_have_their_units() -> None:
    units = {name: told[0][2] for name, told in rows("configuration.md").items()}
    assert (units["requests_per_s"], units["writes_per_s"]) == ("per s", "per s")
    assert (units["patience_ms_max"], units["pause_s_max"]) == ("ms", "s")
    assert (units["suspicion_ms_min"], units["timeout_ms"]) == ("ms", "ms")

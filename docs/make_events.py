"""Writes events.md from the facts that the folds report: `python docs/make_events.py`."""

from collections.abc import Sequence
from pathlib import Path

from credimus.api.endpoints.partitions import LOCAL_KINDS
from credimus.api.endpoints.violations import CONDUCT_KINDS
from credimus.api.shapes.answers import Event
from credimus.api.views.fleet import KINDS
from credimus.protocol.recovery.interface import RecoveryBegan, RecoveryEnded
from credimus.protocol.reunion.interface import ReunionBegan, ReunionEnded

PAGE = Path(__file__).with_name("events.md")

HEAD = """# Events

<!-- made by make_events.py from src/credimus/state/events.py; do not edit -->

What happens at a node, in order: by `credimus watch`, `node.watch()` in Python, `GET /v1/events`
(pages) and `GET /v1/events/stream` (server-sent events, as CloudEvents of the type
`credimus.<kind>`); see [the HTTP API](http-api.md).
A reader goes on after the last `cursor` that it saw, also after the node was started again.
Each node has an order of its own, so a cursor is good at the node that gave it.

| kind | what happened |
|---|---|
"""
MORE = {
    RecoveryBegan: "`reason` is why: `damaged` or `behind`.",
    RecoveryEnded: "`reason` tells what it said again and what is lost.",
    ReunionBegan: "`reason` begins with `diverged`.",
    ReunionEnded: "`reason` begins with `diverged`.",
}
"""What tells kinds apart that several events share."""
MISSED = (
    "| `missed` | The reader was too slow, or away too long; `missed` says how many went by. |\n"
)
LOCAL = """
What only this node saw, of its peers, of [splits](partitions.md) and of [wrongs](vigilance.md),
stands between those.
It is kept while the node runs, the newest 1,024; a cursor after it is good after a restart too.

| kind | what happened |
|---|---|
"""


def page() -> str:
    """The page."""
    rows = _rows(sorted(KINDS.items(), key=lambda one: one[1]))
    local = _rows([*LOCAL_KINDS.items(), *CONDUCT_KINDS.items()])
    fields = ", ".join(f"`{name}`" for name in Event.__struct_fields__)
    rest = f"\nFields: {fields}; those that say nothing of a kind have their defaults.\n"
    return f"{HEAD}{''.join(rows)}{MISSED}{LOCAL}{''.join(local)}{rest}"


def _rows(events: Sequence[tuple[type, str]]) -> list[str]:
    """A line for each kind; what happened in several ways is told in one."""
    told: dict[str, list[str]] = {}
    for event, kind in events:
        told.setdefault(kind, []).append(_words(event))
    return [f"| `{kind}` | {' Or: '.join(ways)} |\n" for kind, ways in told.items()]


def _words(event: type) -> str:
    """What is so, in full: the first paragraph of what the event says of itself."""
    words = (event.__doc__ or "").strip().partition("\n\n")[0]
    return " ".join([*words.split(), MORE.get(event, "")]).strip()


if __name__ == "__main__":
    PAGE.write_text(page())

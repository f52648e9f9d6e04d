"""Writes events.md from the facts that the folds report: `python docs/make_events.py`."""

from pathlib import Path

from credimus.api.endpoints.partitions import LOCAL_KINDS
from credimus.api.endpoints.violations import CONDUCT_KINDS
from credimus.api.shapes.answers import Event
from credimus.api.views.fleet import KINDS

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
    rows = [
        f"| `{kind}` | {(fact.__doc__ or '').strip().splitlines()[0]} |\n"
        for fact, kind in sorted(KINDS.items(), key=lambda one: one[1])
    ]
    local = [
        f"| `{kind}` | {(event.__doc__ or '').strip().splitlines()[0]} |\n"
        for event, kind in [*LOCAL_KINDS.items(), *CONDUCT_KINDS.items()]
    ]
    fields = ", ".join(f"`{name}`" for name in Event.__struct_fields__)
    rest = f"\nFields: {fields}; those that say nothing of a kind have their defaults.\n"
    return f"{HEAD}{''.join(rows)}{MISSED}{LOCAL}{''.join(local)}{rest}"


if __name__ == "__main__":
    PAGE.write_text(page())

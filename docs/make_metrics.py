"""Writes metrics.md from what a node shows when it is scraped: `python docs/make_metrics.py`."""

import tempfile
from pathlib import Path
from typing import Any

import msgspec

from credimus.api.endpoints.metrics import figures
from credimus.protocol.voting.interface import Ballot
from credimus.runtime.daemon import Daemon
from credimus.runtime.home import Home
from credimus.runtime.joining.joining import Plan, found_home
from credimus.runtime.settings.settings import CallbackSettings, read_settings

PAGE = Path(__file__).with_name("metrics.md")

HEAD = """# Metrics

<!-- made by make_metrics.py from what a node shows; do not edit -->

`GET /metrics` shows these in the text form of Prometheus; the token needs the scope `read`
(`credimus token create --scope read --name prometheus`).
Those of evaluators are there where a slow evaluator is configured.

| metric | type | what | labels |
|---|---|---|---|
"""


def page() -> str:
    """The page."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "n0")
        found_home(home, "pages", Plan(name="n0"))
        settings = read_settings(home.config)
        voting = msgspec.structs.replace(
            settings.voting,
            evaluators=("callback", "local"),
            callback=CallbackSettings(function="pages:none"),
        )
        settings = msgspec.structs.replace(settings, voting=voting)
        daemon = Daemon.load(home, settings, callback=_abstain)
        try:
            rows = sorted(_row(family) for family in figures(daemon))
        finally:
            daemon.store.close()
    return HEAD + "".join(rows)


def _abstain(_: object) -> Ballot | None:
    return None


def _row(family: Any) -> str:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = ", ".join(f"`{one}`" for one in family._labelnames)  # noqa: SLF001 - not public
    return f"| `{name}` | {family.type} | {family.documentation} | {labels} |\n"


if __name__ == "__main__":
    PAGE.write_text(page())

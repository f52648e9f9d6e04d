"""Runs a node in this process: settings with what the command line overrides, log on stderr."""

import asyncio
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from credimus.api.serving import serve
from credimus.kernel.errors import UsageError
from credimus.kernel.limits import ATTEMPTS_MAX, ROUND_TIMEOUT_MS_MAX
from credimus.runtime.daemon import Daemon
from credimus.runtime.home import Home
from credimus.runtime.settings import Settings, read_settings


class Overrides(NamedTuple):
    """Options of `up`; None leaves what config.toml says."""

    link: str | None = None
    knowledge: Path | None = None
    unknown: str | None = None
    scheme: str | None = None
    timeout_ms: int | None = None
    attempts_max: int | None = None


def run(
    home: Home, overrides: Overrides, log_level: str, announce: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Run the node of a folder until it is told to stop.

    Args:
        announce: called once it answers, with where.

    Raises:
        CredimusError: as `Daemon.load` and `serve`.
    """
    logging.basicConfig(
        stream=sys.stderr,
        level=log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    home.check_made()
    settings = overridden(read_settings(home.config), overrides)

    def told(daemon: Daemon) -> None:
        announce(_where(daemon))

    async def main() -> dict[str, Any]:
        daemon = Daemon.load(home, settings)
        await serve(daemon, told)
        return {"node": daemon.node.id.hex(), "blocks": len(daemon.node.lace)}

    return asyncio.run(main())


def overridden(settings: Settings, overrides: Overrides) -> Settings:
    """The settings with what the command line says.

    Raises:
        UsageError: `out-of-range`.
    """
    timeout_ms = overrides.timeout_ms
    if timeout_ms is not None and not 1 <= timeout_ms <= ROUND_TIMEOUT_MS_MAX:
        raise UsageError(
            "out-of-range", f"--timeout-ms is {timeout_ms}; give 1 to {ROUND_TIMEOUT_MS_MAX}."
        )
    attempts_max = overrides.attempts_max
    if attempts_max is not None and not 1 <= attempts_max <= ATTEMPTS_MAX:
        raise UsageError(
            "out-of-range", f"--attempts-max is {attempts_max}; give 1 to {ATTEMPTS_MAX}."
        )
    knowledge = overrides.knowledge
    voting = {
        "unknown": overrides.unknown,
        "scheme": overrides.scheme,
        "timeout_ms": timeout_ms,
        "attempts_max": attempts_max,
        "knowledge": None if knowledge is None else str(knowledge.expanduser().absolute()),
    }
    if overrides.scheme not in (None, settings.voting.scheme):
        settings = msgspec.structs.replace(
            settings, voting=msgspec.structs.replace(settings.voting, threshold=None)
        )
    given = {name: value for name, value in voting.items() if value is not None}
    link = overrides.link or settings.node.link
    return msgspec.structs.replace(
        settings,
        node=msgspec.structs.replace(settings.node, link=link),
        voting=msgspec.structs.replace(settings.voting, **given),
    )


def _where(daemon: Daemon) -> dict[str, Any]:
    node = daemon.settings.node
    return {
        "node": daemon.node.id.hex(),
        "name": node.name,
        "fleet": daemon.node.fleet.hex(),
        "fleet_name": daemon.settings.fleet.name,
        "listen": node.listen,
        "link": node.link,
        "api": daemon.url,
        "home": str(daemon.home),
    }

"""Runs a node in this process: settings with what the command line overrides, log on stderr."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from credimus.api.serving import serve
from credimus.runtime.daemon import Daemon
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import Ask
from credimus.runtime.settings.layers import resolve

_log = logging.getLogger(__name__)


def run(
    home: Home,
    options: Mapping[str, tuple[str, Any]],
    log_level: str,
    announce: Callable[[dict[str, Any]], None],
    ask: Ask,
) -> dict[str, Any]:
    """Run the node of a folder until it is told to stop.

    Args:
        options: as `resolve` takes them.
        announce: called once it answers, with where.
        ask: gives the passphrase of a protected key.

    Raises:
        CredimusError: as `resolve`, `Daemon.load` and `serve`.
    """
    logging.basicConfig(
        stream=sys.stderr,
        level=log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    home.check_made()
    resolved = resolve(home.config, os.environ, options)
    for warning in (*resolved.warnings, *resolved.idle):
        _log.warning("%s", warning)

    def told(daemon: Daemon) -> None:
        announce(_where(daemon))

    async def main() -> dict[str, Any]:
        def load(new_ask: Ask | None = None) -> Daemon:
            return Daemon.load(home, resolved.settings, ask=new_ask or ask)

        daemon = await serve(load(), told, load)
        return {"node": daemon.node.id.hex(), "blocks": len(daemon.node.lace)}

    return asyncio.run(main())


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

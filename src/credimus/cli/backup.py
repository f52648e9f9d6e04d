"""`credimus backup`: a copy of a node's folder, while it runs or not."""

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from credimus.cli.client import Client, home_of
from credimus.cli.options import Common
from credimus.cli.output import Outcome, say
from credimus.cli.progress import progress
from credimus.kernel.errors import Unavailable
from credimus.runtime.home import Home


def backup(
    destination: Annotated[Path, Parameter(help="A new folder outside of the node's.")],
    *,
    common: Common = Common(),
) -> Outcome:
    """Copy a node's folder, keys included, while the node runs or not.

    The copy is the same node: never run both. Restore it only when the original is lost, for it
    lacks what was written since (see docs/operating.md).
    Example: credimus backup ./n0-copy --home ./n0
    """
    from credimus.runtime.backup import back_up, copy_stopped

    home, target = home_of(common.home), Home(destination)
    home.check_made()
    target.check_free()
    running = _client(home)
    with progress("blocks") as told:
        if running is None:
            back_up(home, target, partial(copy_stopped, home, told=told))
        else:
            back_up(home, target, partial(_copy_running, home, running))
    data = {"home": str(home), "backup": str(target), "running": running is not None}
    return Outcome(data, lambda: say(f"{target} is a copy of {home}. Never run both."))


def _client(home: Home) -> Client | None:
    try:
        client = Client(home)
        client.get("/livez")
    except Unavailable:
        return None
    return client


def _copy_running(home: Home, client: Client, path: Path) -> None:
    from credimus.runtime.backup import take_copy

    client.post("/v1/backups", _PATIENCE_S)
    take_copy(home, path)


_PATIENCE_S = 600.0
"""How long a node may take to copy its database, in seconds. [guess: 300 GiB]"""

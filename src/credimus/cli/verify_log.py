"""`credimus log --verify`: the whole log checked, while the node runs or not."""

import tempfile
from pathlib import Path

from credimus.cli.client import Client
from credimus.cli.output import FAILED, OK, Outcome, say
from credimus.cli.progress import progress
from credimus.kernel.errors import Unavailable
from credimus.runtime.home import Home

_PATIENCE_S = 600.0
"""How long a node may take to copy its database, in seconds. [guess: 300 GiB]"""


def verify_log(home: Home, head: str | None) -> Outcome:
    """Check the log of a node's folder; of a running node a copy of it."""
    from credimus.runtime.audit.check import check_log
    from credimus.runtime.identity.credentials import name_of_key
    from credimus.runtime.settings.settings import read_settings

    home.check_made()
    fleet, public = read_settings(home.config).fleet_id, name_of_key(home.key).public
    client = _client(home)
    with progress("blocks") as told:
        if client is None:
            found = check_log(home.database, fleet, public, head, told)
        else:
            with tempfile.TemporaryDirectory(prefix="credimus-") as folder:
                copy = Path(folder) / home.database.name
                _take(home, client, copy)
                found = check_log(copy, fleet, public, head, told)
    broken = found.broken

    def show() -> None:
        if found.checkpoint:
            say(f"It begins from checkpoint {found.checkpoint}, which its members certify.")
        say(f"{found.blocks} blocks of {found.authors} authors and {found.actions} actions hold.")
        if broken is None:
            say(f"head {found.head}")
            return
        at = f"row {broken.row}" if broken.row is not None else "the file"
        block = f" (block {broken.block})" if broken.block is not None else ""
        say(f"BROKEN at {at} of {broken.table}{block}: {broken.why}")

    import msgspec

    return Outcome(msgspec.to_builtins(found), show, OK if broken is None else FAILED)


def _client(home: Home) -> Client | None:
    try:
        client = Client(home)
        client.get("/livez")
    except Unavailable:
        return None
    return client


def _take(home: Home, client: Client, copy: Path) -> None:
    from credimus.runtime.backup import take_copy

    client.post("/v1/backups", _PATIENCE_S)
    take_copy(home, copy)

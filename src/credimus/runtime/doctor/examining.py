"""All checks, in the order in which they are best mended."""

import time
from collections.abc import Mapping

from credimus.kernel.errors import CredimusError
from credimus.runtime.doctor.certificates import check_certificates
from credimus.runtime.doctor.clock import check_clock
from credimus.runtime.doctor.database import Examined, Progress, check_database, database_of
from credimus.runtime.doctor.disk import check_disk
from credimus.runtime.doctor.files import check_files
from credimus.runtime.doctor.finding import Answers, Finding, of_error, ok, warning
from credimus.runtime.doctor.peers import Peer, check_addresses, check_peers, peers_of
from credimus.runtime.doctor.ports import check_ports
from credimus.runtime.doctor.retention import check_retention
from credimus.runtime.doctor.use import check_use, lock_holder
from credimus.runtime.doctor.versions import check_versions
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import name_of_key
from credimus.runtime.settings.layers import resolve
from credimus.runtime.settings.settings import Settings


def examine(
    home: Home,
    variables: Mapping[str, str],
    running: Answers | None,
    told: Progress | None = None,
) -> list[Finding]:
    """Everything that the checks find, good and bad.

    Args:
        variables: the environment, for the settings.
        running: what the node says of itself; None when none answers.
        told: of the database's check.
    """
    settings, found = check_settings(home, variables)
    found += check_files(home)
    found += check_use(home, running)
    if settings is not None:
        found += check_ports(settings.node, running)
    found += check_certificates(home)
    found += check_disk(home)
    log = _log(home, settings, running, told)
    found += log.findings
    wall_ms = time.time_ns() // 1_000_000
    found += check_clock(wall_ms, log.newest_ms)
    if settings is not None:
        found += check_retention(settings.checkpoints, wall_ms, running)
    if settings is not None and (running is not None or log.members):
        everybody = peers_of(running) if running is not None else _members(log, home)
        others = [one for one in everybody if not one.is_self]
        found += check_peers(others, settings.node.link, running=running is not None)
        found += check_addresses(everybody)
    return found + check_versions(running)


def check_settings(
    home: Home, variables: Mapping[str, str]
) -> tuple[Settings | None, list[Finding]]:
    """The settings as `up` would find them, and what is wrong with them."""
    try:
        resolved = resolve(home.config, variables)
        resolved.settings.core()
    except CredimusError as error:
        return None, [of_error("settings", error)]
    found = [warning("settings", one, "mend the name, or unset it") for one in resolved.warnings]
    return resolved.settings, [*found, ok("settings", f"{home.config} can be used")]


def _log(
    home: Home, settings: Settings | None, running: Answers | None, told: Progress | None
) -> Examined:
    if running is not None:
        return database_of(running)
    if lock_holder(home) is not None:
        return Examined([])  # told by the check of the process
    return check_database(home, settings, told)


def _members(log: Examined, home: Home) -> list[Peer]:
    """The members as the read models of a stopped node name them."""
    own = name_of_key(home.key).node_id
    return [
        Peer(one.name, one.address, connected=False, is_self=one.id == own) for one in log.members
    ]

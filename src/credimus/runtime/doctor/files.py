"""Files of the folder: there, ours, and for nobody else to read."""

import os
import stat
from pathlib import Path

from credimus.kernel.errors import CredimusError
from credimus.runtime.access.tokens import read_token
from credimus.runtime.doctor.finding import Finding, of_error, ok, problem, warning
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import LinkPaths

CHECK = "files"
_LOST = "restore it from a backup, or join anew"


def secret_files(home: Home) -> list[Path]:
    """The files that only their owner may read."""
    folder = home.folder
    return [home.key, home.token, LinkPaths.inside(folder).key, folder / "fleet-ca.key"]


def check_files(home: Home) -> list[Finding]:
    """Whether every secret is there with mode 0600, and all is owned by whoever asks."""
    found = []
    for path in secret_files(home):
        anew = "start the node again: it makes a new one" if path == home.token else _LOST
        found += _check_secret(path, anew)
    if not found:
        found += _check_token(home)
    found += _check_database(home.database)
    mode = stat.S_IMODE(home.folder.stat().st_mode)
    if mode & 0o022:
        found.append(
            problem(
                CHECK,
                f"{home} has mode {mode:04o}, so others can replace its files",
                f"chmod 700 {home}",
            )
        )
    strangers = sorted(
        path.name for path in home.folder.iterdir() if path.lstat().st_uid != os.getuid()
    )
    if strangers:
        found.append(
            problem(
                CHECK,
                f"not owned by this user: {', '.join(strangers)}",
                f"run as the node's user, or: chown -R {os.getuid()} {home}",
            )
        )
    return found or [ok(CHECK, "secrets have mode 0600 and belong to this user")]


def _check_secret(path: Path, mending: str) -> list[Finding]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return [problem(CHECK, f"{path} is missing", mending)]
    if mode & 0o077:
        return [
            problem(
                CHECK,
                f"{path} has mode {mode:04o}, so others can read a secret",
                f"chmod 600 {path}",
            )
        ]
    return []


def _check_token(home: Home) -> list[Finding]:
    try:
        read_token(home.token)
    except CredimusError as error:
        return [of_error(CHECK, error)]
    return []


def _check_database(path: Path) -> list[Finding]:
    """The log is no secret key, and still nobody else's to read."""
    if not path.exists():
        return []  # told by the check of the database
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return [warning(CHECK, f"{path} has mode {mode:04o}", f"chmod 600 {path}")]
    return []

"""Versions: of this program and the one that runs, of Python, of SQLite."""

import platform
import sqlite3

from credimus import __version__
from credimus.runtime.doctor.finding import Answers, Finding, ok, problem, warning

CHECK = "versions"
SQLITE_MIN = (3, 35, 0)
"""The first with all that the store's statements use. [guess]"""


def check_versions(running: Answers | None) -> list[Finding]:
    """Whether what runs is what is installed, on libraries that are new enough."""
    with sqlite3.connect(":memory:") as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    connection.close()
    found = [] if running is None else _skew(running.status["version"])
    if sqlite3.sqlite_version_info < SQLITE_MIN or "ENABLE_FTS5" not in options:
        found.append(
            problem(
                CHECK,
                f"SQLite {sqlite3.sqlite_version} is too old, or lacks full text (FTS5)",
                "use a Python whose SQLite is newer than 3.35 and has FTS5",
            )
        )
    words = f"credimus {__version__}, Python {platform.python_version()}"
    return [*found, ok(CHECK, f"{words}, SQLite {sqlite3.sqlite_version}")]


def _skew(theirs: str) -> list[Finding]:
    if theirs == __version__:
        return []
    return [
        warning(
            CHECK,
            f"the running node is credimus {theirs}, this command is {__version__}",
            "restart the node to run what is installed",
        )
    ]

"""Tables of the log and the facts, their version, and the check of every page at opening."""

import re
import sqlite3
from pathlib import Path
from typing import Final

from credimus.kernel.errors import StorageError
from credimus.runtime.store import failures

VERSION: Final = 3
"""Raised with every change that an older credimus can not read."""
APPLICATION: Final = 0x63726564
"""`cred`: marks the file as ours."""

_PARTS: Final = {
    "blocks": """CREATE TABLE blocks (
        position INTEGER PRIMARY KEY,
        id BLOB NOT NULL,
        author BLOB NOT NULL,
        sequence INTEGER NOT NULL,
        stamp INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        wire BLOB NOT NULL
    )""",
    "facts": """CREATE TABLE facts (
        age INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        family TEXT NOT NULL,
        checksum INTEGER NOT NULL,
        value BLOB NOT NULL
    )""",
    "facts_by_family": "CREATE INDEX facts_by_family ON facts (family, age)",
}
_FAULTS_SHOWN: Final = 3


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is not ours, or of another schema.

    Raises:
        StorageError: `schema-newer`, `schema-older` or `corrupt`.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    found = dict(connection.execute("SELECT name, sql FROM sqlite_schema"))
    if not found and not version and not application:
        return
    if application != APPLICATION or version < 1:
        raise failures.corrupt(path, "this is not a database of credimus, or page 1 was altered")
    if version > VERSION:
        raise StorageError(
            "schema-newer",
            f"{path} has schema {version}; this credimus reads up to {VERSION}. Nothing was "
            "changed. Start the newer credimus that wrote it, or update this one.",
        )
    if version < VERSION:
        raise StorageError(
            "schema-older",
            f"{path} has schema {version}, of a version before the first release. Nothing was "
            "changed. Join the fleet anew from an empty folder.",
        )
    for name, text in _PARTS.items():
        if found.get(name) != text:
            raise failures.corrupt(path, f"table sqlite_schema, row {name} (page 1) was altered")


def check_pages(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file with a damaged page or an index that does not match its table.

    Raises:
        StorageError: `corrupt`, naming tables and pages.
    """
    faults = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_FAULTS_SHOWN})")]
    if faults != ["ok"]:
        raise failures.corrupt(path, "; ".join(_named(connection, fault) for fault in faults))


def create(connection: sqlite3.Connection) -> None:
    """Make the tables that are missing, in one transaction."""
    if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    for statement in _PARTS.values():
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def _named(connection: sqlite3.Connection, fault: str) -> str:
    """A fault as SQLite words it, with the name of the table or index whose page it is."""
    fault = " ".join(fault.split())
    found = re.search(r"(?:[Tt]ree|[Pp]age) (\d+)", fault)
    if found is None:
        return fault
    try:
        owner = connection.execute(
            "SELECT name FROM dbstat WHERE pageno = ?", (int(found[1]),)
        ).fetchone()
    except failures.PROBLEMS:  # dbstat is optional, and walks the damaged tree itself
        owner = None
    return f"{fault} (table {owner[0]})" if owner else fault

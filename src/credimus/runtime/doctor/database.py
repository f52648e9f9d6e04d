"""The log of a node that does not run: every page, every block, and what is derived from them.

It is opened as `up` opens it, so that a torn tail is repaired, as it would be then. While the node
runs the file is not touched: the node checks each row that it reads, and says so itself.
"""

from collections.abc import Callable
from typing import NamedTuple

from credimus.kernel.errors import CredimusError
from credimus.kernel.hlc import wall_ms_of
from credimus.runtime.daemon import check_owner
from credimus.runtime.doctor.finding import Answers, Finding, of_error, ok, problem, warning
from credimus.runtime.home import Home
from credimus.runtime.identity.credentials import name_of_key
from credimus.runtime.settings.settings import Settings
from credimus.runtime.store import readmodel_schema, schema
from credimus.runtime.store.interface import MemberRow
from credimus.runtime.store.readmodel import ReadModels
from credimus.runtime.store.sqlite import SqliteStore, kept_store

CHECK = "database"
Progress = Callable[[int, int], None]


class Examined(NamedTuple):
    """What was found, and what other checks want to know of it."""

    findings: list[Finding]
    newest_ms: int | None = None
    """The latest stamp of any block."""
    members: tuple[MemberRow, ...] = ()


def database_of(running: Answers) -> Examined:
    """What a running node says of its log."""
    status = running.status
    words = f"{status['blocks']:,} blocks, in use; every page is checked when the node is stopped"
    return Examined([ok(CHECK, words)], status["latest_ms"])


def check_database(home: Home, settings: Settings | None, told: Progress | None) -> Examined:
    """Read the whole log of a node that does not run.

    Args:
        told: called with the blocks read so far, and how many there are.

    Cost: some 10 us a block, and 2 s a GiB.
    """
    try:
        store = kept_store(home.database)
    except CredimusError as error:
        return Examined([of_error(CHECK, error)])
    try:
        return _examine(home, settings, store, told)
    except CredimusError as error:
        return Examined([of_error(CHECK, error)])
    finally:
        store.close()


def _examine(
    home: Home, settings: Settings | None, store: SqliteStore, told: Progress | None
) -> Examined:
    schema.check_pages(store.database.connection, store.database.path)
    key = name_of_key(home.key)
    if settings is not None:
        check_owner(home, store, settings, key)
    newest = count = 0
    own: set[int] = set()
    forked = False
    for block in store.blocks():
        count += 1
        newest = max(newest, block.stamp)
        if block.author == key.node_id:
            forked = forked or block.sequence in own
            own.add(block.sequence)
        if told is not None:
            told(count, store.block_count)
    found = [ok(CHECK, f"{count:,} blocks, every page and block intact")]
    if forked:
        found.append(
            problem(
                CHECK,
                "the node's own chain is forked: this folder is an old copy, or a second node has "
                "its key; it writes no more",
                "join anew in an empty folder (see docs/operating.md)",
            )
        )
    rows, doubts = _read_models(store)
    return Examined(found + doubts, wall_ms_of(newest) if count else None, tuple(rows))


def _read_models(store: SqliteStore) -> tuple[list[MemberRow], list[Finding]]:
    """The members, and what is wrong with what is derived from the log."""
    mending = "nothing: the node makes them anew from the log when it starts"
    if not readmodel_schema.complete(store.database.connection):
        return [], [warning(CHECK, "the read models are missing", mending)]
    models = ReadModels(store.database)
    try:
        models.check()
        return models.members(), []
    except CredimusError as error:
        return [], [warning(CHECK, error.message.partition(". ")[0], mending)]

"""What queries read: beliefs, rounds and members as the folds had them at a position of the log.

Derived, in the log's own database: `clear` loses nothing, the driver projects its state again.
Deliberately not here: folding. Rows come from the state, this only keeps and finds them.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any, TypeVar

from msgspec.json import encode as encode_json
from msgspec.structs import astuple

from credimus.kernel.errors import InternalError, StorageError, UsageError
from credimus.runtime.store import failures
from credimus.runtime.store import readmodel_schema as schema
from credimus.runtime.store.checksum import row_checksum
from credimus.runtime.store.database import Database
from credimus.runtime.store.interface import (
    QUERY_ROWS_MAX,
    BeliefQuery,
    BeliefRow,
    MemberRow,
    RoundRow,
    read_cursor,
)

Row = TypeVar("Row", BeliefRow, RoundRow, MemberRow)
_EVERYTHING = BeliefQuery()


class ReadModels:
    """Tables that answer queries; made anew, and empty, when missing or of another shape.

    Invariant: a row that is served is the row that was projected, by its checksum.
    """

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database
        try:
            complete = schema.complete(database.connection)
        except failures.PROBLEMS as problem:
            raise failures.translate(problem, database.path, "the schema") from None
        if not complete:
            self.clear()

    def position(self) -> int | None:
        """How many blocks of the log the rows reflect, or None before the first projection."""
        rows = self._read("SELECT position, checksum FROM read_models", (), "read_models")
        if not rows:
            return None
        position, checksum = rows[0]
        if len(rows) > 1 or row_checksum(position) != checksum:
            raise self._altered("read_models", "of the position")
        return int(position)

    def clear(self) -> None:
        """Drop every row and make the tables anew.

        Raises:
            StorageError: `corrupt` when even their definitions were altered.
        """
        try:
            self._database.write(schema.make, "the read models")
        except InternalError as problem:
            raise failures.corrupt(
                self._database.path, f"table sqlite_schema was altered ({problem.message})"
            ) from None

    def project(
        self,
        position: int,
        beliefs: Iterable[BeliefRow],
        rounds: Iterable[RoundRow],
        members: Iterable[MemberRow],
        gone: Iterable[bytes] = (),
    ) -> None:
        """Drop the beliefs and rounds of some ids, insert or replace rows by id, all in one
        transaction.

        Args:
            position: blocks of the log that the read models reflect from now on.
            members: all there are, or none when none of them changed.

        Cost: one fsync, so batch; then 15 us for a new belief, 12 for a changed one, 5 a round.
        """
        # Each belief once: the trigger for a new wording must find the old one indexed.
        latest = {row.id: row for row in beliefs}.values()
        belief_rows = [(*astuple(row), row_checksum(row)) for row in latest]
        round_rows = [(*astuple(row), row_checksum(row), row.belief) for row in rounds]
        member_rows = [(*astuple(row), row_checksum(row)) for row in members]

        gone_ids = [(one,) for one in gone]
        named = encode_json([one.hex().upper() for (one,) in gone_ids]).decode()

        def work(connection: sqlite3.Connection) -> None:
            if gone_ids:
                connection.executemany(schema.UNINDEX_WORDS, gone_ids)
                connection.executemany(schema.DROP_ROUNDS_OF, gone_ids)
                connection.executemany(schema.DROP_BELIEF, gone_ids)
                connection.execute(schema.DROP_ROUNDS, (named,))
            last = connection.execute("SELECT max(number) FROM beliefs").fetchone()[0] or 0
            connection.executemany(schema.PUT_BELIEF, belief_rows)
            connection.execute(schema.INDEX_WORDS, (last,))
            if connection.execute(schema.ROUND_WITHOUT_PLACE).fetchone():
                connection.executemany(
                    schema.FORGET_PLACE, [(row[2], row[0]) for row in round_rows]
                )
            connection.executemany(schema.PUT_ROUND, round_rows)
            if member_rows:
                connection.execute("DELETE FROM members")
            connection.executemany(schema.PUT_MEMBER, member_rows)
            connection.execute("DELETE FROM read_models")
            connection.execute(
                "INSERT INTO read_models VALUES (?, ?)", (position, row_checksum(position))
            )

        self._write(work)

    def beliefs(self, query: BeliefQuery = _EVERYTHING) -> list[BeliefRow]:
        """The beliefs that meet every condition, newest first stamp first, then by id.

        Raises:
            UsageError: `out-of-range` or `bad-cursor`.
            StorageError: `read-models-corrupt`, naming the file, table and row.
        """
        if not 1 <= query.limit <= QUERY_ROWS_MAX:
            raise UsageError(
                "out-of-range", f"limit is {query.limit}; give a number from 1 to {QUERY_ROWS_MAX}."
            )
        conditions, values = _conditions(query)
        if query.text is not None and query.text.strip():
            expression = schema.match_expression(schema.storable(query.text))
            if expression is None:
                return []
            conditions.append(
                "number IN (SELECT rowid FROM belief_words WHERE belief_words MATCH ?)"
            )
            values.append(expression)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._read(
            f"{schema.BELIEFS} {where} ORDER BY first_stamp DESC, id LIMIT ?",
            (*values, query.limit),
            "beliefs",
        )
        return [self._verified(BeliefRow, row, "beliefs") for row in rows]

    def belief(self, id_: bytes) -> BeliefRow | None:
        """One belief, or None."""
        rows = self._read(f"{schema.BELIEFS} WHERE id = ?", (id_,), "beliefs")
        return self._verified(BeliefRow, rows[0], "beliefs") if rows else None

    def rounds(self, belief: bytes) -> list[RoundRow]:
        """The rounds of a belief, first attempt first."""
        rows = self._read(schema.ROUNDS_OF, (belief, belief), "rounds")
        return [self._verified(RoundRow, row, "rounds") for row in rows]

    def members(self) -> list[MemberRow]:
        """Every present member, in order of admission, then id."""
        rows = self._read(
            f"{schema.MEMBERS} ORDER BY admitted_stamp, id",
            (),
            "members",
        )
        return [
            self._verified(MemberRow, (*row[:4], row[4] != 0, row[5]), "members") for row in rows
        ]

    def check(self) -> None:
        """Compare what is stored twice: words with texts, rounds with their beliefs' places.

        Run it after opening, and `clear` when it raises. Pages and indices were checked then.

        Cost: about 3 us a belief and 1 us a round.

        Raises:
            StorageError: `read-models-corrupt`.
        """
        self._write(lambda connection: connection.execute(schema.CHECK_WORDS))
        lost = self._read(schema.LOST_ROUND, (), "rounds")
        if lost:
            raise self._altered("rounds", lost[0][0].lower())

    def _verified(self, kind: type[Row], row: tuple[Any, ...], table: str) -> Row:
        """The row as it was projected."""
        *columns, checksum = row
        value = kind(*columns)
        if row_checksum(value) != checksum:
            name = columns[0].hex() if isinstance(columns[0], bytes) else repr(columns[0])
            raise self._altered(table, name)
        return value

    def _altered(self, table: str, row: str) -> StorageError:
        return failures.read_models_corrupt(
            self._database.path, f"table {table}, row {row} was altered after it was written"
        )

    def _read(
        self, statement: str, values: tuple[object, ...], table: str
    ) -> list[tuple[Any, ...]]:
        """Rows; damage that SQLite notices is named as damage of the read models."""
        try:
            return self._database.read(statement, values, f"table {table}")
        except StorageError as problem:
            raise self._derived(problem) from None

    def _write(self, work: Any) -> None:
        try:
            self._database.write(work, "the read models", synced=False)
        except StorageError as problem:
            raise self._derived(problem) from None

    def _derived(self, problem: StorageError) -> StorageError:
        if problem.code != "corrupt":
            return problem
        what = problem.message.removeprefix(f"{self._database.path}: ").split(". ")[0]
        return failures.read_models_corrupt(self._database.path, what)


def _conditions(query: BeliefQuery) -> tuple[list[str], list[object]]:
    """SQL conditions and their values, but for the text."""
    conditions: list[str] = []
    values: list[object] = []
    if query.category is not None:
        conditions.append("category = ?")
        values.append(schema.storable(query.category))
    if query.verdict is not None:
        conditions.append("verdict = ?")
        values.append(schema.storable(query.verdict))
    if query.since is not None:
        conditions.append("first_stamp >= ?")
        values.append(min(max(query.since, 0), (1 << 63) - 1))
    if query.cursor is not None:
        stamp, identifier = read_cursor(query.cursor)
        conditions.append("first_stamp <= ? AND (first_stamp < ? OR id > ?)")
        values += [stamp, stamp, identifier]
    return conditions, values

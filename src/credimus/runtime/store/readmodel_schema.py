"""Tables of the read models, their shape, and user text made into a safe full-text query.

Measured in batches of 1,000 on an idle machine: a new belief of 14 words costs 15 us, of which the
full text is 6 and each index 1; a changed one 12 us, a round 5 us. A busy one: half as much again.
"""

import sqlite3
from typing import Final

from credimus.runtime.store.interface import QUERY_TERMS_MAX

BELIEFS: Final = (
    "SELECT id, category, content, confidence, first_stamp, changed_stamp, verdict, attempt, "
    "assertion_count, checksum FROM beliefs"
)
ROUNDS: Final = (
    "SELECT id, belief, attempt, scheme, verdict, opened_stamp, accept_count, reject_count, "
    "abstain_count, elector_count, decided_stamp, checksum FROM rounds"
)
MEMBERS: Final = "SELECT id, name, address, admitted_stamp, active, checksum FROM members"

PARTS: Final = {
    "beliefs": """CREATE TABLE beliefs (
        number INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        category TEXT NOT NULL,
        content TEXT NOT NULL,
        confidence INTEGER NOT NULL,
        first_stamp INTEGER NOT NULL,
        changed_stamp INTEGER NOT NULL,
        verdict TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        assertion_count INTEGER NOT NULL,
        checksum INTEGER NOT NULL
    )""",
    "beliefs_by_stamp": "CREATE INDEX beliefs_by_stamp ON beliefs (first_stamp)",
    "beliefs_by_category": "CREATE INDEX beliefs_by_category ON beliefs (category, first_stamp)",
    "beliefs_by_verdict": "CREATE INDEX beliefs_by_verdict ON beliefs (verdict, first_stamp)",
    # The text is not stored twice; contentless tables with deletion need SQLite 3.43.
    "belief_words": """CREATE VIRTUAL TABLE belief_words USING fts5 (
        content, content = 'beliefs', content_rowid = 'number', columnsize = 0,
        tokenize = 'unicode61 remove_diacritics 2'
    )""",
    # Only for a new wording, which is rare: a trigger makes full text flush at every row (48 us a
    # belief, not 15), so that new beliefs are indexed by one statement after the batch.
    "belief_reworded": """CREATE TRIGGER belief_reworded AFTER UPDATE OF content ON beliefs
        WHEN old.content IS NOT new.content BEGIN
        INSERT INTO belief_words (belief_words, rowid, content)
            VALUES ('delete', old.number, old.content);
        INSERT INTO belief_words (rowid, content) VALUES (new.number, new.content);
    END""",
    # `place` is the number of the belief, or 0 while that is not known: keyed by belief, which is
    # random, every round would dirty a page of its own (14 us a round at 50,000, not 6).
    "rounds": """CREATE TABLE rounds (
        place INTEGER NOT NULL,
        belief BLOB NOT NULL,
        attempt INTEGER NOT NULL,
        id BLOB NOT NULL,
        scheme TEXT NOT NULL,
        verdict TEXT NOT NULL,
        opened_stamp INTEGER NOT NULL,
        accept_count INTEGER NOT NULL,
        reject_count INTEGER NOT NULL,
        abstain_count INTEGER NOT NULL,
        elector_count INTEGER NOT NULL,
        decided_stamp INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (place, attempt, id)
    ) WITHOUT ROWID""",
    "members": """CREATE TABLE members (
        id BLOB PRIMARY KEY,
        name TEXT NOT NULL,
        address TEXT NOT NULL,
        admitted_stamp INTEGER NOT NULL,
        active INTEGER NOT NULL,
        checksum INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "read_models": """CREATE TABLE read_models (
        position INTEGER PRIMARY KEY,
        checksum INTEGER NOT NULL
    )""",
}
"""Each part by its name; what the file holds must equal this text, or all are made anew."""

PUT_BELIEF: Final = """INSERT INTO beliefs (
        id, category, content, confidence, first_stamp, changed_stamp, verdict, attempt,
        assertion_count, checksum
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET category = excluded.category, content = excluded.content,
        confidence = excluded.confidence, first_stamp = excluded.first_stamp,
        changed_stamp = excluded.changed_stamp, verdict = excluded.verdict,
        attempt = excluded.attempt, assertion_count = excluded.assertion_count,
        checksum = excluded.checksum"""
INDEX_WORDS: Final = """INSERT INTO belief_words (rowid, content)
    SELECT number, content FROM beliefs WHERE number > ? ORDER BY number"""
UNINDEX_WORDS: Final = """INSERT INTO belief_words (belief_words, rowid, content)
    SELECT 'delete', number, content FROM beliefs WHERE id = ?"""
DROP_BELIEF: Final = "DELETE FROM beliefs WHERE id = ?"
DROP_ROUNDS_OF: Final = """DELETE FROM rounds
    WHERE place = (SELECT number FROM beliefs WHERE id = ?)"""
DROP_ROUNDS: Final = """DELETE FROM rounds
    WHERE hex(id) IN (SELECT value FROM json_each(?))"""
PUT_ROUND: Final = """INSERT OR REPLACE INTO rounds (
        id, belief, attempt, scheme, verdict, opened_stamp, accept_count, reject_count,
        abstain_count, elector_count, decided_stamp, checksum, place
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
        coalesce((SELECT number FROM beliefs WHERE id = ?), 0))"""
ROUND_WITHOUT_PLACE: Final = "SELECT 1 FROM rounds WHERE place = 0 LIMIT 1"
FORGET_PLACE: Final = "DELETE FROM rounds WHERE place = 0 AND attempt = ? AND id = ?"
ROUNDS_OF: Final = f"""{ROUNDS} WHERE place IN (0, (SELECT number FROM beliefs WHERE id = ?))
    AND belief = ? ORDER BY attempt, id"""  # noqa: S608 (constants only)
LOST_ROUND: Final = """SELECT hex(rounds.id) FROM rounds
    LEFT JOIN beliefs ON beliefs.number = rounds.place
    WHERE rounds.place <> 0 AND beliefs.id IS NOT rounds.belief LIMIT 1"""
CHECK_WORDS: Final = "INSERT INTO belief_words (belief_words, rank) VALUES ('integrity-check', 1)"
PUT_MEMBER: Final = "INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?, ?, ?)"


def complete(connection: sqlite3.Connection) -> bool:
    """True if every part is there, in this shape."""
    found = dict(connection.execute("SELECT name, sql FROM sqlite_schema"))
    return all(found.get(name) == text for name, text in PARTS.items())


def make(connection: sqlite3.Connection) -> None:
    """Drop what is there and make every part, empty; within the caller's transaction."""
    # Full text first: dropping it must not depend on the table that it indexes.
    for name in ("belief_words", "beliefs", "rounds", "members", "read_models"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    for text in PARTS.values():
        connection.execute(text)


def match_expression(text: str) -> str | None:
    """A full-text expression for the words of any text, or None if it has none.

    Every word is quoted, so that no character or word of it is an operator.
    """
    words = [word for word in text.replace("\0", " ").split() if any(map(str.isalnum, word))]
    if not words:
        return None
    return " ".join('"' + word.replace('"', '""') + '"' for word in words[:QUERY_TERMS_MAX])


def storable(text: str) -> str:
    """The text with lone surrogates replaced, which UTF-8 can not carry."""
    return text.encode("utf-8", "replace").decode()

"""Read models find what was projected, whatever a user types, and are made anew when missing."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credimus.kernel.errors import UsageError
from credimus.runtime.store.interface import (
    BeliefQuery,
    BeliefRow,
    MemberRow,
    RoundRow,
    cursor_after,
)
from credimus.runtime.store.readmodel import ReadModels
from credimus.runtime.store.sqlite import SqliteStore

SAME_FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = ("valve", "leaks", "Pump", "north", "warm", "über")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "log.db")
    yield opened
    opened.close()


@pytest.fixture
def models(store: SqliteStore) -> ReadModels:
    return ReadModels(store.database)


def belief(number: int, content: str = "the valve leaks", **changes: object) -> BeliefRow:
    """A belief with an id of its own."""
    row = BeliefRow(
        sha256(b"%d" % number).digest()[:16], "fact", content, 800_000, 5, 6, "open", 0, 1
    )
    return msgspec.structs.replace(row, **changes)


def round_of(one: BeliefRow, attempt: int, verdict: str = "open") -> RoundRow:
    """A round of a belief."""
    id_ = sha256(one.id + bytes([attempt])).digest()[:16]
    return RoundRow(id_, one.id, attempt, "byzantine", verdict, 7, 3, 1, 0, 5, 0)


def test_rows_come_back_and_are_replaced_by_id(models: ReadModels) -> None:
    assert models.position() is None
    one, two = belief(1), belief(2)
    member = MemberRow(b"m" * 16, "north", "tcp/127.0.0.1:1", 3, active=True)
    models.project(4, [one, two], [round_of(one, 1)], [member])
    changed = msgspec.structs.replace(one, verdict="accepted", content="the pump works")
    gone = msgspec.structs.replace(member, active=False)
    models.project(9, [changed], [round_of(one, 2), round_of(one, 1, "accepted")], [gone])
    assert models.position() == 9
    assert models.belief(one.id) == changed
    assert models.belief(b"?" * 16) is None
    assert models.rounds(one.id) == [round_of(one, 1, "accepted"), round_of(one, 2)]
    assert models.rounds(two.id) == []
    assert models.members() == [gone]
    assert models.beliefs(BeliefQuery(text="pump")) == [changed]
    assert models.beliefs(BeliefQuery(text="leaks")) == [two]
    models.check()


def test_a_belief_twice_in_one_projection_is_its_last_row(models: ReadModels) -> None:
    models.project(1, [belief(1, "warm"), belief(1, "cold"), belief(2, "warm")], [], [])
    assert models.beliefs(BeliefQuery(text="cold")) == [belief(1, "cold")]
    assert models.beliefs(BeliefQuery(text="warm")) == [belief(2, "warm")]
    models.check()


def test_a_round_may_come_before_its_belief(models: ReadModels) -> None:
    one = belief(1)
    models.project(1, [], [round_of(one, 1)], [])
    assert models.rounds(one.id) == [round_of(one, 1)]
    models.project(2, [one], [round_of(one, 2)], [])
    models.project(3, [], [round_of(one, 1, "accepted")], [])
    assert models.rounds(one.id) == [round_of(one, 1, "accepted"), round_of(one, 2)]
    models.check()


def test_they_survive_a_restart(store: SqliteStore, models: ReadModels, tmp_path: Path) -> None:
    models.project(7, [belief(1)], [], [])
    store.close()
    again = SqliteStore(tmp_path / "log.db")
    assert ReadModels(again.database).position() == 7
    assert ReadModels(again.database).beliefs() == [belief(1)]
    again.close()


def test_clearing_leaves_the_log_alone(store: SqliteStore, models: ReadModels) -> None:
    store.remember("fleet", b"x")
    models.project(7, [belief(1)], [round_of(belief(1), 1)], [])
    models.clear()
    assert models.position() is None
    assert models.beliefs() == []
    assert models.beliefs(BeliefQuery(text="valve")) == []
    models.project(7, [belief(1)], [], [])
    assert models.beliefs(BeliefQuery(text="valve")) == [belief(1)]
    assert store.recall("fleet") == b"x"


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE beliefs",
        "DROP TABLE belief_words",
        "DROP TABLE rounds",
        "DROP TABLE members",
        "DROP TABLE read_models",
        "DROP INDEX beliefs_by_verdict",
        "DROP TRIGGER belief_reworded",
        "ALTER TABLE rounds ADD COLUMN later INTEGER",
    ],
)
def test_of_another_shape_they_are_made_anew(
    store: SqliteStore, models: ReadModels, change: str
) -> None:
    models.project(7, [belief(1)], [round_of(belief(1), 1)], [])
    store.database.connection.execute(change)
    anew = ReadModels(store.database)
    assert anew.position() is None
    anew.project(7, [belief(1)], [round_of(belief(1), 1)], [])
    assert anew.beliefs(BeliefQuery(text="valve")) == [belief(1)]
    assert anew.rounds(belief(1).id) == [round_of(belief(1), 1)]
    anew.check()


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_a_limit_out_of_range_is_refused(models: ReadModels, limit: int) -> None:
    with pytest.raises(UsageError, match="1 to 1000"):
        models.beliefs(BeliefQuery(limit=limit))


@SAME_FIXTURE
@given(cursor=st.text() | st.sampled_from(["-", "5-", "-1-" + "00" * 16, "5-" + "AA" * 16]))
def test_a_cursor_that_we_did_not_give_is_refused(models: ReadModels, cursor: str) -> None:
    with pytest.raises(UsageError) as refusal:
        models.beliefs(BeliefQuery(cursor=cursor))
    assert refusal.value.code == "bad-cursor"


OPERATORS = ('"', '""', "'; DROP TABLE beliefs; --", "NOT", "valve AND", "NEAR(", "content:valve")
SYMBOLS = ("valve*", "^valve", "-valve", "+", "{a b}:c", "*", "\0", "valve\0leaks", "\ud800", "")
UNICODE = (
    "🔥",
    "a" * 5_000,
    "valve " * 100,
    "\u0300",
    "\u202evalve",
    "\ufb01",
    "²",
    "㊀",
    "x\u0300",
)


@pytest.mark.parametrize("text", OPERATORS + SYMBOLS + UNICODE)
def test_hostile_text_is_only_text(models: ReadModels, text: str) -> None:
    models.project(1, [belief(1), belief(2, "near NOT and or")], [], [])
    assert models.beliefs(BeliefQuery(text=text, category=text, verdict=text)) == []
    for one in models.beliefs(BeliefQuery(text=text)):
        assert one in (belief(1), belief(2, "near NOT and or"))
    models.check()


def test_operators_are_words(models: ReadModels) -> None:
    models.project(1, [belief(1), belief(2, "near NOT and or")], [], [])
    assert models.beliefs(BeliefQuery(text="NOT")) == [belief(2, "near NOT and or")]
    assert models.beliefs(BeliefQuery(text="valve OR not")) == []
    assert models.beliefs(BeliefQuery(text="  \n ", limit=1)) != []
    assert models.beliefs(BeliefQuery(text="***")) == []
    assert models.beliefs(BeliefQuery(text='"valve')) == [belief(1)]
    assert models.beliefs(BeliefQuery(text="VALVE, leaks!")) == [belief(1)]


@SAME_FIXTURE
@given(text=st.text(), content=st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_any_text_gives_an_answer(models: ReadModels, text: str, content: str) -> None:
    models.clear()
    models.project(1, [belief(1, content)], [], [])
    assert models.beliefs(BeliefQuery(text=text)) in ([], [belief(1, content)])
    assert models.beliefs() == [belief(1, content)]
    models.check()


ROWS = st.lists(
    st.builds(
        belief,
        st.integers(0, 30),
        st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join),
        category=st.sampled_from(["fact", "risk"]),
        verdict=st.sampled_from(["open", "accepted"]),
        first_stamp=st.integers(0, 4) | st.just((1 << 63) - 1),
    ),
    max_size=25,
)


QUERIES = st.builds(
    BeliefQuery,
    category=st.sampled_from([None, "fact", "none"]),
    verdict=st.sampled_from([None, "accepted"]),
    since=st.none() | st.integers(-1, 1 << 64),
    text=st.none() | st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join),
    limit=st.integers(1, 8),
)


@SAME_FIXTURE
@given(rows=ROWS, batch=st.integers(1, 25), query=QUERIES)
def test_paging_gives_what_a_plain_filter_gives(
    models: ReadModels, rows: list[BeliefRow], batch: int, query: BeliefQuery
) -> None:
    models.clear()
    for start in range(0, len(rows), batch):
        models.project(start, rows[start : start + batch], [], [])
    expected = sorted(
        (
            row
            for row in {row.id: row for row in rows}.values()
            if query.category in (None, row.category)
            and query.verdict in (None, row.verdict)
            and (query.since is None or row.first_stamp >= min(query.since, (1 << 63) - 1))
            and set((query.text or "").split()) <= set(row.content.split())
        ),
        key=lambda row: (-row.first_stamp, row.id),
    )
    found: list[BeliefRow] = []
    while page := models.beliefs(query):
        found += page
        query = msgspec.structs.replace(query, cursor=cursor_after(page[-1]))
    assert found == expected
    models.check()

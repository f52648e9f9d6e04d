"""Who hears whom, and how rows travel."""

from credimus.kernel import limits
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Instant, Now
from credimus.protocol.membership.interface import Row
from credimus.protocol.membership.reachability import Reachability
from credimus.protocol.membership.rows import RowStore

A, B, C, D, E = ALL = tuple(NodeId(bytes([n]) * 16) for n in range(1, 6))
NOW = Now(Instant(0), 1_000_000)


def matrix(rows: dict[NodeId, tuple[NodeId, ...]]) -> Reachability:
    return Reachability(ALL, others(rows), {})


def others(rows: dict[NodeId, tuple[NodeId, ...]]) -> dict[NodeId, frozenset[NodeId]]:
    return {hearer: frozenset(speakers) - {hearer} for hearer, speakers in rows.items()}


def test_who_hears_a_member_is_told_of_all_rows() -> None:
    """A does not hear D and E any more; C still hears D."""
    seen = matrix({A: (B, C), B: (A, C), C: (A, B, D), D: (C,)})
    assert seen.heard_by(D) == (C,)
    assert seen.heard_by(C) == (A, B, D)
    assert seen.heard_by(E) == ()
    assert seen.row(A) == {B, C}
    assert seen.row(E) is None
    assert seen.hears(A, A), "everybody hears itself"
    assert not seen.hears(A, D)


def test_whose_row_is_unknown_hears_nobody() -> None:
    assert not matrix({A: (B,)}).is_known(B)
    assert not matrix({A: (B,)}).hears(B, A)


def test_what_answers_through_others_is_told_apart() -> None:
    seen = Reachability(ALL, others({A: (B,)}), others({A: (C,)}))
    assert seen.hears_through(A, C)
    assert not seen.hears_through(A, B)
    assert not seen.hears(A, C)


def test_strangers_are_no_trouble() -> None:
    stranger = NodeId(b"?" * 16)
    assert matrix({}).heard_by(stranger) == ()
    assert matrix({}).row(stranger) is None


# --- rows


def store(own: NodeId, members: tuple[NodeId, ...] = ALL) -> RowStore:
    made = RowStore(own)
    made.follow(members)
    made.fresh.times = 2
    return made


def tell(rows: RowStore, *heard: NodeId, now: Now = NOW) -> None:
    rows.tell(lambda one: one in heard, lambda _: False, now)


def test_rows_travel_and_are_put_together() -> None:
    one, other = store(A), store(B)
    tell(one, A, C)
    tell(other, B)
    for row in one.next():
        other.take(row, NOW)
    seen = other.matrix(lambda _: True)
    assert seen.hears(A, C)
    assert not seen.hears(A, B)
    assert not other.matrix(lambda member: member != A).is_known(A), "what the dead said is over"


def test_a_row_is_made_anew_only_when_it_differs() -> None:
    rows = store(A)
    tell(rows, B)
    (first,) = rows.next()
    tell(rows, B)
    assert rows.next() == (first,)
    tell(rows, B, C)
    assert rows.next()[0].version > first.version


def test_an_old_row_a_foreign_one_and_one_of_tomorrow_are_passed_over() -> None:
    rows, other = store(A), store(B)
    tell(other, B, C)
    (row,) = other.next()
    rows.take(row, NOW)
    for wrong in (
        Row(B, row.version - 1, row.roster, b"", b""),
        Row(B, row.version + 1, b"another!", b"", b""),
        Row(B, NOW.wall_ms + limits.SKEW_MS_MAX + 1, row.roster, b"", b""),
        Row(b"?" * 16, row.version + 1, row.roster, b"", b""),
    ):
        rows.take(wrong, NOW)
    assert rows.matrix(lambda _: True).hears(B, C)


def test_who_is_spoken_for_speaks_again() -> None:
    rows = store(A)
    tell(rows, B)
    (row,) = rows.next()
    rows.take(Row(A, row.version + 5, row.roster, b"", b""), NOW)
    tell(rows, B)
    assert rows.next()[0].version == row.version + 6


def test_another_roster_begins_anew_and_a_large_one_tells_nothing() -> None:
    rows = store(A)
    tell(rows, B)
    rows.follow(ALL[:3])
    assert not rows.next()
    many = tuple(NodeId(n.to_bytes(16, "big")) for n in range(limits.ROW_MEMBERS_MAX + 1))
    large = store(many[0], many)
    tell(large, many[1])
    assert not large.next()
    most = store(many[0], many[:-1])
    most.tell(lambda _: True, lambda _: True, NOW)
    (row,) = most.next()
    assert len(row.hears) == limits.ROW_MEMBERS_MAX // 8


def test_all_rows_go_round_fresh_ones_first() -> None:
    rows = store(A)
    for number, one in enumerate(ALL[1:], 1):
        other = store(one)
        tell(other, ALL[number - 1])
        rows.take(other.next()[0], NOW)
    seen = [rows.next() for _ in range(8)]
    assert {row.member for row in seen[0]} == set(ALL[1:])
    assert [len(some) for some in seen[2:]] == [2] * 6, "when nothing is fresh, two in turn"
    assert {row.member for some in seen[4:] for row in some} == set(ALL[1:])

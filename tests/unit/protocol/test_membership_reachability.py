"""Who hears whom, and what follows from it; and how rows travel."""

from hypothesis import given
from hypothesis import strategies as st

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


WHOLE = matrix(dict.fromkeys(ALL, ALL))


def test_in_a_whole_fleet_all_are_one_group() -> None:
    assert WHOLE.components() == [ALL]
    assert WHOLE.largest() == ALL
    assert WHOLE.ratio(A) == 1_000_000
    assert not WHOLE.one_way()
    assert not WHOLE.is_lopsided()
    assert not WHOLE.unheard()
    assert not WHOLE.cut_off(A)
    assert not WHOLE.gone(A)


def test_a_clean_split_gives_groups_the_largest_first() -> None:
    split = matrix({A: (B,), B: (A,), C: (D, E), D: (C, E), E: (C, D)})
    assert split.components() == [(C, D, E), (A, B)]
    assert split.largest() == (C, D, E)
    assert split.component(B) == (A, B)
    assert split.ratio(A) == 400_000
    assert not split.is_lopsided()
    assert split.gone(A) == (C, D, E)


def test_equal_groups_are_ordered_by_their_first_member() -> None:
    halves = Reachability((A, B, C, D), others({A: (B,), B: (A,), C: (D,), D: (C,)}), {})
    assert halves.largest() == (A, B)


def test_who_crashed_is_heard_by_nobody_and_who_is_cut_off_by_some() -> None:
    """A does not hear D and E any more; C still hears D."""
    seen = matrix({A: (B, C), B: (A, C), C: (A, B, D), D: (C,)})
    assert seen.cut_off(A) == (D,)
    assert seen.gone(A) == (E,)
    assert seen.unheard() == (E,)
    assert seen.heard_by(D) == (C,)
    assert seen.component(A) == (A, B, C, D), "through C"
    assert seen.within_hearing(D) == (A, B, C, D)


def test_one_way_pairs_name_speaker_and_hearer() -> None:
    lopsided = matrix({A: (B,), B: (A, C), C: (B, A), D: (A,)})
    assert lopsided.one_way() == ((A, C), (A, D))
    assert lopsided.is_lopsided()
    assert lopsided.component(D) == (D,), "nobody hears D"


def test_whose_row_is_unknown_is_in_no_pair() -> None:
    assert not matrix({A: (B,)}).one_way()
    assert not matrix({A: (B,)}).is_known(B)


def test_relays_hear_the_one_and_are_heard_by_the_other() -> None:
    seen = matrix({A: (C,), B: (C, D), C: (A, B), D: (A,)})
    assert seen.relays(A, B) == (C, D)
    assert seen.relays(B, A) == (C,)


def test_what_answers_through_others_is_told_apart() -> None:
    seen = Reachability(ALL, others({A: (B,)}), others({A: (C,)}))
    assert seen.hears_through(A, C)
    assert not seen.hears_through(A, B)
    assert not seen.hears(A, C)


def test_strangers_and_nobody_at_all_are_no_trouble() -> None:
    stranger = NodeId(b"?" * 16)
    assert matrix({}).component(stranger) == (stranger,)
    nobody = Reachability((), {}, {})
    assert nobody.largest() == ()
    assert nobody.ratio(A) == 0


rows = st.dictionaries(st.sampled_from(ALL), st.lists(st.sampled_from(ALL)).map(tuple))


@given(rows)
def test_groups_are_exactly_those_who_come_to_each_other(
    rows: dict[NodeId, tuple[NodeId, ...]],
) -> None:
    """Against the closure of the relation, computed by squaring it."""
    way = {(one, one) for one in ALL} | {(a, b) for a, heard in rows.items() for b in heard}
    for _ in ALL:
        way |= {(a, d) for a, b in way for c, d in way if b == c}
    groups = matrix(rows).components()
    assert sorted(one for group in groups for one in group) == sorted(ALL)
    for one in ALL:
        mutual = {other for other in ALL if (one, other) in way and (other, one) in way}
        assert set(matrix(rows).component(one)) == mutual
    assert [len(group) for group in groups] == sorted(map(len, groups), reverse=True)


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

"""Who is in reach, how bad it is, what is permitted, and what statements are to each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel.errors import Partitioned, Unavailable
from credimus.kernel.fixed import MILLION
from credimus.kernel.hlc import stamp_of
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND, SECOND, Instant, Now
from credimus.lace.seal import SeedSigner
from credimus.protocol.membership.interface import PeerDead
from credimus.protocol.partition.interface import (
    Cause,
    FleetChanged,
    Level,
    PartitionConfig,
    Policy,
    Sight,
    Standing,
    Told,
)
from credimus.protocol.partition.levels import Lasting, Steadiness, level_of
from credimus.protocol.partition.machine import Partition
from credimus.protocol.partition.permitting import permit, reason_of
from credimus.protocol.partition.reconciling import Holdings
from credimus.protocol.partition.seeing import sight_of
from credimus.protocol.partition.similarity import LexicalSimilarity
from credimus.state.beliefs import Belief
from credimus.state.identity import belief_id
from credimus.state.operations import Admit, Assert, Finding
from strategies import FOUND, SIGNERS, Replica, make_block

A, B, C, D, E = ALL = tuple(NodeId(bytes([n]) * 16) for n in range(1, 6))
CONFIG = PartitionConfig()


@dataclass
class Seen:
    """A view made by hand; A is our own."""

    rows: Mapping[NodeId, Sequence[NodeId]] = field(default_factory=dict)
    there: Sequence[NodeId] = ALL
    heard: Sequence[NodeId] = ALL
    wrote: Sequence[NodeId] = ()
    own: Sequence[NodeId] = (A,)
    members: Sequence[NodeId] = ALL

    def is_own(self, member: NodeId) -> bool:
        return member in self.own

    def is_there(self, member: NodeId) -> bool:
        return member in self.there or member in self.own

    def was_heard(self, member: NodeId) -> bool:
        return member in self.heard or member in self.own

    def has_written(self, member: NodeId) -> bool:
        return member in self.wrote

    def hears(self, member: NodeId) -> frozenset[NodeId] | None:
        row = self.rows.get(member)
        return None if row is None else frozenset(row)


# --- who is in reach


def test_who_has_not_said_whom_it_hears_is_taken_to_hear_all() -> None:
    sight = sight_of(Seen())
    assert sight.reachable == sight.members == ALL
    assert sight.absent == ()
    assert sight.groups == (ALL,)


def test_the_dead_are_out_of_reach_and_counted() -> None:
    sight = sight_of(Seen(there=(B, C)))
    assert sight.members == ALL
    assert sight.reachable == (A, B, C)
    assert sight.absent == (D, E)
    assert sight.groups == ((A, B, C), (D,), (E,))
    assert sight.cut == (), "nobody hears them"


def test_reach_goes_both_ways_and_through_others() -> None:
    """A hears C, and C hears A only through B; D is heard and does not hear."""
    rows = {A: (B, C, D), B: (A, C, D), C: (B, D), D: ()}
    sight = sight_of(Seen(rows=rows, there=(B, C, D)))
    assert sight.reachable == (A, B, C)
    assert sight.cut == (D,), "it runs: it is heard"
    assert (C, A) in sight.one_way
    assert (D, A) in sight.one_way
    assert sight.groups[0] == (A, B, C)


def test_a_member_that_others_hear_is_cut_off() -> None:
    sight = sight_of(Seen(rows={A: (B,), B: (A, C)}, there=(B,)))
    assert sight.cut == (C,)


def test_who_came_a_moment_ago_is_in_reach_before_the_rows_say_so() -> None:
    rows = dict.fromkeys((A, B, C, D, E), (A, B, C, D))
    assert sight_of(Seen(rows=rows)).absent == (E,)
    assert sight_of(Seen(rows=rows), [E]).absent == ()


def test_a_member_that_never_came_does_not_count() -> None:
    alone = Seen(there=(), heard=())
    assert sight_of(alone).members == (A,)
    assert sight_of(Seen(there=(), heard=(), wrote=(B, C))).absent == (B, C)


def test_during_the_grace_whoever_is_not_heard_of_yet_is_in_reach() -> None:
    started = Seen(there=(), heard=(), wrote=ALL)
    assert sight_of(started, forgiving=True).absent == ()
    assert sight_of(started).absent == (B, C, D, E)


def test_a_hosted_member_is_where_its_host_is() -> None:
    """D has no process of its own: its host B says that it hears it."""
    hosted = Seen(rows={A: (B,), B: (A, D)}, there=(B,), heard=(B,), wrote=(D,), members=(A, B, D))
    assert sight_of(hosted).reachable == (A, B, D)
    gone = Seen(rows={A: ()}, there=(), heard=(B,), wrote=(D,), members=(A, B, D))
    assert sight_of(gone).absent == (B, D)


def test_after_a_change_of_the_roster_hosted_members_stay_while_rows_are_told_anew() -> None:
    new = Seen(rows={A: (B,)}, there=(B,), heard=(B,), wrote=(D,), members=(A, B, D))
    assert sight_of(new).reachable == (A, B, D), "B has not said yet whom it hears"


def test_our_own_hosted_members_are_always_in_reach() -> None:
    sight = sight_of(Seen(rows={A: (B,)}, own=(A, B), there=(), heard=(), wrote=ALL))
    assert sight.reachable == (A, B)


def test_who_is_no_member_sees_nothing() -> None:
    assert sight_of(Seen(own=(), members=())).members == ()


@given(
    st.lists(st.lists(st.sampled_from(ALL)), min_size=5, max_size=5), st.sets(st.sampled_from(ALL))
)
def test_everybody_is_in_one_group(rows: list[list[NodeId]], there: set[NodeId]) -> None:
    view = Seen(rows=dict(zip(ALL, rows, strict=True)), there=tuple(there))
    sight = sight_of(view)
    placed = [one for group in sight.groups for one in group]
    assert sorted(placed) == list(sight.members)
    assert A in sight.groups[0]
    assert sight.groups[0] == sight.reachable


# --- levels


@pytest.mark.parametrize(
    ("reachable", "members", "level"),
    [
        (1, 1, Level.NONE), (0, 0, Level.NONE), (9, 10, Level.NONE), (89, 100, Level.MINOR),
        (6, 10, Level.MINOR), (59, 100, Level.PARTIAL), (3, 10, Level.PARTIAL),
        (29, 100, Level.SEVERE), (1, 5, Level.SEVERE), (1, 2, Level.PARTIAL),
    ],
)  # fmt: skip
def test_levels_are_those_of_the_requirement(reachable: int, members: int, level: Level) -> None:
    assert level_of(reachable, members, CONFIG) is level


def seen(reachable: int) -> Sight:
    return Sight(members=ALL, reachable=ALL[:reachable], cut=(), groups=(), one_way=())


def test_a_level_changes_only_when_it_has_lasted() -> None:
    steady = Steadiness(CONFIG)
    assert not steady.see(seen(1), Instant(0))
    assert steady.deadline() == CONFIG.worse_ns
    assert not steady.see(seen(5), Instant(CONFIG.worse_ns - 1)), "a flap moves nothing"
    assert steady.deadline() is None
    assert not steady.see(seen(1), Instant(SECOND))
    assert not steady.see(seen(2), Instant(SECOND + 1)), "worse still, though less so"
    assert steady.see(seen(2), Instant(SECOND + CONFIG.worse_ns))
    assert steady.level is Level.PARTIAL
    assert not steady.see(seen(5), Instant(2 * SECOND))
    assert not steady.see(seen(5), Instant(2 * SECOND + CONFIG.better_ns - 1))
    assert steady.see(seen(5), Instant(2 * SECOND + CONFIG.better_ns))
    assert steady.level is Level.NONE


def test_better_does_not_count_as_worse() -> None:
    steady = Steadiness(CONFIG)
    steady.see(seen(2), Instant(0))
    steady.see(seen(2), Instant(SECOND))
    assert steady.level is Level.PARTIAL
    steady.see(seen(1), Instant(SECOND))
    steady.see(seen(4), Instant(SECOND + CONFIG.worse_ns))
    assert steady.level is Level.PARTIAL, "the time begins anew with the other direction"


def test_what_old_rows_show_is_said_once_it_lasts() -> None:
    lasting = Lasting()
    shown = Sight(members=ALL, reachable=(A,), cut=(B,), groups=(), one_way=((A, B),))
    first = lasting.of(shown, Instant(0))
    assert (first.cut, first.one_way) == ((), ())
    later = lasting.of(shown, Instant(6 * SECOND))
    assert (later.cut, later.one_way) == ((B,), ((A, B),))
    lasting.of(seen(5), Instant(7 * SECOND))
    assert lasting.of(shown, Instant(8 * SECOND)).cut == (), "it was gone in between"


@pytest.mark.parametrize(
    "wrong",
    [
        {"severe_below": 700_000}, {"minor_below": MILLION + 1}, {"partial_below": 950_000},
        {"worse_ns": -1}, {"look_ns": MILLISECOND - 1},
    ],
)  # fmt: skip
def test_a_config_out_of_range_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"below|durations"):
        PartitionConfig(**wrong)


# --- what is permitted


def test_the_policy_is_that_of_the_requirement() -> None:
    def standing(level: Level, policy: Policy, *, enough: bool) -> Standing:
        return permit(level, policy, "why", lambda: enough).standing

    guarded = Policy.GUARDED
    assert permit(Level.NONE, guarded, "why", lambda: False) == permit(
        Level.NONE, Policy.OPEN, "", lambda: True
    )
    assert standing(Level.NONE, guarded, enough=False) is Standing.NORMAL
    assert standing(Level.MINOR, guarded, enough=False) is Standing.DEGRADED
    assert standing(Level.PARTIAL, guarded, enough=True) is Standing.QUORUM
    assert standing(Level.PARTIAL, guarded, enough=False) is Standing.TENTATIVE
    assert standing(Level.SEVERE, Policy.OPEN, enough=False) is Standing.TENTATIVE
    with pytest.raises(Partitioned, match="reads work") as refused:
        permit(Level.SEVERE, guarded, "1 of 5 members is in reach", lambda: True)
    problem = refused.value
    assert isinstance(problem, Unavailable)
    assert (problem.code, problem.definite, problem.retry) == ("partitioned", True, True)
    assert "1 of 5 members is in reach" in problem.message


def test_the_reason_says_who_is_away_and_why() -> None:
    names = {A: "n0", B: "n1", C: "n2", D: "n3"}
    sight = Sight(members=ALL, reachable=(A,), cut=(), groups=(), one_way=((A, B),))
    causes = {B: Cause.CUT, C: Cause.TOGETHER, D: Cause.TOGETHER}
    text = reason_of(sight, causes, lambda one: names.get(one, ""))
    assert text == (
        f"1 of 5 members is in reach; {E.hex()[:12]} fell silent: crashed, or alone behind a cut; "
        "n2 and n3 fell silent together: probably cut off; n1 cut off, though running; some "
        "messages pass one way only"
    )
    many = reason_of(seen(1), {}, lambda one: names.get(one, ""))
    assert "n1, n2, n3 and 1 more fell silent" in many


# --- what statements are to each other


def said(content: str, category: str = "general") -> Belief:
    origin = (stamp_of(1), A, 1)
    claim = Assert(1, content, category, MILLION)
    return Belief(belief_id(content, category), claim, origin, bytes(32))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "finding"),
    [
        ("the gate is open", "the gate is not open", Finding.CONTRADICTORY),
        ("The gate isn't open.", "gate is open", Finding.CONTRADICTORY),
        ("the drone can\u2019t land", "the drone can land", Finding.CONTRADICTORY),
        ("pump 3 doesn't leak", "pump 3 leak", Finding.CONTRADICTORY),
        ("rain is not never seen here", "rain is seen here", Finding.COMPATIBLE),
        ("gate four is open", "gate five is not open", Finding.COMPATIBLE),
        ("gate is open", "gate is open since nine", Finding.SECOND_SUBSUMES),
        ("gate is open since nine", "gate is open", Finding.FIRST_SUBSUMES),
        ("gate open", "gate open since nine", Finding.COMPATIBLE),
        ("it is dry", "it is wet", Finding.COMPATIBLE),
    ],
)
def test_statements_are_compared_by_their_words(one: str, other: str, finding: Finding) -> None:
    likeness = LexicalSimilarity()
    assert likeness.compare(said(one), said(other)) is finding
    pairs = list(likeness.pairs([said(one), said(other)]))
    assert [found for _, _, found in pairs] == [finding] * (finding is not Finding.COMPATIBLE)


def test_statements_of_two_categories_are_not_compared() -> None:
    likeness = LexicalSimilarity()
    assert likeness.compare(said("it rains"), said("it never rains", "causal")) is (
        Finding.COMPATIBLE
    )


# --- crowds


def looks_after_news(member_count: int, news_count: int) -> tuple[int, int]:
    """Looks at once and, a moment later, of a node in a fleet so large that hears of so many."""
    signers = [SeedSigner(bytes([number + 1]) * 32) for number in range(1, member_count)]
    admissions = [Admit(one.public, f"n{place}", "") for place, one in enumerate(signers)]
    replica = Replica()
    replica.take(make_block(SIGNERS[0], [FOUND, *admissions]))
    members = tuple(replica.state.roster.current.by_id)
    assert len(members) == member_count
    looks: list[Seen] = []

    def look() -> Seen:
        looks.append(Seen(there=members, heard=members, own=members[:1], members=members))
        return looks[-1]

    holdings = Holdings(members[0], replica.state, replica.lace)
    machine = Partition(CONFIG, holdings, look, lambda _, said: said)
    machine.handle(FleetChanged(members), Now(Instant(0), 0))
    looks.clear()
    for number in range(news_count):
        machine.handle(Told([PeerDead(members[1])]), Now(Instant(number + 1), 0))
    looked = len(looks)
    due = machine.deadline()
    assert due is not None
    machine.tick(Now(due, 0))
    return looked, len(looks) - looked


def test_in_a_small_fleet_every_news_is_a_look() -> None:
    assert looks_after_news(12, 5) == (5, 1)


def test_in_a_crowd_news_of_many_is_one_look_a_moment_later() -> None:
    assert looks_after_news(13, 5) == (0, 1)

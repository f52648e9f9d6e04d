"""However much happens during a split, what a node keeps of it is bounded, and says what is not."""

from collections.abc import Sequence

import pytest

from credimus.kernel import limits
from credimus.kernel.ids import BeliefId, NodeId, RoundId
from credimus.kernel.instant import SECOND, Instant, Now
from credimus.lace.lace import Lace
from credimus.protocol.partition.diary import Away, Diary
from credimus.protocol.partition.interface import Level, PartitionConfig, Sight
from credimus.protocol.partition.reconciling import Holdings, Reconciling, _rank
from credimus.protocol.partition.similarity import LexicalSimilarity
from credimus.state.events import BeliefsReconciled
from credimus.state.fleet import FleetState
from credimus.state.operations import Elector, Finding, Rules, Strategy
from credimus.state.voting.electorates import Electorate
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict
from strategies import FLEET, GENESIS, MEMBERS, Replica

NOW = Now(Instant(SECOND), 1_700_000_000_000)


def some_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def test_the_diary_keeps_so_many_changes_and_counts_the_rest() -> None:
    replica = Replica()
    replica.take(GENESIS)
    rounds = replica.state.rounds
    diary = Diary(NOW, replica.lace, rounds, lambda _: "")
    gone = Away(NOW, 0)
    diary.see(
        Sight(members=MEMBERS[:2], reachable=MEMBERS[1:2], cut=(), groups=((MEMBERS[1],),),
              one_way=()),
        {MEMBERS[0]: gone}, Level.PARTIAL,
    )  # fmt: skip
    voters = Electorate((Elector(MEMBERS[0], 1),))
    count = limits.EPISODE_CHANGES_MAX + 5
    for number in range(count):
        identifier = RoundId(some_id(number))
        rounds._rounds[identifier] = Round(
            identifier, BeliefId(some_id(number)), 1, Rules(), voters
        )
        diary.changed(identifier, Verdict.OPEN)
        diary.changed(identifier, Verdict.ACCEPTED)
        fact = BeliefsReconciled(
            BeliefId(some_id(1)), BeliefId(some_id(2)), (identifier, identifier),
            Strategy.MULTI_VALUE, Finding.CONTRADICTORY, MEMBERS[0],
        )  # fmt: skip
        diary.reconciled(fact)
    entry = diary.entry(Level.NONE, 5)
    assert len(entry.changes) == len(entry.reconciled) == limits.EPISODE_CHANGES_MAX
    assert entry.left_out_count == 2 * 5
    assert entry.changes[0].before is Verdict.OPEN


def test_the_diary_names_so_many_members() -> None:
    diary = Diary(NOW, Lace(), FleetState(FLEET).rounds, lambda _: "")
    members = tuple(NodeId(some_id(number)) for number in range(limits.EPISODE_MEMBERS_MAX + 9))
    groups = (members[:100], members[100:])
    sight = Sight(members=members, reachable=members[:100], cut=(), groups=groups, one_way=())
    diary.see(sight, {one: Away(NOW, 0) for one in members}, Level.SEVERE)
    entry = diary.entry(Level.SEVERE, None)
    assert len(entry.absences) == limits.EPISODE_MEMBERS_MAX
    assert sum(map(len, entry.groups)) == limits.EPISODE_MEMBERS_MAX
    assert entry.member_count == len(members)


def reconciling() -> Reconciling:
    holdings = Holdings(MEMBERS[0], FleetState(FLEET), Lace())
    return Reconciling(PartitionConfig(), holdings, LexicalSimilarity())


def test_of_too_many_beliefs_accepted_apart_the_newest_are_compared() -> None:
    apart = reconciling()
    for number in range(limits.RECONCILED_BELIEFS_MAX + 3):
        apart.accepted(BeliefId(some_id(number)), None)
    assert apart.dropped_count == 3
    assert next(iter(apart._accepted)) == some_id(3)
    assert not apart.is_busy, "nobody has come back"
    apart.accepted(BeliefId(some_id(1)), Instant(0))
    assert apart.is_busy
    assert apart.deadline() == PartitionConfig().settle_ns
    apart.forget()
    assert not apart._accepted


def test_no_more_pairs_wait_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RECONCILIATIONS_WAITING_MAX", 2)
    apart = reconciling()
    pairs = [
        (BeliefId(some_id(n)), BeliefId(some_id(n + 9)), Finding.CONTRADICTORY) for n in range(5)
    ]
    monkeypatch.setattr(apart, "_candidates", lambda: pairs)
    monkeypatch.setattr(
        apart, "_pair", lambda one, other: ((one, other), (RoundId(one), RoundId(other)))
    )
    monkeypatch.setattr(apart, "_is_open", lambda _: True)
    apart.returned(Instant(0))
    said = apart.due(Instant(PartitionConfig().settle_ns), MEMBERS[:1])
    assert len(said) == 2
    assert apart.dropped_count == 3
    assert not apart.is_busy


def test_members_speak_one_after_the_other_and_agree_on_the_order() -> None:
    pair = (BeliefId(some_id(1)), BeliefId(some_id(2))), (RoundId(some_id(3)), RoundId(some_id(4)))
    members: Sequence[NodeId] = MEMBERS[:5]
    assert sorted(_rank(pair, one, members) for one in members) == [0, 1, 2, 3, 4]

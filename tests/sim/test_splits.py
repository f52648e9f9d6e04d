"""What callers meet in a split fleet, what the diary says after, and how parts are reconciled."""

from collections.abc import Sequence

import msgspec
import pytest
from fleets import YES, Answering, fleet_with
from split_fleets import Heard, cut, fleet_of, level, node, now_of

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Partitioned
from credimus.kernel.ids import BeliefId
from credimus.kernel.instant import SECOND
from credimus.node.commands import (
    AnyCommand,
    AssertBelief,
    CastVote,
    LeaveFleet,
    RelateBeliefs,
    RetractBelief,
)
from credimus.protocol.partition.interface import (
    Cause,
    Level,
    Policy,
    Standing,
)
from credimus.sim.fleet import Fleet
from credimus.sim.fleet_config import FleetConfig
from credimus.state.identity import belief_id
from credimus.state.operations import (
    Choice,
    Relation,
    Rules,
    Scheme,
)
from credimus.state.voting.verdict import Verdict

MAJORITY = Rules(scheme=Scheme.MAJORITY)

# --- what callers meet


def test_a_node_cut_off_from_the_rest_reads_only_and_changes_nothing() -> None:
    fleet, heard = fleet_of(5)
    cut(fleet, 0)
    fleet.run_for(4 * SECOND)
    assert [level(fleet, place) for place in range(5)] == [Level.SEVERE] + [Level.MINOR] * 4
    alone = node(fleet, 0)
    known = belief_id("all is well", "general")
    before = alone.state.fingerprint(), alone.authors[0].sequence
    commands: Sequence[AnyCommand] = (
        AssertBelief(content="something else"),
        CastVote(belief=known, choice=Choice.ACCEPT),
        RetractBelief(belief=known),
        RelateBeliefs(source=known, relation=Relation.SUPPORTS, target=known),
        LeaveFleet(),
    )
    for command in commands:
        with pytest.raises(Partitioned, match=r"1 of 5 members is in reach; .* probably cut off"):
            alone.execute(command, now_of(fleet, 0))
    assert not alone.collect(now_of(fleet, 0)).persist
    assert (alone.state.fingerprint(), alone.authors[0].sequence) == before
    assert alone.partition.counts.refused == len(commands)
    assert alone.state.beliefs.get(known) is not None, "reads work"
    fleet.order(2, AssertBelief(content="the others go on"))
    fleet.run_for(SECOND)
    assert heard.standings[2] == [Standing.DEGRADED]
    assert node(fleet, 2).state.rounds.verdict(belief_id("the others go on", "general")) is (
        Verdict.ACCEPTED
    )


def test_the_answers_of_evaluators_go_on() -> None:
    fleet, _ = fleet_of(5)
    fleet.order(0, AssertBelief(content="asked late"))
    fleet.run_for(SECOND)
    cut(fleet, 0)
    fleet.run_for(4 * SECOND)
    vote = CastVote(belief=belief_id("asked late", "general"), choice=Choice.ACCEPT, evaluated=True)
    with pytest.raises(Exception, match="vote") as refused:
        node(fleet, 0).execute(vote, now_of(fleet, 0))
    assert not isinstance(refused.value, Partitioned), "its own vote was cast, that is all"


def test_in_a_partial_split_a_receipt_says_whether_those_in_reach_suffice() -> None:
    fleet, heard = fleet_of(7)
    cut(fleet, 0, 1, 2)
    fleet.run_for(5 * SECOND)
    assert {level(fleet, place) for place in range(7)} == {Level.PARTIAL}
    fleet.order(5, AssertBelief(content="by majority", rules=MAJORITY))
    fleet.order(6, AssertBelief(content="by two thirds"))
    fleet.order(0, AssertBelief(content="by the few", rules=MAJORITY))
    fleet.run_for(500_000_000)
    assert heard.standings[5] == [Standing.QUORUM]
    assert heard.standings[6] == [Standing.TENTATIVE]
    assert heard.standings[0][-1] is Standing.TENTATIVE
    rounds = node(fleet, 5).state.rounds
    assert rounds.verdict(belief_id("by majority", "general")) is Verdict.ACCEPTED
    assert rounds.verdict(belief_id("by two thirds", "general")) is not Verdict.ACCEPTED


def test_a_robot_on_its_own_goes_on_when_its_policy_is_open() -> None:
    fleet, heard = fleet_of(5, policy=Policy.OPEN)
    cut(fleet, 0)
    fleet.run_for(4 * SECOND)
    assert level(fleet, 0) is Level.SEVERE
    fleet.order(0, AssertBelief(content="a stone in the way"))
    fleet.run_for(SECOND)
    assert heard.standings[0][-1] is Standing.TENTATIVE
    assert node(fleet, 0).state.beliefs.get(belief_id("a stone in the way", "general")) is not None


def test_a_fleet_of_one_is_never_split() -> None:
    fleet, heard = fleet_of(1)
    fleet.run_for(20 * SECOND)
    fleet.order(0, AssertBelief(content="still alone"))
    fleet.run_for(SECOND)
    assert not heard.levels
    assert heard.standings[0] == [Standing.NORMAL, Standing.NORMAL]


def test_a_node_that_starts_alone_writes_at_first_and_then_says_that_it_is_alone() -> None:
    """The others have written, so they were there; nobody has been heard of in this life."""
    fleet, _ = fleet_of(5)
    cut(fleet, 0)
    fleet.crash(fleet.hosts[0])
    fleet.start(fleet.hosts[0])
    fleet.run_for(4 * SECOND)
    assert level(fleet, 0) is Level.NONE
    fleet.run_for(4 * SECOND)
    assert level(fleet, 0) is Level.SEVERE


def test_members_that_never_came_are_no_split() -> None:
    fleet, _ = fleet_of(1)
    stranger = Fleet(FleetConfig(nodes=4), Entropy(b"strangers"))
    fleet.hosts[0].orders.clear()
    for host in stranger.hosts[1:]:
        fleet._admit_members(host, 0)
    fleet.run_for(20 * SECOND)
    assert len(node(fleet, 0).state.roster.current) == 4
    assert level(fleet, 0) is Level.NONE


def test_lost_messages_and_a_flapping_link_move_no_level() -> None:
    fleet, heard = fleet_of(5)
    fleet.network.weather = msgspec.structs.replace(fleet.network.weather, loss_ppm=100_000)
    for _ in range(20):
        links = cut(fleet, 3)
        fleet.run_for(200_000_000)
        fleet.network.mend(links)
        fleet.run_for(SECOND)
    assert not heard.levels


# --- the diary


def test_the_diary_says_who_was_away_what_diverged_and_which_verdicts_changed() -> None:
    fleet, heard = fleet_of(5)
    links = cut(fleet, 0, 1)
    fleet.run_for(5 * SECOND)
    fleet.order(0, AssertBelief(content="seen by the few"))
    fleet.order(3, AssertBelief(content="seen by the many", rules=MAJORITY))
    fleet.run_for(SECOND)
    assert fleet.hosts[0].running.partition.episode() is not None
    fleet.network.mend(links)
    fleet.run_for(8 * SECOND)
    told = {place: levels[-2:] for place, levels in heard.levels.items()}
    assert told == {
        **{key: [Level.PARTIAL, Level.NONE] for key in (0, 1)},
        **{key: [Level.MINOR, Level.NONE] for key in (2, 3, 4)},
    }
    few, many = heard.episodes[0], heard.episodes[3]
    assert (few.worst, few.member_count, few.level) == (Level.PARTIAL, 5, Level.NONE)
    assert {one.member for one in few.absences} == {fleet.hosts[place].id for place in (2, 3, 4)}
    assert all(one.back_ms is not None for one in few.absences)
    assert all(one.cause is Cause.CUT and one.block_count for one in few.absences), "they wrote"
    assert {len(group) for group in few.groups} >= {2}
    assert (few.belief_count, few.far_belief_count) == (1, 1)
    assert (many.belief_count, many.far_belief_count) == (1, 1)
    assert few.block_count > 0
    changed = {one.belief: one for one in few.changes}
    theirs = changed[belief_id("seen by the many", "general")]
    assert (theirs.before, theirs.after) == (None, Verdict.ACCEPTED)
    assert "who had been out of reach" in theirs.why
    assert few.healed_ms is not None
    assert few.healed_ms > few.began_ms
    assert node(fleet, 0).partition.episode() is None, "it is closed"


def test_a_verdict_of_before_the_split_is_told_as_it_was() -> None:
    """It was closed without a decision in time, and decided by a vote from the other part."""

    def evaluator(place: int, _life: int) -> Answering:
        return Answering(YES if place < 3 else None)

    fleet = fleet_with(evaluator, nodes=5)
    heard = Heard(fleet)
    fleet.order(0, AssertBelief(content="late"))
    fleet.run_for(SECOND // 2)
    links = cut(fleet, 0, 1)
    late = BeliefId(belief_id("late", "general"))
    fleet.order(3, CastVote(belief=late, choice=YES))
    fleet.run_for(3 * SECOND // 2)
    assert level(fleet, 0) is Level.NONE, "it is not noticed yet"
    first = node(fleet, 0).state.rounds.on(late)[0]
    assert first.verdict is Verdict.EXPIRED
    fleet.run_for(5 * SECOND)
    fleet.network.mend(links)
    fleet.run_for(8 * SECOND)
    (change,) = (one for one in heard.episodes[0].changes if one.round == first.id)
    assert (change.before, change.after) == (Verdict.EXPIRED, Verdict.ACCEPTED)


def test_a_few_of_many_soon_find_that_they_are_cut_off() -> None:
    """Whoever can ask hardly anybody must neither take itself for slow nor wait for their word."""
    fleet, _ = fleet_of(16)
    fleet.run_for(10 * SECOND)
    cut(fleet, 0, 1, 2)
    fleet.run_for(9 * SECOND)
    assert [node(fleet, place).partition.level for place in range(3)] == [Level.SEVERE] * 3


def test_a_crash_reads_otherwise_than_a_cut() -> None:
    fleet, heard = fleet_of(4)
    fleet.crash(fleet.hosts[1])
    fleet.run_for(5 * SECOND)
    assert "crashed, or alone behind a cut" in node(fleet, 0).partition.reason
    fleet.start(fleet.hosts[1])
    fleet.run_for(8 * SECOND)
    (away,) = heard.episodes[0].absences
    assert (away.cause, away.block_count) == (Cause.SILENT, 0)


def test_a_link_that_passes_one_way_only_is_told_as_lopsided() -> None:
    """0 hears nobody but 1: through 1 it is still in reach, and its links pass one way."""
    fleet, _ = fleet_of(4)
    fleet.network.cut([(2, 0), (3, 0)])
    fleet.run_for(20 * SECOND)
    assert level(fleet, 0) is Level.NONE
    assert node(fleet, 0).partition.sight.one_way
    assert "one way only" in node(fleet, 0).partition.reason

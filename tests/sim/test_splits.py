"""What callers meet in a split fleet, what the diary says after, and how parts are reconciled."""

from collections.abc import Sequence

import msgspec
import pytest
from fleets import VOTING

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Partitioned
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BeliefId
from credimus.kernel.instant import SECOND, Now
from credimus.node.commands import (
    AnyCommand,
    AssertBelief,
    CastVote,
    LeaveFleet,
    RelateBeliefs,
    RetractBelief,
)
from credimus.node.config import Config
from credimus.node.node import Node, NodeEffects
from credimus.protocol.partition.interface import (
    Cause,
    Episode,
    Level,
    PartitionChanged,
    PartitionConfig,
    PartitionHealed,
    Policy,
    Standing,
)
from credimus.protocol.partition.similarity import Similarity
from credimus.sim.fleet import Done, Fleet, FleetConfig
from credimus.sim.host import Host, Order
from credimus.sim.network import Link, links_between
from credimus.state.beliefs import Belief
from credimus.state.identity import belief_id
from credimus.state.operations import (
    Choice,
    Finding,
    Reconcile,
    Relation,
    Rules,
    Scheme,
    Strategy,
)
from credimus.state.outcomes import Effect, outcomes_of
from credimus.state.verdict import Verdict
from credimus.why.explain import explain

MAJORITY = Rules(scheme=Scheme.MAJORITY)


class Heard:
    """All that the nodes of a fleet told of splits, and what callers were told, by place."""

    def __init__(self, fleet: Fleet) -> None:
        self.levels: dict[int, list[Level]] = {}
        self.episodes: dict[int, Episode] = {}
        self.standings: dict[int, list[Standing | None]] = {}
        fleet.watchers.append(self)

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:
        for event in effects.emit:
            if isinstance(event, PartitionChanged):
                self.levels.setdefault(host.place, []).append(event.level)
            elif isinstance(event, PartitionHealed):
                self.episodes[host.place] = event.episode
        for _, written in done:
            self.standings.setdefault(host.place, []).append(written.standing)

    def persisted(self, *_: object) -> None: ...

    def started(self, *_: object) -> None: ...

    def replaced(self, *_: object) -> None: ...


def fleet_of(nodes: int, seed: str = "splits", **settings: object) -> tuple[Fleet, Heard]:
    """A founded fleet in which everybody has written."""
    partition = PartitionConfig(
        **{  # type: ignore[arg-type]
            name: value
            for name, value in settings.items()
            if name in PartitionConfig.__struct_fields__
        }
    )
    config = FleetConfig(
        nodes=nodes,
        node=Config(voting=VOTING, partition=partition),
        left_out_max=MILLION if settings.get("apart") else 0,
        strategies=settings.get("strategies", ()),  # type: ignore[arg-type]
    )
    fleet = Fleet(config, Entropy(seed.encode()))
    heard = Heard(fleet)
    fleet.found()
    fleet.order(0, AssertBelief(content="all is well"))
    fleet.run_for(3 * SECOND)
    return fleet, heard


def cut(fleet: Fleet, *places: int) -> list[Link]:
    links = links_between(places, fleet.places)
    fleet.network.cut(links)
    return links


def level(fleet: Fleet, place: int) -> Level:
    return fleet.hosts[place].running.partition.level


def node(fleet: Fleet, place: int) -> Node:
    return fleet.hosts[place].running


def now_of(fleet: Fleet, place: int) -> Now:  # type: ignore[no-untyped-def]
    return fleet.hosts[place].now(fleet.agenda.now_ns)


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


# --- what was accepted on both sides


ONE, OTHER = "the gate is open", "the gate is not open"
BELIEFS = tuple(belief_id(content, "general") for content in (ONE, OTHER))


def part_in_reach(content: str) -> Order:  # type: ignore[no-untyped-def]
    def order(of: Node) -> AnyCommand:
        electors = of.partition.sight.reachable
        return AssertBelief(content=content, rules=MAJORITY, electors=electors)

    return order


def accept_apart(
    *strategies: Strategy,
    contents: tuple[str, str] = (ONE, OTHER),
    engine: Similarity | None = None,
) -> Fleet:
    fleet, _ = fleet_of(5, apart=True, strategies=strategies)
    for host in fleet.hosts if engine else ():
        host.running.partition.use(engine)
    links = cut(fleet, 0, 1)
    fleet.run_for(5 * SECOND)
    fleet.order(3, part_in_reach(contents[0]))
    fleet.run_for(SECOND)
    fleet.order(0, part_in_reach(contents[1]))
    fleet.run_for(SECOND)
    fleet.network.mend(links)
    fleet.run_for(12 * SECOND)
    assert fleet.agree()
    return fleet


def effects(fleet: Fleet, beliefs: Sequence[BeliefId] = BELIEFS) -> list[Effect]:
    """What became of each, the same on every node."""
    found = [
        [outcomes_of(host.running.state, host.running.lace, one) for one in beliefs]
        for host in fleet.hosts
    ]
    assert all(one == found[0] for one in found)
    assert all(len(outcomes) == 1 for outcomes in found[0]), found[0]
    return [outcomes[0].effect for outcomes in found[0]]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        (Strategy.LAST_WRITER, [Effect.SUPERSEDED, Effect.STANDS]),
        (Strategy.SEMANTIC, [Effect.ALTERNATIVE, Effect.ALTERNATIVE]),
        (Strategy.MULTI_VALUE, [Effect.ALTERNATIVE, Effect.ALTERNATIVE]),
    ],
)
def test_both_sides_are_reconciled_alike(strategy: Strategy, expected: list[Effect]) -> None:
    fleet = accept_apart(strategy)
    assert effects(fleet) == expected
    state = node(fleet, 0).state
    assert {state.rounds.verdict(one) for one in BELIEFS} == {Verdict.ACCEPTED}, "no verdict flips"
    said = sum(host.running.partition.counts.reconciled for host in fleet.hosts)
    assert said >= 1
    assert len(state.reconciliations) == 1, "several that say it say one"


class Spatial:
    """An engine that knows what words do not show."""

    def compare(self, one: Belief, other: Belief) -> Finding:
        return Finding.CONTRADICTORY if one.id != other.id else Finding.COMPATIBLE

    def pairs(self, beliefs: Sequence[Belief]) -> list[tuple[BeliefId, BeliefId, Finding]]:
        here = [one.id for one in beliefs if one.content.startswith("the drone")]
        return [(*here, Finding.CONTRADICTORY)] if len(here) == 2 else []


def test_another_engine_judges_how_statements_bear_on_each_other() -> None:
    contents = "the drone is at berth 4", "the drone is at the depot"
    plain = accept_apart(Strategy.MULTI_VALUE, contents=contents)
    assert not len(node(plain, 0).state.reconciliations), "words do not show it"
    clever = accept_apart(Strategy.MULTI_VALUE, contents=contents, engine=Spatial())
    assert len(node(clever, 0).state.reconciliations) == 1


def test_under_consensus_both_are_put_to_the_vote_again_by_all() -> None:
    fleet = accept_apart(Strategy.CONSENSUS)
    state = node(fleet, 0).state
    for belief in BELIEFS:
        first, second = state.rounds.on(belief)
        assert (first.attempt, second.attempt) == (1, 2)
        assert (len(second.electorate), second.verdict.decided) == (5, True)
        assert outcomes_of(state, node(fleet, 0).lace, belief) == [], "the later verdict holds"


def test_the_most_careful_strategy_of_any_member_holds() -> None:
    fleet = accept_apart(Strategy.LAST_WRITER, Strategy.MULTI_VALUE, Strategy.LAST_WRITER)
    assert effects(fleet) == [Effect.ALTERNATIVE, Effect.ALTERNATIVE]


def test_what_says_more_supersedes_what_says_less_under_the_semantic_strategy() -> None:
    less, more = "pump three leaks", "pump three leaks badly since noon"
    fleet = accept_apart(Strategy.SEMANTIC, contents=(less, more))
    beliefs = [belief_id(content, "general") for content in (less, more)]
    assert effects(fleet, beliefs) == [Effect.SUPERSEDED, Effect.STANDS]
    of = node(fleet, 0)
    known = of.state.beliefs.get(beliefs[0])
    assert known is not None
    told = explain(of.state, of.lace, known, fleet.hosts[0].disk.wires_of)
    assert [one.effect for one in told.reconciled] == ["superseded"]
    (outcome,) = outcomes_of(of.state, of.lace, beliefs[0])
    assert "says all that the other says" in outcome.why
    assert outcome.finding in (Finding.FIRST_SUBSUMES, Finding.SECOND_SUBSUMES)


def test_what_was_decided_in_the_open_can_not_be_reconciled_away() -> None:
    """The second was accepted in the knowledge of the first; a liar's word changes nothing."""
    fleet, _ = fleet_of(3)
    for content in (ONE, OTHER):
        fleet.order(0, AssertBelief(content=content))
        fleet.run_for(SECOND)
    of = node(fleet, 1)
    beliefs = tuple(sorted(BELIEFS))
    rounds = tuple(of.state.rounds.deciding(one)[0].id for one in beliefs)
    said = Reconcile(beliefs, rounds, Strategy.LAST_WRITER)  # type: ignore[arg-type]
    of.authors[0].say(said)
    of._seal_now = True
    fleet.wake(fleet.hosts[1])
    fleet.run_for(2 * SECOND)
    assert len(node(fleet, 0).state.reconciliations) == 1
    for belief in BELIEFS:
        assert outcomes_of(node(fleet, 0).state, node(fleet, 0).lace, belief) == []

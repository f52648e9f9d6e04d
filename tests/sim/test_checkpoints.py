"""Fleets that take checkpoints: what goes, what stays, and who comes back."""

import pytest

from credimus.certificate import Archive, make_certificate
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import Conflict
from credimus.kernel.instant import SECOND
from credimus.node.commands import AssertBelief, LeaveFleet
from credimus.node.config import Config
from credimus.node.events import PeerFaulted
from credimus.protocol.checkpointing.interface import (
    CheckpointConfig,
    CheckpointDisputed,
    CheckpointTaken,
)
from credimus.sim.fleet import Fleet, FleetConfig
from credimus.sim.host import Host
from credimus.sim.profiles import scenario_of
from credimus.sim.run import simulate
from credimus.sim.scenario import altered
from credimus.state.identity import belief_id
from credimus.state.voting.verdict import Verdict
from credimus.why.explain import explain

SHORT = CheckpointConfig(
    interval_ms=8_000, keep_ms=4_000, retention_ms=6_000, look_ns=SECOND, attempt_ns=2 * SECOND
)


class Seen:
    """Keeps what nodes tell of checkpoints."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, CheckpointTaken]] = []
        self.wrong: list[object] = []

    def persisted(self, *_: object) -> None: ...

    def started(self, *_: object) -> None: ...

    def replaced(self, *_: object) -> None: ...

    def emitted(self, host: Host, effects, _done) -> None:  # type: ignore[no-untyped-def]
        for event in effects.emit:
            if isinstance(event, CheckpointTaken):
                self.taken.append((host.place, event))
            elif isinstance(event, CheckpointDisputed | PeerFaulted):
                self.wrong.append(event)


def fleet_with_checkpoints(nodes: int = 4, joiners: int = 0) -> tuple[Fleet, Seen]:
    config = FleetConfig(nodes=nodes, joiners=joiners, node=Config(checkpoints=SHORT))
    fleet, seen = Fleet(config, Entropy(b"checkpoints")), Seen()
    fleet.watchers.append(seen)
    fleet.found()
    return fleet, seen


def busy(fleet: Fleet, seconds: int, said: str = "", places: tuple[int, ...] = (0, 1)) -> None:
    """Two seconds in four somebody states something that ends soon, or that nobody believes."""
    for second in range(seconds):
        if second % 2:
            sure = 0 if second % 4 == 1 else 1_000_000
            fleet.order(
                places[second % len(places)],
                AssertBelief(content=f"{said} {second}", ttl_ms=3_000, confidence=sure),
            )
        fleet.run_for(SECOND)


def comes_to_rest(fleet: Fleet) -> bool:
    """Whether all agree at some moment of the next seconds: words may be under way now."""
    for _ in range(20):
        fleet.run_for(SECOND)
        if fleet.agree():
            return True
    return False


def test_what_is_over_goes_and_what_is_accepted_stays() -> None:
    fleet, seen = fleet_with_checkpoints()
    fleet.order(0, AssertBelief(content="the pier is open"))
    for round_ in range(5):
        busy(fleet, 9, f"round {round_}")
    assert comes_to_rest(fleet)
    assert not seen.wrong
    numbers = [host.running.state.checkpoints.number for host in fleet.hosts]
    assert min(numbers) >= 3
    state = fleet.hosts[2].running.state
    assert state.rounds.verdict(belief_id("the pier is open", "general")) is Verdict.ACCEPTED
    gone = sum(one.checkpoint.released.beliefs for place, one in seen.taken if place == 0)
    assert gone >= 4
    assert all(one.released.root for one in state.checkpoints if one.released.beliefs)
    assert all(len(host.running.lace) == len(host.disk) for host in fleet.hosts)
    for host in fleet.hosts:  # a restart from snapshot and rest gives the same
        before = host.running.state.fingerprint()
        fleet.crash(host)
        fleet.start(host)
        if not host.disk.lost_count:
            assert host.running.state.fingerprint() == before
    assert comes_to_rest(fleet)


def test_a_new_member_begins_from_a_checkpoint() -> None:
    fleet, seen = fleet_with_checkpoints(joiners=1)
    busy(fleet, 16)
    fleet.admit(4)
    busy(fleet, 4, "later")
    assert comes_to_rest(fleet)
    assert not seen.wrong
    assert any(place == 4 for place, _ in seen.taken)
    assert fleet.hosts[4].running.id in fleet.hosts[4].running.state.roster.current
    fleet.order(4, AssertBelief(content="the newcomer says so"))
    fleet.run_for(2 * SECOND)
    verdict = fleet.hosts[0].running.state.rounds.verdict
    said = belief_id("the newcomer says so", "general")
    assert verdict(said) is Verdict.ACCEPTED
    node = fleet.hosts[4].running
    assert not node.compacting.lacks_kept()
    belief = node.state.beliefs.get(said)
    assert belief is not None
    assert make_certificate(
        Archive(node.fleet, node.lace, node.state, fleet.hosts[4].disk.wires_of), belief
    )


def test_who_was_cut_off_for_long_loses_nothing_that_it_said() -> None:
    fleet, seen = fleet_with_checkpoints()
    busy(fleet, 3)
    fleet.network.isolate([3], fleet.places)
    fleet.order(3, AssertBelief(content="said alone"))
    busy(fleet, 24, "meanwhile")
    assert fleet.hosts[0].running.state.checkpoints.number > 0
    assert fleet.hosts[3].running.state.checkpoints.number == 0
    fleet.network.heal()
    busy(fleet, 4, "healed")
    assert comes_to_rest(fleet)
    assert not seen.wrong
    belief = belief_id("said alone", "general")
    assert all(host.running.state.beliefs.get(belief) for host in fleet.hosts)


def test_who_began_from_a_checkpoint_and_spoke_alone_is_understood_later() -> None:
    """Seed 302: it named heads of its checkpoint that the others had let go by then, and had but
    their names itself, so nobody could take its blocks; nor did it take theirs."""
    fleet, seen = fleet_with_checkpoints()
    busy(fleet, 2)
    fleet.crash(fleet.hosts[3])
    busy(fleet, 24, "meanwhile")
    fleet.start(fleet.hosts[3])
    while not fleet.hosts[3].running.state.checkpoints.number:
        fleet.run_for(SECOND // 2_000)
    fleet.network.isolate([3], fleet.places)
    number = fleet.hosts[0].running.state.checkpoints.number
    fleet.order(3, AssertBelief(content="said alone"))
    busy(fleet, 20, "later")
    assert fleet.hosts[0].running.state.checkpoints.number > number
    fleet.network.heal()
    assert comes_to_rest(fleet)
    assert not seen.wrong
    belief = belief_id("said alone", "general")
    assert all(host.running.state.beliefs.get(belief) for host in fleet.hosts)
    assert not any(host.running.orphan_count for host in fleet.hosts)


def test_no_checkpoint_unsays_what_was_decided_beside_a_change_of_members() -> None:
    """Profile partition, seed 330, with checkpoints: a member left on one side of a split; what the
    other side decided with it was gone once a cut fell between the two."""
    fleet, seen = fleet_with_checkpoints(nodes=5)
    busy(fleet, 7)
    fleet.network.isolate([4], fleet.places)
    fleet.order(4, LeaveFleet(reason="done"))
    fleet.run_for(3 * SECOND // 2)
    fleet.order(0, AssertBelief(content="decided by those who did not know"))
    fleet.run_for(SECOND)
    fleet.network.heal()
    belief = belief_id("decided by those who did not know", "general")
    for second in range(24):
        busy(fleet, 1, f"later {second}")
        verdicts = {host.running.state.rounds.verdict(belief) for host in fleet.hosts[:4]}
        assert verdicts == {Verdict.ACCEPTED}
    assert comes_to_rest(fleet)
    assert not seen.wrong
    state = fleet.hosts[0].running.state
    assert state.checkpoints.number > 0
    assert fleet.hosts[4].running.id not in state.roster.base


def test_certificates_tell_what_was_let_go_and_later_ones_are_made() -> None:
    fleet, _ = fleet_with_checkpoints()
    fleet.order(0, AssertBelief(content="an old one"))
    busy(fleet, 16)
    fleet.order(1, AssertBelief(content="a new one"))
    fleet.run_for(SECOND)
    host = fleet.hosts[1]
    node = host.running
    assert node.state.checkpoints.number > 0
    archive = Archive(node.fleet, node.lace, node.state, host.disk.wires_of)
    old = node.state.beliefs.get(belief_id("an old one", "general"))
    new = node.state.beliefs.get(belief_id("a new one", "general"))
    assert old is not None
    assert new is not None
    with pytest.raises(Conflict, match="checkpoint") as refusal:
        make_certificate(archive, old)
    assert refusal.value.code == "compacted"
    assert make_certificate(archive, new)


def test_more_than_a_third_away_stop_the_line_and_nothing_else() -> None:
    fleet, seen = fleet_with_checkpoints()
    for place in (2, 3):
        fleet.crash(fleet.hosts[place])
    busy(fleet, 20)
    assert not seen.taken
    assert comes_to_rest(fleet)
    for place in (2, 3):
        fleet.start(fleet.hosts[place])
    fleet.run_for(30 * SECOND)
    assert comes_to_rest(fleet)
    assert seen.taken


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_goes_wrong_under_faults(seed: int) -> None:
    scenario = altered(scenario_of("checkpoints", seed), statements=30, joiners=seed - 1)
    assert not simulate(scenario).violations


@pytest.mark.parametrize(
    ("profile", "seed"),
    [
        pytest.param(
            "lopsided", 10_002, id="a first block that did not descend from its admission"
        ),
        pytest.param("slander", 10_000, id="votes that a liar kept for itself"),
        pytest.param("checkpoints", 10_104, id="an answer on a proposal that a checkpoint voided"),
        pytest.param("lopsided", 10_216, id="a second proposal by who had answered in vain"),
        pytest.param(
            "rotation", 10_325, id="a proposal of who knew of new keys by a snapshot alone"
        ),
        pytest.param("partition", 10_214, id="a vote whose round a checkpoint voided"),
        pytest.param("storm", 10_406, id="a proposal of who had not heard that somebody lied"),
        pytest.param("expulsion", 11_522, id="a newcomer that knew of a word by a certificate"),
        pytest.param("clock", 11_406, id="an answer that waited while another was given"),
        pytest.param("storm", 11_304, id="a checkpoint with the word of a liar that few had heard"),
        pytest.param("clock", 10_416, id="an admission by who had not heard of the first one"),
        pytest.param("tickets", 11_107, id="a leaver whose former key was admitted twice"),
        pytest.param("tickets", 10_418, id="an electorate published by who was expelled elsewhere"),
        pytest.param("rotation", 31_017, id="an open round that a snapshot alone told of"),
    ],
)
def test_scenarios_that_checkpoints_broke(profile: str, seed: int) -> None:
    scenario = scenario_of(profile, seed, statements=60)
    assert simulate(altered(scenario, checkpoint_ms=1_500)).violations == ()


def test_explanations_and_the_log_of_what_was_let_go_still_answer() -> None:
    fleet, _ = fleet_with_checkpoints()
    fleet.order(0, AssertBelief(content="an old one"))
    busy(fleet, 16)
    host = fleet.hosts[1]
    node = host.running
    assert node.state.checkpoints.number > 0
    old = node.state.beliefs.get(belief_id("an old one", "general"))
    assert old is not None
    told = explain(node.state, node.lace, old, host.disk.wires_of)
    assert told.verdict == "accepted"
    others = [one.id for one in node.state.beliefs]
    assert not node.dependencies.concurrent(old.id, [old.id])
    assert isinstance(node.dependencies.concurrent(old.id, others), list)


def test_a_block_that_waited_while_its_parent_went_waits_on() -> None:
    """Seed 321 ended in a step that raised: the parent of an orphan was let go meanwhile."""
    assert not simulate(scenario_of("checkpoints", 321)).violations

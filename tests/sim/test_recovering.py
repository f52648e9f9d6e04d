"""Damaged disks that are recovered, and nodes that were away behind a compaction."""

import pytest
from fleets import VOTING, YES, fleet_of
from test_checkpoints import busy, comes_to_rest, fleet_with_checkpoints

from credimus.kernel.effects import Wake
from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.node.commands import AssertBelief, LeaveFleet
from credimus.node.config import Config
from credimus.node.supply import read_message
from credimus.protocol.recovery.interface import (
    AskCame,
    Cause,
    HeadsAsked,
    Phase,
    RecoveryConfig,
    Session,
    WaitingHead,
    WayKind,
)
from credimus.protocol.sync.interface import Blocks
from credimus.sim.fleet import Fleet
from credimus.sim.fleet_config import FleetConfig
from credimus.sim.host import Host, Lane
from credimus.sim.operator import is_outside, recover, repair
from credimus.sim.profiles import scenario_of
from credimus.sim.run import simulate
from credimus.sim.scenario import altered


@pytest.mark.parametrize("seed", [1, 15, 56, 9026])
def test_recovery_under_faults_keeps_every_sentence(seed: int) -> None:
    """Among them nodes that are damaged twice, one that is stuck behind a gap (56), and one whose
    block is altered that a recovery before had kept (9026)."""
    assert simulate(scenario_of("recovery", seed)).violations == ()


def test_what_a_recovering_node_said_beyond_a_checkpoint_is_taken_with_what_it_names() -> None:
    """A snapshot came while its own last block waited; the blocks that this one names were below
    the cut, and nobody else had their bytes. It was given up, and another signed in its place."""
    scenario = altered(scenario_of("recovery", 405, statements=60), checkpoint_ms=1_500)
    assert simulate(scenario).violations == ()


@pytest.mark.parametrize("seed", [22, 23, 31])
def test_recovery_goes_together_with_checkpoints(seed: int) -> None:
    """Rows that a fold of the past reads (31), and blocks that are in snapshots (22)."""
    scenario = altered(scenario_of("recovery", seed), name="both", checkpoint_ms=1_500)
    assert simulate(scenario).violations == ()


def damaged(fleet: Fleet, host: Host, *, names: bool = True) -> None:
    """Alter a row in the middle of a node's own chain, and recover the disk."""
    own = [place.id for place in host.running.lace.walk(0, host.id)]
    assert host.disk.flip_bit(7, own[1:-1])
    host.recovers, host.forgets_names = True, not names
    fleet.crash(host)
    recover(fleet, host)


def spoken(fleet: Fleet, host: Host, count: int = 4, said: str = "pump") -> None:
    for number in range(count):
        fleet.order(host.place, AssertBelief(content=f"{said} {number} leaks"))
        fleet.run_for(60 * MILLISECOND)


def session_of(host: Host) -> Session:
    session = host.running.recovery.session
    assert session is not None
    return session


def bytes_sent_back(by_name_ns: int) -> int:
    """Of blocks, to a node whose first block was altered, until it writes again."""
    recovery = RecoveryConfig(by_name_ns=by_name_ns)
    config = FleetConfig(nodes=4, node=Config(voting=VOTING, recovery=recovery))
    fleet = Fleet(config, Entropy(b"gap"))
    fleet.found()
    for number in range(30):
        fleet.order(number % 4, AssertBelief(content=f"pump {number} leaks"))
        fleet.run_for(100 * MILLISECOND)
    fleet.run_for(3 * SECOND)
    host = fleet.hosts[2]
    assert host.disk.flip_bit(7, [next(host.running.lace.walk(0, host.id)).id])
    host.recovers = True
    fleet.crash(host)
    heard = {"bytes": 0}
    hear = host.hear

    def counted(sender: NodeId, payload: bytes, wake: Wake = Wake.NOW) -> bool:
        message = read_message(payload)
        heard["bytes"] += len(payload) if isinstance(message, Blocks) else 0
        return hear(sender, payload, wake)

    host.hear = counted  # type: ignore[method-assign]
    recover(fleet, host)
    shown = host.running.recovery.shown(host.now(fleet.agenda.now_ns))
    assert shown is not None
    costs = {one.kind: one.byte_count for one in shown.ways}
    assert costs[WayKind.DIFFERENTIAL] * 10 < costs[WayKind.INCREMENTAL]
    assert shown.way is WayKind.DIFFERENTIAL
    fleet.run_for(10 * SECOND)
    assert session_of(host).phase is Phase.ENDED
    assert fleet.agree()
    return heard["bytes"]


def test_a_gap_is_filled_by_name_without_sending_what_is_intact() -> None:
    by_name, by_frontier = bytes_sent_back(5 * SECOND), bytes_sent_back(0)
    assert by_name * 4 < by_frontier, (by_name, by_frontier)


def test_who_was_recovering_goes_on_telling_what_waited_in_vain() -> None:
    """Seed 1 had a node sign a second block: another had the first among its loose ones only."""
    fleet = fleet_of(YES, YES, YES)
    host, other = fleet.hosts[1], fleet.hosts[0]
    block = next(other.running.lace.walk(0, other.id))
    seen = (other.id, block.sequence + 7, block.id)
    recovery = host.running.recovery
    recovery.session = Session(cause=Cause.DAMAGED, phase=Phase.ENDED, witnessed=(seen,))
    asked = AskCame(other.id, HeadsAsked((other.id,)))
    (send,) = recovery.handle(asked, host.now(fleet.agenda.now_ns)).send
    assert send.message.waiting == (WaitingHead(*seen),)


@pytest.mark.parametrize("names", [True, False])
def test_what_others_hold_comes_back_and_the_node_writes_again(names: bool) -> None:
    fleet = fleet_of(YES, YES, YES, YES)
    host = fleet.hosts[2]
    spoken(fleet, host)
    fleet.run_for(2 * SECOND)
    damaged(fleet, host, names=names)
    fleet.run_for(20 * SECOND)
    assert session_of(host).phase is Phase.ENDED
    assert session_of(host).said_count == 0, "nothing had to be said again"
    spoken(fleet, host, 1, "valve")
    fleet.run_for(3 * SECOND)
    assert fleet.agree()
    assert "valve 0 leaks" in {one.content for one in fleet.hosts[0].running.state.beliefs}


def test_a_member_that_does_not_answer_is_waited_for() -> None:
    """Only it might hold what the damaged rows said."""
    fleet = fleet_of(YES, YES, YES, YES)
    host = fleet.hosts[2]
    spoken(fleet, host)
    fleet.run_for(2 * SECOND)
    fleet.crash(fleet.hosts[3])
    damaged(fleet, host, names=False)
    fleet.run_for(40 * SECOND)
    shown = host.running.recovery.shown(host.now(fleet.agenda.now_ns))
    assert shown is not None
    assert (shown.is_holding, shown.is_stalled, shown.is_stuck) == (True, True, False)
    assert shown.unanswered == (fleet.hosts[3].id,)
    fleet.start(fleet.hosts[3])
    fleet.run_for(10 * SECOND)
    assert session_of(host).phase is Phase.ENDED


@pytest.mark.parametrize("lane", [Lane.BEFORE_PERSIST, Lane.AFTER_PERSIST, Lane.AMID_SENDS])
@pytest.mark.parametrize("after_ms", [0, 40, 5_060, 5_090])
def test_a_crash_in_the_middle_is_taken_up(lane: Lane, after_ms: int) -> None:
    """Apart from all others twenty beliefs were stated behind a block that is lost."""
    fleet = fleet_of(YES, YES, YES, YES)
    host = fleet.hosts[2]
    fleet.network.isolate([2], fleet.places)
    spoken(fleet, host, 24)
    own = [place.id for place in host.running.lace.walk(0, host.id)]
    assert host.disk.flip_bit(0, own[2:3])
    host.recovers = True
    fleet.crash(host)
    fleet.network.heal()
    recover(fleet, host)
    fleet.run_for(after_ms * MILLISECOND)
    host.crash_at = lane
    fleet.run_for(500 * MILLISECOND)
    if host.node is None:
        fleet.start(host)
    host.crash_at = None
    fleet.run_for(30 * SECOND)
    assert session_of(host).phase is Phase.ENDED
    assert fleet.agree()
    known = {one.content for one in fleet.hosts[0].running.state.beliefs}
    lost = {f"pump {number} leaks" for number in range(24)} - known
    assert len(lost) <= 1, "what the altered block itself said"
    said = fleet.hosts[0].running.state.beliefs
    for one in said:
        own_claims = [who for who, _, _ in said.assertions(one.id) if who == host.id]
        assert len(own_claims) <= 1, "nothing is said twice"


def test_who_was_away_behind_a_compaction_tells_how_far_it_is() -> None:
    fleet, _ = fleet_with_checkpoints(5)
    host = fleet.hosts[4]
    fleet.order(4, AssertBelief(content="said before"))
    busy(fleet, 2, "early")
    fleet.network.isolate([4], fleet.places)
    spoken(fleet, host, 3, "alone")
    fleet.crash(host)
    busy(fleet, 60, "meanwhile")
    assert fleet.hosts[0].running.state.checkpoints.number
    fleet.network.heal()
    fleet.start(host)
    assert comes_to_rest(fleet)
    known = {one.content for one in fleet.hosts[0].running.state.beliefs}  # a day is 6 s here
    fleet.run_for(5 * SECOND)
    session = session_of(host)
    assert (session.cause, session.phase) == (Cause.BEHIND, Phase.ENDED)
    assert host.running.state.checkpoints.number == fleet.hosts[0].running.state.checkpoints.number
    assert {f"alone {number} leaks" for number in range(3)} <= known


def test_who_left_after_its_disk_was_replaced_is_not_asked_back() -> None:
    """Found as disk 6230: the new keys had left by the next look, and were admitted once more."""
    fleet = fleet_of(YES, YES, YES)
    host = fleet.hosts[1]
    for number in range(3):
        fleet.order(1, AssertBelief(content=f"something to be damaged {number}"))
        fleet.run_for(SECOND)
    assert host.disk.flip_bit(7)
    fleet.crash(host)
    fleet.start(host)
    assert host.node is None, "it refuses to start"
    repair(fleet, host)
    members = fleet.hosts[0].running.state.roster
    while is_outside(host) and fleet.agenda.now_ns < 60 * SECOND:
        fleet.run_for(20 * MILLISECOND)
    fleet.order(1, LeaveFleet(reason="done"))
    fleet.run_for(2 * SECOND)
    assert host.id in members.keys
    assert host.id not in members.current

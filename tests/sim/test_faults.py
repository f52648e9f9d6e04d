"""Each kind of fault does what it says, seen on a small fleet."""

from fleets import YES, a_moment, a_while, fleet_of

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND
from credimus.node.commands import AssertBelief
from credimus.sim.clock import WallClock
from credimus.sim.faults import (
    BitFlip,
    Bridge,
    Flapping,
    Flood,
    Forge,
    Fork,
    FullDisk,
    OneWay,
    Slow,
    Withhold,
)
from credimus.sim.faults.fault import Fault, Scene
from credimus.sim.fleet import Fleet

CLAIM = AssertBelief(content="the gate is shut", category="claim")


def strike(fleet: Fleet, fault: Fault, seed: bytes = b"fault") -> Scene:
    """Let a fault that strikes once do so."""
    scene = Scene(fleet, Entropy(seed).stream("fault"))
    fault.begin(scene)
    a_moment(fleet, 1)
    return scene


def knowing(fleet: Fleet) -> list[int]:
    """The places that hold a belief."""
    return [host.place for host in fleet.up if len(host.running.state.beliefs)]


def liar_in(fleet: Fleet) -> NodeId:
    """Have the second node lie."""
    fleet.hosts[1].lies = True
    return fleet.hosts[1].id


def test_one_way_is_one_way() -> None:
    heard = set()
    for seed in range(8):
        fleet = fleet_of(YES, YES, YES)
        strike(fleet, OneWay(places=(2,), lasts_ms=(60_000, 60_000)), b"%d" % seed)
        fleet.order(2, CLAIM)
        a_moment(fleet, 50)
        heard.add(tuple(knowing(fleet)))
        assert not fleet.agree()
    assert heard == {(0, 1, 2), (2,)}, "deaf, or mute"


def test_over_a_bridge_everything_arrives() -> None:
    fleet = fleet_of(YES, YES, YES, YES, YES)
    strike(fleet, Bridge(places=(0, 1), lasts_ms=(60_000, 60_000)))
    fleet.order(0, CLAIM)
    a_moment(fleet, 30)
    assert len(knowing(fleet)) == 3, "both of the group, and the bridge"
    a_while(fleet)
    assert knowing(fleet) == [0, 1, 2, 3, 4]


def test_a_flapping_link_comes_back() -> None:
    fleet = fleet_of(YES, YES)
    strike(fleet, Flapping(lasts_ms=(500, 500), down_ms=(50, 50), up_ms=(50, 50)))
    fleet.order(0, CLAIM)
    a_moment(fleet, 40)
    assert knowing(fleet) == [0]
    a_while(fleet)
    assert fleet.agree()
    assert not fleet.network._cut


def test_a_slow_node_is_slow_and_a_flood_is_written() -> None:
    fleet = fleet_of(YES, YES, YES)
    strike(fleet, Slow(places=(2,), lasts_ms=(500, 500), step_ms=(100, 100)))
    strike(fleet, Flood(places=(2,), count=500))
    a_moment(fleet, 60)
    assert knowing(fleet) == [2]
    a_while(fleet)
    assert len(fleet.hosts[0].running.state.beliefs) == 500
    assert fleet.agree()


def test_a_full_disk_holds_the_step_back_and_refuses_further_commands() -> None:
    fleet = fleet_of(YES, YES, YES)
    host = fleet.hosts[1]
    strike(fleet, FullDisk(places=(1,), lasts_ms=(1_500, 1_500)))
    before = len(host.disk)
    fleet.order(1, CLAIM)
    a_moment(fleet, 100)
    assert host.is_stuck
    assert len(host.disk) == before
    assert knowing(fleet) == [1], "it knows, and has told nobody"
    fleet.order(1, AssertBelief(content="the gate is open", category="claim"))
    assert fleet.refused == {"disk-full": 1}
    a_moment(fleet, 4_000)
    assert not host.is_stuck
    assert knowing(fleet) == [0, 1, 2]
    assert fleet.agree()


def test_a_flipped_bit_is_found_at_the_restart_and_the_node_joins_under_new_keys() -> None:
    fleet = fleet_of(YES, YES, YES, YES)
    fleet.order(2, CLAIM)
    a_moment(fleet)
    host = fleet.hosts[2]
    before = host.id
    strike(fleet, BitFlip(places=(2,), found_ms=(100, 100), repair_ms=(500, 500)))
    assert host.disk.is_damaged
    a_moment(fleet, 300)
    assert host.node is None, "it refuses to start"
    a_while(fleet)
    assert host.id != before
    assert {before, host.id} <= set(host.running.state.roster.current.by_id)
    assert fleet.agree()


def test_a_damaged_row_that_a_peer_asks_for_is_not_served() -> None:
    fleet = fleet_of(YES, YES, YES)
    host = fleet.hosts[1]
    fleet.network.cut([(1, 0), (1, 2)])
    for content in ("the gate is shut", "the road is dry", "the mill burns"):
        fleet.order(1, AssertBelief(content=content, category="claim"))
        a_moment(fleet, 30)
    for drawn in range(len(host.disk) - 1):  # each row once, but the last
        assert host.disk.flip_bit(drawn)
    fleet.network.heal()
    a_moment(fleet, 3_000)
    assert host.node is None, "it stopped over the first row"
    assert not any(other.running.faults for other in fleet.up)


def test_both_branches_of_a_fork_reach_everybody() -> None:
    fleet = fleet_of(YES, YES, None, None, None)
    liar = liar_in(fleet)
    fleet.order(0, CLAIM)
    a_moment(fleet, 30)
    strike(fleet, Fork())
    a_while(fleet)
    assert fleet.agree()
    forked = [sum(a.id == liar for a in h.running.authors if a.forked) for h in fleet.up]
    assert forked == [0, 1, 0, 0, 0], "the liar's own node saw it and fell silent"


def test_a_forgery_is_a_fault_and_changes_nothing() -> None:
    fleet = fleet_of(YES, YES, YES, YES)
    liar = liar_in(fleet)
    fleet.order(0, CLAIM)
    a_while(fleet)
    before = fleet.hosts[0].running.state.fingerprint()
    for seed in range(8):
        strike(fleet, Forge(), b"%d" % seed)
    a_moment(fleet, 300)
    faults = fleet.hosts[0].running.faults
    assert {peer for peer, _ in faults} == {liar}
    assert fleet.hosts[0].running.state.fingerprint() == before


def test_what_is_withheld_from_some_they_get_from_others() -> None:
    fleet = fleet_of(YES, YES, YES, YES)
    liar_in(fleet)
    strike(fleet, Withhold(lasts_ms=(60_000, 60_000)), b"two of three")
    withheld = fleet.hosts[1].withheld
    assert 0 < len(withheld) < 3
    fleet.order(1, CLAIM)
    a_moment(fleet, 20)
    assert not withheld & set(knowing(fleet))
    a_while(fleet)
    assert knowing(fleet) == [0, 1, 2, 3]


def test_a_wall_clock_drifts_jumps_and_is_set_right() -> None:
    wall = WallClock()
    wall.usual_skew_ms = 7
    wall.set_right()
    wall.drift(100_000, 1_000 * MILLISECOND)
    assert wall.skew_ms(2_000 * MILLISECOND) == 107
    wall.jump(-50)
    assert wall.skew_ms(1_000 * MILLISECOND) == -50
    wall.set_right()
    assert wall.skew_ms(9_000 * MILLISECOND) == 7

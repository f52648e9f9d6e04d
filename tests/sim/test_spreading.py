"""How blocks spread in whole fleets: around one-way links, and over trees in a crowd."""

import pytest

from credimus.kernel.effects import Effects, Send
from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import SECOND
from credimus.lace.frontier import frontier_of
from credimus.node.commands import AssertBelief
from credimus.node.node import NodeEffects
from credimus.protocol.dissemination.interface import Enveloped, Relay
from credimus.protocol.dissemination.urgency import Urgency
from credimus.protocol.sync.interface import Pull
from credimus.sim.fleet import Fleet, FleetConfig
from credimus.sim.measuring import Spread, percentile, spread
from credimus.sim.network import Weather
from credimus.sim.once import signatures_checked_once

NORMAL, CRITICAL, LOW = Urgency.NORMAL, Urgency.CRITICAL, Urgency.LOW
CROWD = 18
CLAIM_TAG = 23


def settled(nodes: int, joiners: int = 0) -> Fleet:
    """A fleet some seconds old."""
    fleet = Fleet(FleetConfig(nodes=nodes, joiners=joiners), Entropy(b"spreading"))
    with signatures_checked_once():
        fleet.found()
    fleet.run_for(3 * SECOND)
    return fleet


def several(fleet: Fleet, count: int, urgency: Urgency = NORMAL, author: int = 0) -> list[Spread]:
    """The ways of some blocks, one after the other."""
    at = fleet.agenda.now_ns
    with signatures_checked_once():
        return [spread(fleet, author, urgency, f"{at} {number}") for number in range(count)]


def reached(spreads: list[Spread]) -> list[float]:
    """When the last of all had each block."""
    assert all(one.reached_all_ms is not None for one in spreads)
    return [one.reached_all_ms or 0.0 for one in spreads]


def test_a_one_way_link_is_gone_around_by_a_relay() -> None:
    fleet = settled(5)
    fleet.network.cut([(0, 1)])
    fleet.run_for(3 * SECOND)
    took = reached(several(fleet, 20))
    assert max(took) < 30, "a pull would take up to a second"
    counts = [host.running.spreading.machine.counts for host in fleet.hosts]
    assert counts[0].enveloped == 20
    assert sum(one.relayed for one in counts) == 20
    assert min(one.relayed for one in counts[2:]) >= 4, "the load is shared"


def test_nobody_is_asked_to_carry_to_who_was_just_expelled() -> None:
    """Others may not know of it yet, and would hand on openly what the straight way closes."""
    fleet = settled(5)
    first, gone, carrier, other = (host.id for host in fleet.hosts[:4])
    sends = [
        Send(carrier, message)
        for target in (gone, other)
        for message in (
            Enveloped(target, (first,), 1, 1, Pull(frontier_of([]))),
            Relay(other, target, (other,), 1, 1, b""),
        )
    ]
    effects: NodeEffects = Effects(send=list(sends))
    host = fleet.hosts[0]
    host.running.spreading.prepare(effects, {gone}, host.now(fleet.agenda.now_ns))
    assert effects.send == sends[2:]


def test_a_step_in_halves_sends_no_more_than_a_whole_one() -> None:
    """While callers wait for verdicts, what a node heard leaves before what they say to it."""
    counts = []
    for waited_ppm in (0, 1_000_000):
        fleet = Fleet(FleetConfig(nodes=16, waited_ppm=waited_ppm), Entropy(b"halves"))
        with signatures_checked_once():
            fleet.found()
        fleet.run_for(10 * SECOND)
        assert fleet.agree()
        counts.append(fleet.network.count_of((CLAIM_TAG,))[0])
    assert 0 < counts[1] < 1.2 * counts[0], "to some of the fleet, not to all"


def test_what_is_critical_goes_two_ways_at_most_times() -> None:
    fleet = settled(5)
    fleet.network.cut([(0, 1)])
    fleet.run_for(3 * SECOND)
    several(fleet, 30, CRITICAL)
    assert 45 <= fleet.hosts[0].running.spreading.machine.counts.enveloped <= 59


def test_where_no_single_relay_will_do_several_are_passed() -> None:
    fleet = settled(5)
    only = {(0, 2), (2, 3), (3, 1), (2, 0)}
    cuts = [(one, to) for one in (0, 2, 3) for to in range(5) if to != one]
    fleet.network.cut([link for link in cuts if link not in only])
    fleet.run_for(15 * SECOND)
    several(fleet, 10)
    relayed = [host.running.spreading.machine.counts.relayed for host in fleet.hosts]
    assert relayed[2] >= 10
    assert relayed[3] >= 5, "from the first relay to the second, and then to the target"


def test_a_pull_and_its_answer_go_around_too() -> None:
    fleet = settled(4)
    fleet.network.cut([(0, 1), (1, 0)])
    fleet.run_for(6 * SECOND)
    fleet.network.cut([(2, 1), (3, 1)])  # nothing comes to it any more
    several(fleet, 1)
    fleet.network.mend([(2, 1)])
    fleet.run_for(3 * SECOND)
    assert fleet.agree()


@pytest.mark.parametrize(("urgency", "within_ms"), [(CRITICAL, 130), (NORMAL, 130), (LOW, 600)])
def test_all_of_a_crowd_are_reached_soon(urgency: Urgency, within_ms: int) -> None:
    fleet = settled(CROWD)
    several(fleet, 2, urgency)
    spreads = several(fleet, 6, urgency)
    assert percentile(reached(spreads), 50) < within_ms
    messages = sum(one.bytes for one in spreads) / (6 * (CROWD - 1))
    assert messages < 1_000, "bytes of each block and node"


def test_all_are_reached_though_one_in_ten_messages_is_lost() -> None:
    fleet = settled(CROWD)
    fleet.network.weather = Weather(loss_ppm=100_000)
    for urgency in Urgency:
        assert len(reached(several(fleet, 4, urgency))) == 4


def test_all_are_reached_though_one_in_ten_has_just_failed() -> None:
    fleet = settled(CROWD)
    several(fleet, 3)
    for place in (7, 13):
        fleet.crash(fleet.hosts[place])
    took = reached(several(fleet, 4))
    assert fleet.agenda.now_ns < 30 * SECOND
    assert max(took) < 600, "nobody waits for membership to notice"


def test_a_newcomer_finds_neighbours_and_is_reached() -> None:
    fleet = settled(16, joiners=1)
    with signatures_checked_once():
        fleet.admit(16)
        fleet.run_for(6 * SECOND)
    newcomer = fleet.hosts[16].running
    assert len(newcomer.spreading.machine.overlay) >= 6
    assert reached(several(fleet, 3))[-1] < 130
    assert fleet.agree()


def test_a_belief_is_measured_under_its_urgency() -> None:
    fleet = settled(5)
    for number, urgency in enumerate((CRITICAL, NORMAL, LOW, CRITICAL) * 8):
        fleet.order(0, AssertBelief(content=f"belief {number}", urgency=urgency))
        fleet.run_for(SECOND)
    seen = fleet.hosts[0].running.spreading
    counts = [len(seen.convergence.measured(urgency)) for urgency in Urgency]
    assert counts == [8, 8, 16]
    for urgency, count in zip(Urgency, counts, strict=True):
        told = seen.estimate(urgency=urgency)
        assert (told.nodes, told.topology, told.measured_count) == (5, "full-mesh", count)
        measured = [one.duration_us / 1_000 for one in seen.convergence.measured(urgency)]
        assert min(measured) * 0.5 < told.expected_ms < max(measured) * 2
        assert told.error_ms is not None


def test_blocks_that_wait_on_purpose_do_not_blur_the_estimate_of_others() -> None:
    fleet = settled(16)
    with signatures_checked_once():
        for number in range(6):
            urgency = LOW if number % 2 else NORMAL
            fleet.order(0, AssertBelief(content=f"belief {number}", urgency=urgency))
            fleet.run_for(2 * SECOND)
    seen = fleet.hosts[0].running.spreading
    low, normal = seen.estimate(urgency=LOW), seen.estimate()
    assert (low.urgency, normal.urgency) == ("low", "normal")
    assert (low.measured_count, normal.measured_count) == (3, 3)
    assert low.expected_ms > 1.5 * normal.expected_ms


def test_votes_on_what_is_critical_are_critical() -> None:
    fleet = settled(16)
    with signatures_checked_once():
        fleet.order(0, AssertBelief(content="the dam is full", urgency=CRITICAL))
        fleet.run_for(SECOND)
    for host in fleet.hosts[1:]:
        trees = host.running.spreading.machine._trees
        assert trees.get(host.id, CRITICAL) is not None
        assert trees.get(host.id, NORMAL) is None

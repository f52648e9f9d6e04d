"""Das, Gupta, Motivala, "SWIM: Scalable Weakly-consistent Infection-style Process Group Membership
Protocol" (DSN 2002): one test for each claim that membership rests on."""

from itertools import pairwise

import pytest

from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.protocol.membership.interface import (
    Claim,
    MembershipConfig,
    MessageCame,
    Notice,
    PeerAlive,
    PeerDead,
    PeerSuspected,
    Status,
)
from credimus.protocol.membership.turns import next_turn
from credimus.sim.network import Weather
from credimus.sim.swarm import Swarm, SwarmConfig

PIGGYBACK_ONLY = MembershipConfig(notice_gap_ns=10**15, hello_count=1)
PERIOD_MS = 500


def settled(members: int, seed: int = 1, **config: object) -> Swarm:
    swarm = Swarm(SwarmConfig(members=members, **config), seed)  # type: ignore[arg-type]
    swarm.run_for(20 * SECOND)
    swarm.seen.clear()
    return swarm


def test_section_2_strong_completeness() -> None:
    """A crash is detected by every member that does not crash."""
    swarm = settled(9)
    for place in (2, 5, 7):
        swarm.crash(place)
    swarm.run_for(10 * SECOND)
    for place in (2, 5, 7):
        assert set(swarm.statuses_of(place)) == {Status.DEAD}


def test_section_3_load_does_not_grow_with_the_group() -> None:
    """Messages sent by a member in a period are the same in groups of any size."""
    loads = []
    for members in (5, 20, 80):
        swarm = settled(members)
        before = swarm.network.message_count
        swarm.run_for(20 * SECOND)
        loads.append((swarm.network.message_count - before) / members / 40)
    assert max(loads) - min(loads) < 0.1
    assert loads[0] == pytest.approx(2, abs=0.1), "a ping and an answer"


def test_section_3_1_a_lost_ping_alone_is_no_suspicion() -> None:
    """k members probe where we can not: a broken link is not a failed member."""
    swarm = settled(5)
    swarm.network.cut([(0, 1), (1, 0)])
    swarm.run_for(30 * SECOND)
    assert not swarm.seen
    view = swarm.machine(0).peer(swarm.members[1])
    assert view is not None
    assert view.through


def test_section_4_1_piggy_backing_alone_reaches_all_in_logarithmic_time() -> None:
    """An update spreads like an epidemic: four times the members, a little more time."""
    times = []
    for members in (20, 80):
        swarm = settled(members, machine=PIGGYBACK_ONLY)
        at = swarm.agenda.now_ns
        machine, news = swarm.machine(0), 2 * 10**12 - 2 * 10**11 + 30_000
        claim = Claim(swarm.members[1], news, Status.ALIVE, swarm.members[1])
        machine.handle(MessageCame(swarm.members[2], Notice(1, (claim,))), swarm._now(0))
        while any(
            swarm.machine(place).peer(swarm.members[1]).incarnation < news  # type: ignore[union-attr]
            for place in range(members)
            if place != 1
        ):
            swarm.run_for(50 * MILLISECOND)
            assert swarm.agenda.now_ns - at < 20 * SECOND
        times.append(swarm.agenda.now_ns - at)
    assert times[1] < 2.5 * times[0]


def test_section_4_1_an_update_is_sent_a_bounded_number_of_times() -> None:
    """lambda log n by each member, and then no more."""
    members = 20
    swarm = settled(members, machine=PIGGYBACK_ONLY)
    telling = swarm.machine(0)._telling
    assert telling._rumours.times == 3 * members.bit_length()
    quiet = Swarm(SwarmConfig(members=members), 1)
    quiet.run_for(120 * SECOND)
    assert all(not len(quiet.machine(place)._telling._rumours) for place in range(members))


def test_section_4_2_a_suspect_refutes_with_a_higher_incarnation() -> None:
    """No false suspicion survives long enough to become a death, at 20 % loss."""
    swarm = settled(10, weather=Weather(loss_ppm=200_000))
    swarm.run_for(120 * SECOND)
    suspected = [one.event for one in swarm.seen if isinstance(one.event, PeerSuspected)]
    refuted = [one.event for one in swarm.seen if isinstance(one.event, PeerAlive)]
    assert len(suspected) > 50
    assert abs(len(refuted) - len(suspected)) < 20
    assert not [one for one in swarm.seen if isinstance(one.event, PeerDead)]


def test_section_4_2_suspicion_is_what_spares_the_living() -> None:
    """Without time to refute the same loss kills."""
    hasty = MembershipConfig(suspicion_ns_min=0, suspicion_ns_max=0)
    swarm = Swarm(SwarmConfig(members=10, machine=hasty, weather=Weather(loss_ppm=200_000)), 1)
    swarm.run_for(60 * SECOND)
    assert [one for one in swarm.seen if isinstance(one.event, PeerDead)]


def test_section_4_3_time_bounded_completeness() -> None:
    """Everybody probes everybody, at most 2n - 1 periods apart."""
    members = sorted(settled(7).members)
    for own in members:
        turns: dict[bytes, list[int]] = {one: [] for one in members if one != own}
        wall_ms = 0
        while wall_ms < 400 * PERIOD_MS:
            turn = next_turn(members, own, PERIOD_MS, wall_ms)
            assert turn is not None
            wall_ms = turn.wall_ms
            turns[turn.target].append(wall_ms)
        for times in turns.values():
            gaps = [later - one for one, later in pairwise(times)]
            assert max(gaps) <= (2 * len(members) - 1) * PERIOD_MS

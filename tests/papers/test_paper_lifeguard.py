"""Dadgar, Phillips, Currey, "Lifeguard: Local Health Awareness for More Accurate Failure Detection"
(2018): one test for each claim that membership rests on."""

from math import log

import pytest

from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.protocol.membership.interface import (
    MembershipConfig,
    PeerDead,
    PeerSuspected,
    Status,
)
from credimus.protocol.membership.suspicion import timeout_ns
from credimus.sim.network import Weather
from credimus.sim.swarm import Swarm, SwarmConfig

SWIM_ALONE = MembershipConfig(health_max=0, late_ns=10**15, patience_ns_max=0)
"""No self-awareness: neither lateness nor failed probes make us doubt ourselves."""
SLOW = 3


def troubled(machine: MembershipConfig) -> Swarm:
    """A swarm of twenty, three of which take in messages only a quarter of the time."""
    swarm = Swarm(SwarmConfig(members=20, machine=machine), 1)
    swarm.run_for(10 * SECOND)
    swarm.seen.clear()
    inbound = [(other, slow) for slow in range(SLOW) for other in range(20) if other != slow]
    for _ in range(30):
        swarm.network.cut(inbound)
        swarm.run_for(1_500 * MILLISECOND)
        swarm.network.heal()
        swarm.run_for(500 * MILLISECOND)
    return swarm


def accusations(swarm: Swarm) -> int:
    """Suspicions of healthy members, counted where they began."""
    healthy = set(swarm.members[SLOW:])
    return sum(
        isinstance(one.event, PeerSuspected)
        and one.event.peer in healthy
        and one.event.by == swarm.members[one.place]
        for one in swarm.seen
    )


def deaths(swarm: Swarm) -> int:
    """Times that a member held a healthy one for dead."""
    healthy = set(swarm.members[SLOW:])
    return sum(isinstance(one.event, PeerDead) and one.event.peer in healthy for one in swarm.seen)


def test_slow_members_accuse_healthy_ones_and_self_awareness_spares_them() -> None:
    """The paper's finding, section II, and what its remedy gives, section V: deaths of healthy
    members become far fewer."""
    alone, aware = troubled(SWIM_ALONE), troubled(MembershipConfig())
    assert accusations(alone) > 500
    assert accusations(aware) < accusations(alone) // 2
    assert deaths(aware) < deaths(alone) // 5


def test_a_slow_member_knows_that_it_is_slow() -> None:
    """One that steps only now and then: it comes too late to its own turns."""
    swarm = Swarm(SwarmConfig(members=20), 1)
    swarm.run_for(10 * SECOND)
    for _ in range(60):
        swarm.pause(0, 450 * MILLISECOND)
        swarm.run_for(500 * MILLISECOND)
    scores = [swarm.machine(place).health_score for place in range(20)]
    assert scores[0] > max(scores[1:])
    assert not [one for one in swarm.seen if isinstance(one.event, PeerDead)]


@pytest.mark.parametrize("wanted", [1, 2, 3, 5])
def test_the_suspicion_timeout_is_that_of_the_paper(wanted: int) -> None:
    """max(Min, Max - (Max - Min) log(C + 1) / log(K + 1))."""
    config = MembershipConfig()
    least, most = config.suspicion_ns_min, config.suspicion_ns_max
    for count in range(8):
        exact = max(least, most - (most - least) * log(count + 1) / log(wanted + 1))
        assert timeout_ns(config, count, wanted) == pytest.approx(exact, rel=0.002)


def test_more_who_suspect_shorten_the_way_to_death() -> None:
    """A crash, which all confirm, is dead in the least time; with one witness it takes the most."""
    config = MembershipConfig()
    swarm = Swarm(SwarmConfig(members=20), 1)
    swarm.run_for(10 * SECOND)
    at = swarm.agenda.now_ns
    swarm.crash(0)
    swarm.run_for(4 * SECOND)
    suspected, dead = swarm.first_suspected_ns(0, at), swarm.all_dead_ns(0, at)
    assert suspected is not None
    assert dead is not None
    assert dead - suspected < config.suspicion_ns_min + 100 * MILLISECOND
    assert timeout_ns(config, 0, 3) == 4 * config.suspicion_ns_min


def test_the_buddy_system_tells_the_suspect_first() -> None:
    """Under heavy loss a suspect hears of it from whoever pings it, and refutes."""
    swarm = Swarm(SwarmConfig(members=8, weather=Weather(loss_ppm=250_000)), 3)
    swarm.run_for(120 * SECOND)
    assert sum(swarm.machine(place).counts.refutations for place in range(8)) > 50
    assert not [one for one in swarm.seen if isinstance(one.event, PeerDead)]
    assert all(Status.DEAD not in swarm.statuses_of(place) for place in range(8))


def test_relays_that_hear_nothing_say_so_and_only_silence_is_held_against_ourselves() -> None:
    """A crashed member costs its probers no health; being cut off from all does."""
    swarm = Swarm(SwarmConfig(members=10), 1)
    swarm.run_for(10 * SECOND)
    swarm.crash(0)
    swarm.run_for(1_500 * MILLISECOND)
    assert all(swarm.machine(place).health_score == 0 for place in range(1, 10))
    swarm.network.isolate([1], range(10))
    swarm.run_for(5 * SECOND)
    assert swarm.machine(1).health_score > 3

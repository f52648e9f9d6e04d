"""Liveness of whole fleets, by the membership machines alone: crashes, loss, splits, slow members.

`bench/membership.py` prints the figures; here are the promises.
"""

from collections import Counter

import pytest

from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.protocol.membership.interface import PeerDead, PeerSuspected, Status
from credimus.protocol.membership.reachability import Reachability
from credimus.sim.network import Weather
from credimus.sim.swarm import Swarm, SwarmConfig

LOSSY = Weather(loss_ppm=100_000)
ALIVE, _, DEAD = Status


def settled(members: int, seed: int = 1, seconds: int = 10, **config: object) -> Swarm:
    """A swarm in which everybody knows everybody."""
    swarm = Swarm(SwarmConfig(members=members, **config), seed)  # type: ignore[arg-type]
    swarm.run_for(seconds * SECOND)
    assert all_alive(swarm)
    swarm.seen.clear()
    return swarm


def all_alive(swarm: Swarm) -> bool:
    places = range(len(swarm.members))
    return all(status is ALIVE for place in places for status in swarm.statuses_of(place))


def told(swarm: Swarm) -> Counter[str]:
    return Counter(type(one.event).__name__ for one in swarm.seen)


def until(swarm: Swarm, seconds: float, so: object) -> float:
    """Seconds until something is so, looked at ten times a second."""
    began = swarm.agenda.now_ns
    while swarm.agenda.now_ns - began < seconds * SECOND:
        if so():  # type: ignore[operator]
            return (swarm.agenda.now_ns - began) / SECOND
        swarm.run_for(100 * MILLISECOND)
    pytest.fail(f"not so within {seconds} s")


@pytest.mark.parametrize(("members", "seeds"), [(2, 20), (3, 20), (5, 20), (20, 5), (100, 1)])
def test_a_crash_is_suspected_within_a_second_and_death_within_three(
    members: int, seeds: int
) -> None:
    for seed in range(seeds):
        swarm = settled(members, seed, seconds=6)
        place = seed % members
        at = swarm.agenda.now_ns
        swarm.crash(place)
        swarm.run_for(3 * SECOND)
        suspected, dead = swarm.first_suspected_ns(place, at), swarm.all_dead_ns(place, at)
        assert suspected is not None
        assert suspected <= SECOND
        assert dead is not None
        assert dead <= 3 * SECOND


def test_clocks_that_differ_delay_it_but_a_little() -> None:
    for seed in range(10):
        swarm = settled(5, seed, skew_ms_max=250)
        swarm.crash(0)
        until(swarm, 5, lambda swarm=swarm: set(swarm.statuses_of(0)) == {DEAD})


@pytest.mark.slow
def test_nobody_dies_in_an_hour_with_a_tenth_of_all_messages_lost() -> None:
    swarm = settled(20, weather=LOSSY)
    for _ in range(360):
        swarm.run_for(10 * SECOND)
        swarm.seen = [one for one in swarm.seen if isinstance(one.event, PeerDead)]
        assert not swarm.seen
    assert all_alive(swarm)


def test_a_crash_is_noticed_with_a_tenth_of_all_messages_lost() -> None:
    for seed in range(5):
        swarm = settled(20, seed, weather=LOSSY)
        swarm.crash(7)
        until(swarm, 6, lambda swarm=swarm: set(swarm.statuses_of(7)) == {DEAD})


@pytest.mark.parametrize("members", [3, 20])
def test_a_busy_member_accuses_nobody_and_is_not_declared_dead(members: int) -> None:
    """Four fifths of the time it takes no step."""
    swarm = settled(members)
    for _ in range(120):
        swarm.pause(0, 400 * MILLISECOND)
        swarm.run_for(500 * MILLISECOND)
    assert not any(isinstance(one.event, PeerDead) for one in swarm.seen)
    accused = [one for one in swarm.seen if isinstance(one.event, PeerSuspected)]
    assert not [one for one in accused if one.event.by == swarm.members[0]]  # type: ignore[union-attr]
    assert swarm.machine(0).counts.late > 50


def test_who_slept_comes_back_and_accuses_nobody() -> None:
    swarm = settled(5)
    swarm.pause(0, 20 * SECOND)
    swarm.run_for(19 * SECOND)
    assert set(swarm.statuses_of(0)) == {DEAD}
    swarm.run_for(3 * SECOND)
    assert all_alive(swarm)
    assert not [one for one in swarm.seen if one.event.peer != swarm.members[0]]


def test_a_restarted_member_is_alive_at_once_whatever_was_held_of_it() -> None:
    swarm = settled(5)
    swarm.crash(0)
    swarm.run_for(4 * SECOND)
    assert set(swarm.statuses_of(0)) == {DEAD}
    swarm.start(0)
    swarm.run_for(500 * MILLISECOND)
    assert all_alive(swarm)


def test_a_newcomer_learns_who_is_dead() -> None:
    swarm = settled(5)
    for place in (0, 1):
        swarm.crash(place)
    swarm.run_for(5 * SECOND)
    swarm.start(1)
    until(swarm, 10, lambda: set(swarm.statuses_of(0)) == {DEAD})


@pytest.mark.parametrize(("members", "side"), [(5, 1), (5, 2), (10, 5)])
def test_a_split_is_seen_from_both_sides_and_heals(members: int, side: int) -> None:
    swarm = settled(members)
    swarm.network.isolate(range(side), range(members))

    def is_seen() -> bool:
        return all(
            (view.status is DEAD) is ((swarm.place[view.peer] < side) is not (place < side))
            for place in range(members)
            for view in swarm.machine(place).snapshot()
        )

    until(swarm, 5, is_seen)
    swarm.run_for(5 * SECOND)
    for place in range(members):
        seen = swarm.machine(place).reachability()
        group = swarm.members[:side] if place < side else swarm.members[side:]
        assert {one: seen.row(one) for one in group} == {
            one: frozenset(group) - {one} for one in group
        }
        assert not any(map(seen.is_known, set(swarm.members) - set(group)))
    swarm.network.heal()
    until(swarm, 3, lambda: all_alive(swarm))


def deaf(seen: Reachability, swarm: Swarm) -> list[tuple[NodeId, NodeId]]:
    """Hearer and speaker where messages do not come straight."""
    members = swarm.members
    return sorted((to, of) for to in members for of in members if not seen.hears(to, of))


def test_a_broken_link_is_no_death_and_a_one_way_link_is_named() -> None:
    swarm = settled(5)
    first, second = swarm.members[:2]
    swarm.network.cut([(0, 1)])
    swarm.run_for(20 * SECOND)
    assert not told(swarm), "others still hear both"
    for place in range(5):
        seen = swarm.machine(place).reachability()
        assert deaf(seen, swarm) == [(second, first)], "all others hear each other"
    swarm.network.cut([(1, 0)])
    swarm.run_for(20 * SECOND)
    assert not told(swarm)
    assert deaf(swarm.machine(2).reachability(), swarm) == [(first, second), (second, first)]
    assert swarm.machine(2).reachability().hears_through(first, second)


def test_what_happens_to_one_is_soon_known_to_all() -> None:
    swarm = settled(50)
    swarm.crash(3)
    until(swarm, 3, lambda: ALIVE not in swarm.statuses_of(3))
    heard = [one.at_ns for one in swarm.seen if isinstance(one.event, PeerSuspected)]
    assert len(heard) == 49
    assert max(heard) - min(heard) < 100 * MILLISECOND


def test_a_seed_repeats_itself() -> None:
    def run(seed: int) -> tuple[object, ...]:
        swarm = Swarm(SwarmConfig(members=5, weather=LOSSY), seed)
        swarm.run_for(20 * SECOND)
        return swarm.seen, swarm.network.byte_count

    assert run(1) == run(1)
    assert run(1) != run(2)

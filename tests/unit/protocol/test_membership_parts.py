"""The pure parts of membership: turns, patience with suspects, round trips, health, rumours."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel import limits
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND, SECOND, Instant, Now
from credimus.protocol.membership.health import Health
from credimus.protocol.membership.interface import MembershipConfig
from credimus.protocol.membership.notices import Notices
from credimus.protocol.membership.patience import Patience
from credimus.protocol.membership.probing import Probe
from credimus.protocol.membership.rota import Rota
from credimus.protocol.membership.rumours import Rumours
from credimus.protocol.membership.suspicion import Suspicion, timeout_ns
from credimus.protocol.membership.trips import Trips
from credimus.protocol.membership.turns import next_turn

PERIOD_MS = 500
CONFIG = MembershipConfig()


def ring_of(count: int) -> list[NodeId]:
    return sorted(NodeId(bytes([n * 37 % 256, n]) + bytes(14)) for n in range(count))


def turns(
    ring: list[NodeId], periods: int, from_ms: int = 0
) -> dict[NodeId, list[tuple[int, int]]]:
    """(target's moment, prober's place) of every probe in so many periods, by target."""
    probed: dict[NodeId, list[tuple[int, int]]] = {one: [] for one in ring}
    until_ms = from_ms + periods * PERIOD_MS
    for place, own in enumerate(ring):
        turn = next_turn(ring, own, PERIOD_MS, from_ms - 1)
        while turn is not None and turn.wall_ms < until_ms:
            probed[turn.target].append((turn.wall_ms, place))
            turn = next_turn(ring, own, PERIOD_MS, turn.wall_ms)
    return probed


@pytest.mark.parametrize("count", [2, 3, 5, 20])
def test_everybody_is_probed_once_in_each_period(count: int) -> None:
    for probes in turns(ring_of(count), 3 * count).values():
        moments = sorted(moment for moment, _ in probes)
        assert len(moments) == 3 * count
        assert {later - one for one, later in itertools.pairwise(moments)} == {PERIOD_MS}


@pytest.mark.parametrize("count", [3, 7])
def test_each_time_by_another(count: int) -> None:
    for target, probes in turns(ring_of(count), count - 1).items():
        probers = {place for _, place in probes}
        assert len(probers) == count - 1
        assert ring_of(count).index(target) not in probers


def test_moments_are_spread_and_who_is_alone_has_no_turn() -> None:
    moments = {probes[0][0] for probes in turns(ring_of(20), 1).values()}
    assert len(moments) == 20
    assert next_turn(ring_of(1), ring_of(1)[0], PERIOD_MS, 0) is None


def test_a_turn_is_taken_once_and_a_clock_that_jumps_does_no_harm() -> None:
    ring = ring_of(3)
    rota, times = Rota(ring[0], PERIOD_MS * MILLISECOND), []
    wall_ms = 10_000
    for ms in range(0, 20_000, 10):
        wall_ms += 10 if ms not in (5_000, 9_000) else (-60_000 if ms == 5_000 else 3_600_000)
        now = Now(Instant(ms * MILLISECOND), wall_ms)
        if rota.deadline() is None or rota.take(now) is not None:
            times.append(ms)
            rota.plan(ring[1:], now)
    gaps = [later - one for one, later in itertools.pairwise(times)]
    assert max(gaps) <= 2 * PERIOD_MS
    assert len(times) > 30


@pytest.mark.parametrize(
    "wrong",
    [
        {"period_ns": 0},
        {"period_ns": 1_500_000},
        {"suspicion_ns_min": 9 * SECOND},
        {"confirmation_count": 9},
        {"relay_count": -1},
        {"retransmit_factor": 0},
    ],
    ids=str,
)
def test_a_config_out_of_range_can_not_be_made(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        MembershipConfig(**wrong)


def test_confirmations_shorten_the_wait_from_the_longest_to_the_shortest() -> None:
    waits = [timeout_ns(CONFIG, count, 3) for count in range(5)]
    assert waits[0] == CONFIG.suspicion_ns_max
    assert waits[3] == waits[4] == CONFIG.suspicion_ns_min
    assert waits == sorted(waits, reverse=True)
    assert abs(waits[1] - 3_750 * MILLISECOND) < 10 * MILLISECOND  # half way: log 2 / log 4
    assert timeout_ns(CONFIG, 0, 0) == CONFIG.suspicion_ns_min, "nobody could confirm"


def test_who_is_held_for_dead_already_has_the_shortest_time_and_never_less() -> None:
    suspicion = Suspicion(Instant(SECOND), {NodeId(b"a"): None})
    assert suspicion.due(CONFIG, 9) == SECOND + CONFIG.suspicion_ns_max
    suspicion.hastened = True
    assert suspicion.due(CONFIG, 9) == SECOND + CONFIG.suspicion_ns_min


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=40), st.integers(1, 100))
def test_a_percentile_is_a_sample_that_enough_do_not_exceed(samples: list[int], part: int) -> None:
    trips = Trips()
    for sample in samples:
        trips.note(sample)
    kept = samples[-limits.TRIPS_MAX :]
    found = trips.percentile(part)
    assert found in kept
    assert 100 * sum(one <= found for one in kept) >= part * len(kept)
    assert 100 * sum(one < found for one in kept) < part * len(kept)
    assert len(trips) == len(kept)


def test_of_no_samples_there_is_no_percentile() -> None:
    assert Trips().percentile(50) is None


def waited_ms(patience: Patience, trips: Trips) -> float:
    return patience.wait_ns(trips, CONFIG.direct_ns) / MILLISECOND


def test_who_is_far_is_waited_for_longer_and_who_is_near_is_not() -> None:
    patience, far, near = Patience(CONFIG), Trips(), Trips()
    for _ in range(8):
        patience.note(far, 200_000)
        patience.note(near, 2_000)
    assert waited_ms(patience, far) == 600
    assert waited_ms(patience, near) == CONFIG.direct_ns / MILLISECOND


def test_while_all_are_slow_all_are_waited_for_longer_and_then_no_more() -> None:
    patience, peers = Patience(CONFIG), [Trips() for _ in range(20)]
    for trips in peers:
        patience.note(trips, 2_000)
    for trips in peers:
        patience.note(trips, 102_000)
    assert waited_ms(patience, peers[0]) == 306
    for trips in peers:
        patience.note(trips, 3_000)
    assert waited_ms(patience, peers[0]) == CONFIG.direct_ns / MILLISECOND


def test_one_that_stood_still_makes_nobody_wait_longer() -> None:
    patience, stopped, other = Patience(CONFIG), Trips(), Trips()
    for trip_us in (2_000, 5_400_000, 4_400_000, 3_400_000, 2_400_000, 1_400_000, 2_000):
        patience.note(stopped, trip_us)
    for _ in range(4):
        patience.note(other, 2_000)
    assert waited_ms(patience, other) == CONFIG.direct_ns / MILLISECOND
    assert waited_ms(patience, stopped) == CONFIG.direct_ns / MILLISECOND


def test_the_word_of_few_answers_that_somebody_is_far_is_doubted() -> None:
    patience, far, near = Patience(CONFIG), Trips(), Trips()
    assert [patience.note(far, 200_000) for _ in range(5)] == [True, True, True, False, False]
    assert not patience.note(near, 2_000)
    late = Trips()
    assert patience.note(late, 700_000)
    assert not patience.note(late, 2_000), "it is near after all"


def test_nobody_is_waited_for_longer_than_the_longest() -> None:
    patience, trips = Patience(CONFIG), Trips()
    patience.note(trips, 9_000_000)
    assert patience.wait_ns(trips, CONFIG.direct_ns) == CONFIG.patience_ns_max


def test_health_is_kept_between_its_bounds() -> None:
    health = Health(8)
    health.better()
    assert health.multiplier == 1
    health.worse(3)
    assert health.multiplier == 4
    health.worse(100)
    assert health.multiplier == 9
    health.better()
    assert health.score == 7


def test_probes_that_fail_together_are_one_sign_of_our_slowness() -> None:
    health, (target, *asked_of) = Health(8), ring_of(4)
    relays = tuple(asked_of)

    def failed(began: int, at: int, asked: tuple[NodeId, ...] = relays, silent: int = 0) -> int:
        probe = Probe(target, Instant(began), Instant(at), asked)
        probe.silent.update(dict.fromkeys(asked[:silent]))
        health.unanswered(probe, Now(Instant(at), 0))
        return health.score

    assert failed(0, 10, silent=3) == 0, "those asked say that they heard nothing: it is not us"
    assert failed(0, 10) == 3
    assert failed(5, 11) == failed(10, 12) == 3
    assert failed(11, 20, asked=()) == 4, "there was nobody to ask"
    assert failed(21, 30, silent=1) == 6


def test_what_comes_amid_the_pause_between_two_notices_is_told_at_its_end() -> None:
    notices, gap_ns = Notices(CONFIG), CONFIG.notice_gap_ns
    assert notices.deadline() is None
    assert notices.leaves(5, Now(Instant(1), 0))
    assert notices.deadline() is None
    assert not notices.leaves(5, Now(Instant(2), 0))
    assert notices.deadline() == gap_ns + 1
    assert notices.leaves(50, Now(Instant(gap_ns + 1), 0))
    assert notices.deadline() is None
    assert not notices.leaves(50, Now(Instant(gap_ns + 2), 0))
    assert notices.deadline() == 5 * gap_ns + 1, "longer in a crowd"


def test_rumours_told_least_go_first_and_each_a_bounded_number_of_times() -> None:
    rumours: Rumours[str, str] = Rumours()
    rumours.times = 3
    rumours.put("a", "old")
    assert rumours.take(5) == ["old"]
    rumours.put("b", "new")
    rumours.put("c", "newer")
    assert rumours.take(2) == ["newer", "new"]
    told = [one for _ in range(9) for one in rumours.take(1)]
    assert sorted(told) == ["new", "new", "newer", "newer", "old", "old"]
    assert not len(rumours)


def test_rumours_are_replaced_removed_and_bounded() -> None:
    rumours: Rumours[int, int] = Rumours()
    rumours.times = 9
    rumours.put(1, 10)
    rumours.put(1, 11)
    assert rumours.take(5) == [11]
    rumours.remove(1)
    assert not rumours.take(5)
    rumours.put(0, 0)
    rumours.take(1)
    for number in range(1, limits.RUMOURS_MAX + 1):
        rumours.put(number, number)
    assert len(rumours) == limits.RUMOURS_MAX
    assert 0 not in rumours.take(limits.RUMOURS_MAX), "the one told most often went"

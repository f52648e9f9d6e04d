"""Clock, network, disk and crash lanes, each by itself."""

import pytest
from fleets import YES, a_moment, fleet_of

from credimus.kernel.effects import Record
from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import MILLISECOND
from credimus.node.commands import AssertBelief
from credimus.sim import network
from credimus.sim.checkers.checker import VIOLATIONS_MAX, Checker, Watch
from credimus.sim.clock import Agenda, moment
from credimus.sim.disk import Disk
from credimus.sim.host import Lane
from credimus.sim.network import Network, Weather


def _network(weather: Weather) -> tuple[Agenda, Network, list[tuple[int, int, bytes]]]:
    agenda, heard = Agenda(), list[tuple[int, int, bytes]]()
    made = Network(agenda, Entropy(b"network").stream("n"), lambda *what: heard.append(what[:3]))
    made.weather = weather
    return agenda, made, heard


def test_events_come_by_time_and_then_in_the_order_asked() -> None:
    agenda, seen = Agenda(), list[str]()
    agenda.at(20, seen.append, "late")
    agenda.at(10, seen.append, "first")
    agenda.at(10, seen.append, "second")
    agenda.run_until(15)
    assert (seen, agenda.now_ns, len(agenda)) == (["first", "second"], 15, 1)
    agenda.at(3, seen.append, "overdue")
    agenda.run_for(10)
    assert seen == ["first", "second", "overdue", "late"]


def test_a_wall_clock_shows_its_skew() -> None:
    ahead, right = moment(5 * MILLISECOND, 40), moment(5 * MILLISECOND, 0)
    assert ahead.wall_ms - right.wall_ms == 40
    assert ahead.instant == right.instant


def test_messages_are_lost_repeated_and_reordered() -> None:
    weather = Weather(delay_us_max=50_000, loss_ppm=200_000, duplicate_ppm=200_000)
    agenda, made, heard = _network(weather)
    for number in range(500):
        made.send(0, 1, b"%d" % number)
    agenda.run_for(1_000 * MILLISECOND)
    payloads = [int(payload) for _, _, payload in heard]
    assert made.message_count == 500
    assert 60 < made.lost_count < 140
    assert len(payloads) > len(set(payloads))
    assert payloads != sorted(payloads)


def test_a_cut_stops_what_is_under_way_and_only_in_its_direction() -> None:
    agenda, made, heard = _network(Weather())
    made.send(0, 1, b"under way")
    made.cut([(0, 1)])
    made.send(0, 1, b"sent after")
    made.send(1, 0, b"back")
    agenda.run_for(10 * MILLISECOND)
    assert heard == [(1, 0, b"back")]
    made.heal()
    made.send(0, 1, b"healed")
    agenda.run_for(10 * MILLISECOND)
    assert heard[-1] == (0, 1, b"healed")


def test_a_full_network_loses_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "IN_FLIGHT_MAX", 3)
    agenda, made, heard = _network(Weather())
    for number in range(5):
        made.send(0, 1, b"%d" % number)
    agenda.run_for(10 * MILLISECOND)
    assert sorted(payload for _, _, payload in heard) == [b"0", b"1", b"2"]
    assert made.lost_count == 2


def test_a_loss_of_power_takes_records_back_to_what_was_synced() -> None:
    disk = Disk()
    disk.append([], [Record("a/1", b"one"), Record("a/2", b"two")])
    disk.append([], [Record("a/1", None), Record("a/3", b"three")], synced=False)
    disk.append([], [Record("a/1", b"anew"), Record("a/3", None)], synced=False)
    assert disk.facts("a") == [("a/2", b"two"), ("a/1", b"anew")]
    disk.lose_power(kept_count=1)
    assert dict(disk.facts("a")) == {"a/2": b"two", "a/3": b"three"}
    disk.append([], [Record("a/2", None)], synced=False)
    disk.lose_power()
    assert disk.has("a/2")
    assert disk.facts("b") == []


def test_what_is_only_passed_on_is_sent_before_it_is_written() -> None:
    fleet = fleet_of(*[YES] * 14)
    a_moment(fleet, 3_000)
    disk_before = [len(host.disk) for host in fleet.hosts]
    for host in fleet.hosts[1:]:
        host.crash_at = Lane.BEFORE_PERSIST
    fleet.order(0, AssertBelief(content="the gate is shut", propose=False))
    a_moment(fleet, 100)
    down = [host for host in fleet.hosts if host.node is None]
    neighbours = len(fleet.hosts[0].running.spreading.machine.overlay.neighbours)
    assert len(down) > neighbours, "those that were pushed to, and those that these pushed to"
    assert [len(host.disk) for host in fleet.hosts[1:]] == disk_before[1:]


@pytest.mark.parametrize("lane", list(Lane))
def test_a_crash_strikes_between_the_lanes(lane: Lane) -> None:
    fleet = fleet_of(YES, YES, YES)
    host = fleet.hosts[1]
    before = len(host.disk)
    host.crash_at = lane
    fleet.order(1, AssertBelief(content="the gate is shut", category="claim"))
    a_moment(fleet, 100)
    assert host.node is None
    told = [one for one in fleet.up if len(one.running.state.beliefs)]
    assert (len(host.disk) > before) is (lane is not Lane.BEFORE_PERSIST)
    if lane in (Lane.BEFORE_PERSIST, Lane.AFTER_PERSIST):
        assert not told
    if lane is Lane.BEFORE_EMIT:
        assert len(told) == 2
    fleet.start(host)
    a_moment(fleet, 3_000)
    assert fleet.agree()
    assert len(host.running.state.beliefs) == (lane is not Lane.BEFORE_PERSIST)


def test_a_paused_node_does_nothing_and_then_catches_up() -> None:
    fleet = fleet_of(YES, YES, YES)
    fleet.pause(fleet.hosts[2], 500 * MILLISECOND)
    fleet.order(0, AssertBelief(content="the gate is shut", category="claim"))
    a_moment(fleet, 300)
    assert len(fleet.hosts[2].running.state.beliefs) == 0
    a_moment(fleet, 1_000)
    assert fleet.agree()


def test_violations_are_bounded() -> None:
    watch = Watch(fleet_of(YES))
    checker = Checker(watch)
    for number in range(VIOLATIONS_MAX + 5):
        checker.fail(f"wrong {number}")
    assert len(watch.violations) == VIOLATIONS_MAX

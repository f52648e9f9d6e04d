"""Applications' messages through loss, repetition, reordering and crashes of both sides."""

import pytest
from fleets import fleet_of

from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.node.commands import FinishMessage, SendMessage
from credimus.protocol.delivery.interface import Mode, State
from credimus.sim.checkers.checker import Board, Watch
from credimus.sim.checkers.delivering import DELIVERING
from credimus.sim.network import CALM, Link, Weather
from credimus.sim.posting import Posting, undelivered
from credimus.state.operations import Choice

YES = Choice.ACCEPT
COUNT = 60
BAD = Weather(
    delay_us_max=30_000, slow_ppm=50_000, loss_ppm=200_000, duplicate_ppm=200_000, long_tail=True
)


@pytest.mark.parametrize("seed", [b"one", b"two"])
def test_messages_arrive_as_promised_whatever_happens(seed: bytes) -> None:
    fleet = fleet_of(YES, YES, YES, seed=seed)
    watch = Watch(fleet)
    checkers = [kind(watch) for kind in DELIVERING]
    fleet.watchers.append(Board(checkers))
    chance = Entropy(seed).stream("test")
    fleet.network.weather = BAD
    Posting(fleet, Entropy(seed).stream("posting")).spread(COUNT, 6 * SECOND)
    for _ in range(12):
        fleet.run_for(500 * MILLISECOND)
        host = chance.choose(fleet.hosts)
        fleet.crash(host)
        fleet.agenda.after(300 * MILLISECOND, fleet.start, host)
    fleet.network.weather = CALM
    fleet.run_for(SECOND)
    for _ in range(60):
        if not undelivered(fleet.hosts):
            break
        fleet.run_for(SECOND)
    for checker in checkers:
        checker.finish(chance)
    assert watch.violations == []
    views = [view for host in fleet.hosts for view in host.running.delivery.all_posted()]
    lasting = [view for view in views if view.mode is not Mode.AT_MOST_ONCE]
    assert len(lasting) > COUNT // 3
    for view in lasting:
        for copy in view.copies:
            assert (copy.state, copy.result[:17]) == (State.DONE, b"result of message")


@pytest.mark.parametrize("cut", [[(0, 1)], [(1, 0)], [(0, 1), (1, 0)]])
def test_a_message_goes_through_relays_where_no_link_leads(cut: list[Link]) -> None:
    fleet = fleet_of(YES, YES, YES, YES)
    fleet.network.cut(cut)
    fleet.run_for(8 * SECOND)  # until all have noticed
    fleet.order(0, SendMessage(to=(fleet.hosts[1].id,), payload=b"around"))
    fleet.run_for(500 * MILLISECOND)
    (held,) = fleet.hosts[1].running.delivery.read(0, 10)
    fleet.order(1, FinishMessage(sender=held.sender, number=held.number, result=b"it came"))
    fleet.run_for(500 * MILLISECOND)
    (view,) = fleet.hosts[0].running.delivery.all_posted()
    assert [(copy.state, copy.result) for copy in view.copies] == [(State.DONE, b"it came")]
    counts = [host.running.spreading.machine.counts for host in fleet.hosts]
    assert sum(one.enveloped for one in counts) > 0
    assert not any(host.running.faults for host in fleet.hosts)

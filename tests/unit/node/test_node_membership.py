"""Membership inside a node: it follows the roster, its events come out, and nothing is written."""

from by_hand import Fleet

from credimus.api.views.peers import peer_figures, peers_view
from credimus.kernel.codec import encode
from credimus.node.commands import AssertBelief, LeaveFleet
from credimus.protocol.membership.interface import (
    Notice,
    PeerAlive,
    PeerDead,
    PeerSuspected,
    Ping,
    Status,
)
from strategies import MEMBERS


def statuses(fleet: Fleet, number: int) -> dict[bytes, Status | None]:
    return {view.peer: view.status for view in fleet.nodes[number].membership.snapshot()}


def test_a_founded_fleet_knows_itself() -> None:
    fleet = Fleet(3)
    fleet.wait(2_000, step_ms=50)
    for number in range(3):
        others = set(MEMBERS[:3]) - {MEMBERS[number]}
        assert statuses(fleet, number) == dict.fromkeys(others, Status.ALIVE)
        alive = [event for event in fleet.events[number] if isinstance(event, PeerAlive)]
        assert {event.peer for event in alive} == others


def test_who_is_away_is_suspected_then_dead_then_back_and_no_block_tells_of_it() -> None:
    fleet = Fleet(4)
    fleet.wait(2_000, step_ms=50)
    blocks, before = len(fleet.nodes[0].lace), fleet.fingerprints()
    fleet.away.add(3)
    fleet.wait(5_000, step_ms=50)
    kinds = [type(event) for event in fleet.events[0] if getattr(event, "peer", 0) == MEMBERS[3]]
    assert kinds == [PeerAlive, PeerSuspected, PeerDead]
    fleet.away.clear()
    fleet.wait(3_000, step_ms=50)
    assert statuses(fleet, 0)[MEMBERS[3]] is Status.ALIVE
    assert len(fleet.nodes[0].lace) == blocks
    assert fleet.fingerprints() == before


def test_who_leaves_the_roster_is_no_peer_any_more() -> None:
    fleet = Fleet(3)
    fleet.nodes[2].execute(LeaveFleet(), fleet.now)
    fleet.settle()
    assert MEMBERS[2] not in statuses(fleet, 0)
    assert statuses(fleet, 2) == {}


def test_whatever_is_claimed_the_state_stays() -> None:
    fleet = Fleet(3)
    fleet.nodes[0].execute(AssertBelief(content="it rains"), fleet.now)
    fleet.settle()
    before = fleet.fingerprints()
    for message in (Notice(1, ()), Ping(1, (), 1, ())):
        for sender in (MEMBERS[1], b"?" * 16):
            fleet.nodes[0].receive(sender, encode(message), fleet.now)
    fleet.settle()
    assert fleet.fingerprints() == before
    assert not fleet.nodes[0].faults


def test_the_api_shows_who_is_there() -> None:
    fleet = Fleet(3)
    fleet.away.add(2)
    fleet.wait(1_000, step_ms=50)
    fleet.away.clear()
    fleet.wait(2_000, step_ms=50)
    shown = peers_view(fleet.nodes[0])
    assert [one.status for one in shown] == ["alive", "alive"]
    assert all(one.rtt_us == 0 for one in shown), "this fleet has no distances"
    figures = {
        (sample.name, *sample.labels.values()): sample.value
        for family in peer_figures(fleet.nodes[0])
        for sample in family.samples
    }
    assert figures["credimus_peers", "alive"] == 2
    assert figures["credimus_peers", "dead"] == 0
    assert figures["credimus_probe_rtt_seconds", shown[0].id] == 0
    assert figures["credimus_membership_probes_total",] > 0

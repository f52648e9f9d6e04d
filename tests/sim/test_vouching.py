"""Members vouch for each other while others come and go, and nobody comes back by it."""

from collections.abc import Callable

import pytest
from test_checkpoints import busy, comes_to_rest, fleet_with_checkpoints

from credimus.kernel.entropy import Entropy
from credimus.kernel.instant import SECOND
from credimus.lace.block import open_wire, read_block
from credimus.node.commands import AssertBelief, LeaveFleet
from credimus.node.config import Config
from credimus.protocol.vouching.interface import VouchingConfig
from credimus.sim.fleet import Fleet, FleetConfig
from credimus.sim.profiles import scenario_of
from credimus.sim.run import simulate
from credimus.state.member_operations import Vouch
from credimus.state.membership.members import Member
from credimus.state.operations import Admit, Operation, read_operations


def as_vouch(member: Member) -> Operation:
    return Vouch(member.public_key, member.name)


def as_admission(member: Member) -> Operation:
    return Admit(member.public_key, member.name, "")


@pytest.mark.parametrize(("said", "comes_back"), [(as_vouch, False), (as_admission, True)])
def test_a_word_from_a_past_that_is_let_go_brings_nobody_back(
    said: Callable[[Member], Operation], comes_back: bool
) -> None:
    """One is cut off and speaks for all members; one of them leaves meanwhile, and a checkpoint
    lets the leaving go. Admissions that are said again would bring the one back
    (docs/decisions/0045)."""
    fleet, seen = fleet_with_checkpoints(nodes=5)
    busy(fleet, 3)
    fleet.network.isolate([3], fleet.places)
    author = fleet.hosts[3].running.authors[0]
    for node, member in fleet.hosts[3].running.state.roster.current.by_id.items():
        if node != author.id:
            author.say(said(member))
    fleet.order(3, AssertBelief(content="said alone"))
    left = fleet.hosts[4].id
    fleet.order(4, LeaveFleet(reason="done"))
    busy(fleet, 24, "meanwhile")
    assert fleet.hosts[0].running.state.checkpoints.number > 0
    assert left not in fleet.hosts[0].running.state.roster.current
    assert fleet.hosts[3].running.state.checkpoints.number == 0
    fleet.network.heal()
    busy(fleet, 4, "healed")
    assert comes_to_rest(fleet)
    assert not seen.wrong
    for host in fleet.hosts[:4]:
        assert (left in host.running.state.roster.current) is comes_back


def test_a_fleet_vouches_again_after_enough_have_joined() -> None:
    soon = VouchingConfig(turn_ns=SECOND, scattered_max=1)
    fleet = Fleet(FleetConfig(nodes=4, joiners=3, node=Config(vouching=soon)), Entropy(b"v"))
    fleet.found()
    fleet.run_for(3 * SECOND)
    first = words(fleet)
    assert [len(one) for one in first] == [3], "all but the founder"
    fleet.admit(4, 1)
    fleet.run_for(3 * SECOND)
    assert words(fleet) == first, "one stands by itself"
    for place in (5, 6):
        fleet.admit(place, 2)
    fleet.run_for(3 * SECOND)
    assert [len(one) for one in words(fleet)] == [3, 5], "the third stands by itself"
    assert fleet.agree()


@pytest.mark.parametrize("seed", [5])
def test_nothing_goes_wrong_under_faults(seed: int) -> None:
    assert not simulate(scenario_of("tickets", seed, statements=20)).violations


def words(fleet: Fleet) -> list[list[Operation]]:
    """What each block says that vouches for somebody, oldest first."""
    host = fleet.hosts[0]
    places = [one.id for one in host.running.lace.in_causal_order()]
    said = [
        read_operations(read_block(open_wire(wire), wire).body)
        for wire in host.disk.wires_of(places)
    ]
    return [one for one in said if any(isinstance(word, Vouch) for word in one)]

"""Membership in large fleets: nobody pings, or tells, all at once."""

from test_membership_machine import OWN, SUSPECT, WALL_MS, Stage

from credimus.kernel.ids import NodeId
from credimus.protocol.membership.interface import Claim, MembershipConfig, Notice, Ping


def test_in_a_large_fleet_doubts_are_checked_a_few_with_each_turn() -> None:
    members = (*tuple(sorted(NodeId(n.to_bytes(16, "big")) for n in range(1, 100))), OWN)
    stage = Stage(members=members)
    for one in members[:-1]:
        stage.hear(members[0], Notice(WALL_MS, (Claim(one, 5, SUSPECT, members[1]),)))
    assert not stage.count(Ping)
    stage.wait(500)
    assert 1 <= stage.count(Ping) <= 2 * (1 + MembershipConfig().checks_per_turn)


def test_in_a_crowd_only_the_first_hello_goes_to_all() -> None:
    members = (*tuple(sorted(NodeId(n.to_bytes(16, "big")) for n in range(1, 40))), OWN)
    stage = Stage(members=members)
    stage.wait(1_100)
    stage.clear()
    stage.wait(2_000)
    greeted = [to for to, message in stage.sent if isinstance(message, Notice)]
    assert None not in greeted
    assert len(greeted) == 2 * MembershipConfig().hello_sample_count

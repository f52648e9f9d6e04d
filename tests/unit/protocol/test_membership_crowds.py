"""Membership in large fleets: nobody pings, or tells, all at once."""

from test_membership_machine import ALIVE, OWN, SUSPECT, WALL_MS, Stage

from credimus.kernel.ids import NodeId
from credimus.protocol.membership.interface import Ack, Claim, MembershipConfig, Notice, Ping

FIRST, *REST = tuple(sorted(NodeId(n.to_bytes(16, "big")) for n in range(1, 100)))
TURN_MS = 500


def asked_after_answers(took_ms: int, turns: int) -> int:
    """How often one of a hundred is pinged in so many turns, if its answers take so long."""
    stage = Stage(members=(FIRST, *REST, OWN))
    for one in (FIRST, *REST):
        stage.hear(one, Notice(WALL_MS, ()))
    asked = 0
    for _ in range(turns * TURN_MS // 50):
        stage.wait(50)
        pings = [(to, message) for to, message in stage.sent if isinstance(message, Ping)]
        stage.clear()
        for to, message in pings:
            if to == FIRST:
                asked += 1
                stage.ms += took_ms
            stage.hear(to, Ack(WALL_MS, (), message.nonce, ()))
    return asked


def test_who_was_slow_to_answer_at_first_is_soon_asked_again_and_who_was_not_is_not() -> None:
    assert asked_after_answers(took_ms=2, turns=40) <= 2
    assert asked_after_answers(took_ms=80, turns=40) >= 4


def test_the_answer_of_one_that_stood_still_says_nothing_of_how_far_it_is() -> None:
    stage = Stage(FIRST, members=(FIRST, *REST[:3], OWN))
    stage.suspect(FIRST, by=REST[0])
    ping = stage.last(Ping, FIRST)
    before = stage.machine.peer(FIRST)
    stage.ms += 900
    stage.hear(FIRST, Ack(WALL_MS + 1, (), ping.nonce, ()))
    after = stage.machine.peer(FIRST)
    assert before is not None
    assert after is not None
    assert (before.trip_us_p90, after.trip_us_p90) == (0, 0)
    assert stage.status(FIRST) is ALIVE


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

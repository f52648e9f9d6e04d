"""The guard: floods and faults of one peer are nobody else's trouble."""

from credimus.kernel import limits
from credimus.kernel.breaker import State
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND, Instant, Now
from credimus.protocol.guard.interface import FaultSeen, GuardConfig, PeerHeardAgain, PeerIgnored
from credimus.protocol.guard.machine import STRANGERS, Guard

CONFIG = GuardConfig()
PEER, OTHER = NodeId(b"p" * 16), NodeId(b"o" * 16)


def guard_of(*members: NodeId) -> Guard:
    return Guard(CONFIG, dict.fromkeys(members))


def moment(seconds: float) -> Now:
    return Now(Instant(int(seconds * SECOND)), 0)


def blame(guard: Guard, at: float, code: str = "malformed", count: int = 64) -> list[object]:
    told: list[object] = []
    for _ in range(count):
        told += guard.handle(FaultSeen(PEER, code), moment(at)).emit
    return told


def test_a_peer_at_fault_too_often_is_ignored_and_the_others_are_not() -> None:
    guard = guard_of(PEER, OTHER)
    assert blame(guard, 1, count=63) == []
    assert blame(guard, 1, count=1) == [PeerIgnored(PEER, 1_000)]
    assert not guard.admits(PEER, moment(1.5).instant)
    assert guard.admits(OTHER, moment(1.5).instant)
    assert guard.ignored_count == 1
    (seen,) = guard
    assert (seen.peer, seen.state, seen.opened_count, seen.left_ms) == (PEER, State.OPEN, 1, 500)


def test_on_parole_good_messages_close_it_and_a_fault_opens_it_for_longer() -> None:
    guard = guard_of(PEER)
    blame(guard, 0)
    for number in range(CONFIG.breaker.successes):
        assert guard.admits(PEER, moment(1 + number / 1_000).instant)
    assert guard.deadline() is None
    assert guard.admits(PEER, moment(2).instant)
    assert guard.deadline() == Instant(0)
    assert guard.tick(moment(2)).emit == [PeerHeardAgain(PEER)]
    again = guard_of(PEER)
    blame(again, 0)
    assert again.admits(PEER, moment(1).instant)
    assert blame(again, 1, count=1) == [PeerIgnored(PEER, 2_000)]


def test_a_block_over_the_limit_counts_more_and_a_wrong_clock_nothing() -> None:
    guard = guard_of(PEER)
    assert blame(guard, 0, "stamp-too-far-in-future", 1_000) == []
    assert blame(guard, 0, "over-limit", 3) == []
    assert blame(guard, 0, "over-limit", 1) == [PeerIgnored(PEER, 1_000)]


def test_messages_above_the_rate_are_not_looked_at_and_in_the_end_none_is() -> None:
    guard = guard_of(PEER, OTHER)
    burst = CONFIG.messages.burst
    now = moment(0).instant
    assert sum(guard.admits(PEER, now) for _ in range(burst + 63)) == burst
    assert not guard.admits(PEER, now)
    assert guard.tick(moment(0)).emit == [PeerIgnored(PEER, 1_000)]
    assert guard.admits(OTHER, now)


def test_all_strangers_share_one_bucket() -> None:
    guard = guard_of(PEER)
    burst = CONFIG.messages.burst
    now = moment(0).instant
    strangers = (NodeId(b"%16d" % number) for number in range(burst + 100))
    assert sum(guard.admits(one, now) for one in strangers) == burst
    assert [one.peer for one in guard] == [STRANGERS]
    assert guard.admits(PEER, now)


def test_what_is_kept_of_peers_is_bounded() -> None:
    members = [NodeId(b"%16d" % number) for number in range(limits.GUARDED_MAX + 5)]
    guard = guard_of(*members)
    for one in members:
        assert guard.admits(one, moment(0).instant)
    assert len(guard._peers) == limits.GUARDED_MAX


def test_the_longest_pause_is_shorter_than_the_fleet_takes_to_exchange_frontiers() -> None:
    assert CONFIG.breaker.pause_ns_max < 10 * SECOND


def test_it_says_whether_anybody_is_ignored() -> None:
    guard = guard_of(PEER)
    assert not guard.is_ignoring
    blame(guard, 0)
    assert guard.is_ignoring
    assert guard.admits(PEER, moment(1).instant)
    blame(guard, 1, count=1)
    assert guard.is_ignoring
    for number in range(CONFIG.breaker.successes + 1):
        assert guard.admits(PEER, moment(3 + number / 1_000).instant)
    assert not guard.is_ignoring

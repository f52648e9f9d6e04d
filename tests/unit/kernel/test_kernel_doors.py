"""Buckets, breakers and the inbox: small machines that keep a flood to itself."""

from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel import limits
from credimus.kernel.breaker import Breaker, BreakerConfig, State
from credimus.kernel.bucket import Bucket, Rate
from credimus.kernel.ids import NodeId
from credimus.kernel.inbox import Inbox
from credimus.kernel.instant import MILLISECOND, SECOND, Instant
from credimus.kernel.shares import Shares

START = Instant(0)
FLOODER, QUIET = NodeId(b"f" * 16), NodeId(b"q" * 16)


class TestBucket:
    def test_a_burst_then_the_rate(self) -> None:
        bucket = Bucket(Rate(per_s=10, burst=3), START)
        assert [bucket.take(START) for _ in range(4)] == [0, 0, 0, SECOND // 10]
        later = Instant(SECOND // 10)
        assert bucket.take(later) == 0
        assert bucket.take(later) == SECOND // 10

    def test_the_wait_it_names_suffices(self) -> None:
        bucket = Bucket(Rate(per_s=7, burst=5), START)
        assert bucket.take(START, 5) == 0
        wait_ns = bucket.take(START, 3)
        assert bucket.take(Instant(wait_ns - 1), 3) > 0
        assert bucket.take(Instant(wait_ns), 3) == 0

    def test_what_is_more_than_a_burst_is_owed(self) -> None:
        bucket = Bucket(Rate(per_s=1, burst=2), START)
        assert bucket.take(START, 5) == 0
        assert bucket.take(Instant(3 * SECOND)) == SECOND
        assert bucket.take(Instant(4 * SECOND)) == 0

    def test_what_is_given_back_can_be_taken_again(self) -> None:
        bucket = Bucket(Rate(per_s=1, burst=1), START)
        assert bucket.take(START) == 0
        assert not bucket.is_full(START)
        bucket.give_back()
        assert bucket.is_full(START)
        assert bucket.take(START) == 0

    @given(
        st.integers(1, 1_000), st.integers(1, 100),
        st.lists(st.integers(0, 300 * MILLISECOND), max_size=60),
    )  # fmt: skip
    def test_never_more_than_burst_and_rate(
        self, per_s: int, burst: int, pauses: list[int]
    ) -> None:
        bucket, now, taken = Bucket(Rate(per_s, burst), START), 0, 0
        for pause in pauses:
            now += pause
            taken += not bucket.take(Instant(now))
            assert taken * SECOND <= burst * SECOND + now * per_s


CONFIG = BreakerConfig(
    failures=3, window_ns=10 * SECOND, pause_ns=SECOND, pause_ns_max=4 * SECOND, probes=1
)


def opened(at: Instant = START) -> Breaker:
    breaker = Breaker(CONFIG)
    assert [breaker.failed(at) for _ in range(3)] == [False, False, True]
    return breaker


class TestBreaker:
    def test_it_opens_after_enough_failures_and_lets_one_through_after_the_pause(self) -> None:
        breaker = opened()
        assert breaker.state is State.OPEN
        assert not breaker.admits(Instant(SECOND - 1))
        assert breaker.left_ns(START) == SECOND
        assert breaker.admits(Instant(SECOND))
        assert breaker.state is State.HALF_OPEN
        assert not breaker.admits(Instant(SECOND)), "one probe at a time"
        assert breaker.succeeded(Instant(SECOND))
        assert breaker.state is State.CLOSED
        assert breaker.admits(Instant(SECOND))

    def test_pauses_grow_to_the_longest(self) -> None:
        breaker, now, pauses = opened(), START, []
        for _ in range(4):
            pauses.append(breaker.left_ns(now) // SECOND)
            now = Instant(now + breaker.left_ns(now))
            assert breaker.admits(now)
            assert breaker.failed(now)
        assert pauses == [1, 2, 4, 4]

    def test_after_a_calm_the_pause_is_the_first_again(self) -> None:
        for calm_ns, pause_s in ((3 * SECOND, 2), (4 * SECOND, 1)):
            breaker = opened()
            breaker.admits(Instant(SECOND))
            breaker.succeeded(Instant(SECOND))
            again = Instant(SECOND + calm_ns)
            for _ in range(3):
                breaker.failed(again)
            assert breaker.left_ns(again) == pause_s * SECOND

    def test_failures_far_apart_do_not_open_it(self) -> None:
        breaker = Breaker(CONFIG)
        assert not any(breaker.failed(Instant(n * 6 * SECOND)) for n in range(20))

    def test_a_probe_that_is_never_answered_is_given_anew(self) -> None:
        breaker = opened()
        assert breaker.admits(Instant(SECOND))
        assert not breaker.admits(Instant(2 * SECOND - 1))
        assert breaker.admits(Instant(2 * SECOND))

    def test_several_successes_may_be_wanted(self) -> None:
        breaker = Breaker(
            BreakerConfig(
                failures=1, window_ns=1, pause_ns=1, pause_ns_max=1, probes=2, successes=2
            )
        )
        assert breaker.failed(START)
        assert breaker.admits(Instant(5))
        assert breaker.admits(Instant(5))
        assert not breaker.succeeded(Instant(5))
        assert breaker.succeeded(Instant(5))


class TestInbox:
    def test_few_messages_are_taken_as_they_came(self) -> None:
        inbox = Inbox()
        came = [(FLOODER, b"1"), (QUIET, b"2"), (FLOODER, b"3")]
        assert inbox.put(came) == 0
        assert inbox.take() == came
        assert not inbox

    def test_who_floods_waits_behind_who_does_not(self) -> None:
        inbox = Inbox()
        inbox.put([(FLOODER, b"%d" % n) for n in range(1_000)])
        inbox.put([(QUIET, b"a"), (QUIET, b"b")])
        first = inbox.take()
        assert len(first) == limits.TURN_ROUNDS_MAX + 2
        assert [payload for sender, payload in first if sender == QUIET] == [b"a", b"b"]
        rest = []
        while inbox:
            rest += inbox.take()
        flood = [payload for sender, payload in first + rest if sender == FLOODER]
        assert flood == [b"%d" % n for n in range(1_000)], "each sender's in their order"

    def test_many_senders_fill_a_turn_together(self) -> None:
        inbox = Inbox()
        senders = [NodeId(bytes([number]) * 16) for number in range(20)]
        inbox.put([(sender, b"") for _ in range(40) for sender in senders])
        taken = inbox.take()
        assert len(taken) == -(-limits.TURN_MESSAGES_MAX // 20) * 20
        assert {sum(one == sender for one, _ in taken) for sender in senders} == {13}

    def test_large_messages_fill_a_turn_too(self) -> None:
        inbox = Inbox()
        inbox.put([(FLOODER, bytes(limits.TURN_BYTES_MAX)) for _ in range(5)])
        inbox.put([(QUIET, b"a")])
        assert [sender for sender, _ in inbox.take()] == [FLOODER, QUIET]

    def test_a_flooder_fills_only_its_share(self) -> None:
        inbox = Inbox()
        most = limits.INBOX_FREE + limits.INBOX_SHARE_MAX
        dropped = inbox.put([(FLOODER, b"")] * (most + 10))
        assert dropped == inbox.dropped_count == 10
        assert inbox.put([(QUIET, b"a")]) == 0
        inbox.take()
        assert inbox.put([(FLOODER, b"")]) == 0, "what was taken makes room"

    def test_it_never_holds_more_than_its_bound(self) -> None:
        inbox = Inbox()
        for number in range(40):
            inbox.put([(NodeId(b"%16d" % number), b"")] * 600)
        assert len(inbox) == limits.INBOX_MAX

    def test_it_never_holds_many_more_bytes_than_its_bound(self) -> None:
        inbox = Inbox()
        large = bytes(limits.BLOCK_BYTES_MAX)
        senders = [NodeId(b"%16d" % number) for number in range(200)]
        dropped_count = sum(inbox.put([(sender, large)] * 2) for sender in senders)
        assert len(inbox) == limits.INBOX_BYTES_MAX // limits.BLOCK_BYTES_MAX
        assert dropped_count == 400 - len(inbox)
        assert inbox.put([(QUIET, b"a")]) == 1, "full is full"
        inbox.take()
        assert inbox.put([(QUIET, b"a")]) == 0, "what was taken makes room"
        inbox.clear()
        assert inbox.put([(senders[0], large)] * 3) == 0

    def test_shares_begin_where_the_free_part_ends(self) -> None:
        shares = Shares()
        assert all(shares.admits(FLOODER, 0) for _ in range(2 * limits.INBOX_SHARE_MAX))
        full = limits.INBOX_FREE
        assert sum(shares.admits(FLOODER, full) for _ in range(2_000)) == limits.INBOX_SHARE_MAX
        assert shares.admits(QUIET, full)
        shares.clear()
        assert shares.admits(FLOODER, full)

"""Sync in large fleets: sums of heads in place of frontiers; one is asked for what all show."""

from test_protocol_sync import OTHER, PEER, UNKNOWN, at, chain, messages

from credimus.kernel.codec import encode
from credimus.kernel.effects import Wake
from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND, Instant, at_leisure
from credimus.lace.block import Block
from credimus.protocol.sync.interface import (
    Beacon,
    BeaconSeen,
    Digest,
    DigestSeen,
    Pull,
    PullDue,
    SyncConfig,
)
from credimus.protocol.sync.machine import Sync
from strategies import GENESIS, SIGNERS, Replica, make_block


class Crowd:
    """An audience of a few neighbours."""

    def __init__(self, count: int) -> None:
        self._peers = (PEER, OTHER, *(NodeId(bytes([99 - n]) * 16) for n in range(count - 2)))

    def listeners(self) -> tuple[NodeId, ...]:
        return self._peers

    def answers(self, stranger: NodeId) -> bool:  # noqa: ARG002
        return False


class Side:
    """A machine of a large fleet, and its lace."""

    def __init__(self, blocks: list[Block], count: int = 2) -> None:
        self.crowd = Crowd(count)
        self.replica = Replica().take_all(blocks)
        stream = Entropy(b"sync").stream("sync")
        lace, orphans = self.replica.lace, self.replica.ingress.orphans
        self.sync = Sync(SyncConfig(full_period_ns=10**15), lace, orphans, stream, self.crowd)

    def digest(self, ms: int) -> Digest:
        """What it shows all its neighbours now."""
        sends = self.sync.tick(at(ms)).send
        assert [send.to for send in sends] == [PEER, OTHER]
        (digest,) = {id(send.message): send.message for send in sends}.values()
        return digest

    def hear(self, digest: Digest, ms: int) -> list[object]:
        """What it answers a neighbour's digest."""
        return messages(self.sync.handle(DigestSeen(PEER, digest), at(ms)))


def test_the_same_is_shown_twice_and_then_now_and_then_and_wakes_nobody() -> None:
    side = Side(chain(3))
    shown = [side.sync.tick(at(1_000 * second)).send for second in range(10)]
    assert [bool(sends) for sends in shown] == [second in (0, 1, 4, 8) for second in range(10)]
    assert {send.wake for sends in shown for send in sends} == {Wake.NEVER}


def test_who_has_shown_the_same_is_not_shown_it_back_for_a_while() -> None:
    side = Side(chain(3))
    side.hear(Digest(side.replica.lace.heads_sum), 0)
    shown = [[one.to for one in side.sync.tick(at(1_000 * second)).send] for second in range(5)]
    assert shown == [[OTHER], [OTHER], [], [], [PEER, OTHER]]
    side.replica.take_all(chain(4))
    assert side.digest(5_000), "what is new is shown to both"
    side.hear(Digest(bytes(16)), 5_500)
    assert side.digest(6_000), "whoever shows something else is shown ours"


def test_what_is_new_is_shown_at_once() -> None:
    side = Side(chain(3))
    for second in range(4):
        side.sync.tick(at(1_000 * second))
    side.replica.take_all(chain(4))
    assert side.digest(4_000).fresh
    assert side.digest(5_000)
    assert not side.sync.tick(at(6_000)).send


def test_over_an_overlay_equal_holders_show_sums_and_nothing_more() -> None:
    one, other = Side(chain(3)), Side(chain(3))
    first = one.digest(0)
    assert len(encode(first)) < 30
    assert other.digest(0) == first
    assert other.hear(first, 10) == []
    assert other.sync.deadline() == at_leisure(Instant(SECOND)), "there is no gap"


def test_new_heads_are_named_once_and_open_a_gap() -> None:
    blocks = chain(2)
    one, other = Side(blocks[:2]), Side(blocks[:2])
    one.digest(0)
    one.replica.take_all(blocks)
    news = one.digest(1_000)
    assert [head.block for head in news.fresh] == [blocks[2].id]
    assert other.hear(news, 1_010) == []
    (pull,) = messages(other.sync.tick(at(1_050)))[-1:]
    assert isinstance(pull, Pull)
    assert one.digest(2_000).fresh == ()


def test_an_old_difference_is_shown_at_once_then_again_after_a_while() -> None:
    blocks = chain(2)
    ahead, behind = Side(blocks), Side(blocks[:2])
    ahead.digest(0)
    old = behind.digest(0)
    assert ahead.hear(old, 10) == [], "it may have been sent before it heard what we have"
    ahead.digest(1_000)
    assert ahead.hear(old, 1_010) == [Beacon(ahead.replica.lace.frontier())]
    assert ahead.hear(old, 2_010) == []
    assert len(ahead.hear(old, 4_100)) == 1, "the first may have been lost"
    assert ahead.hear(Digest(ahead.replica.lace.heads_sum), 4_200) == []


def test_news_are_shown_to_some_of_those_who_showed_what_we_did_in_turn() -> None:
    side = Side(chain(3), count=5)
    crowd = side.crowd.listeners()
    side.sync.tick(at(0))
    for peer in crowd[1:]:
        side.sync.handle(DigestSeen(peer, Digest(side.replica.lace.heads_sum)), at(10))
    side.replica.take_all(chain(4))
    shown = [[one.to for one in side.sync.tick(at(1_000 * second)).send] for second in range(1, 3)]
    assert [len(to) for to in shown] == [4, 4], "who never showed its own, and three more"
    assert {one for to in shown for one in to} == set(crowd)


def test_while_all_change_a_difference_is_shown_every_third_time() -> None:
    side = Side(chain(1))
    side.digest(0)
    shown = []
    for number in range(1, 7):
        fresh = side.replica.lace.frontier().heads
        digest = Digest(number.to_bytes(16, "big"), fresh)
        shown.append(len(side.hear(digest, number * 1_000)))
    assert shown == [0, 0, 1, 0, 0, 1]


def test_who_asks_is_shown_a_frontier_only_when_it_differs() -> None:
    side = Side(chain(1))
    same = Digest(side.replica.lace.heads_sum, asked=True)
    assert side.hear(same, 0) == []
    other = Digest(bytes(16), asked=True)
    assert side.hear(other, 0) == side.hear(other, 1) == [Beacon(side.replica.lace.frontier())]
    (asking,) = messages(side.sync.handle(PullDue(PEER), at(0)))
    assert asking == same


def test_what_all_neighbours_show_is_asked_of_one_and_then_of_another() -> None:
    side = Side([GENESIS])
    side.digest(0)
    for peer in (PEER, OTHER):
        side.sync.handle(BeaconSeen(peer, UNKNOWN), at(0))
    asked = []
    for ms in range(10, 900, 10):
        asked += [
            (ms, send.to) for send in side.sync.tick(at(ms)).send if isinstance(send.message, Pull)
        ]
    first, second = sorted((PEER, OTHER))
    assert asked[:2] == [(40, first), (290, second)]


def test_the_sum_of_heads_does_not_depend_on_the_order_of_arrival() -> None:
    blocks = [GENESIS, *(make_block(SIGNERS[n], [], None, [GENESIS]) for n in (1, 2, 3))]
    sums = {
        Replica().take_all([GENESIS, *order]).lace.heads_sum
        for order in (blocks[1:], blocks[:0:-1])
    }
    assert len(sums) == 1
    weights = (int.from_bytes(head.block[:16], "big")
               for head in Replica().take_all(blocks).lace.frontier().heads)  # fmt: skip
    assert sums == {(sum(weights) % 2**128).to_bytes(16, "big")}

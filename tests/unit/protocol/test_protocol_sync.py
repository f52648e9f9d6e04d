"""Sync by hand: beacons, gaps, patience, pulls, answers, and peers that lie."""

import pytest
from by_hand import Fleet

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import PeerFault
from credimus.kernel.instant import MILLISECOND, SECOND, Instant, Now
from credimus.lace.block import Block
from credimus.lace.frontier import Frontier, Head
from credimus.node.supply import payload_of, read_message
from credimus.protocol.sync.interface import (
    BatchTaken,
    Beacon,
    BeaconSeen,
    Blocks,
    GapSeen,
    Pull,
    PullAsked,
    Supply,
    SyncConfig,
)
from credimus.protocol.sync.machine import Sync
from credimus.runtime.transport.interface import PAYLOAD_BYTES_MAX
from strategies import GENESIS, MEMBERS, SIGNERS, Replica, make_block

PEER = MEMBERS[1]
UNKNOWN = Frontier((Head(PEER, 3, b"?" * 32),))


def at(ms: int) -> Now:
    """A moment."""
    return Now(Instant(ms * MILLISECOND), ms)


def chain(count: int) -> list[Block]:
    """The genesis and what its author wrote after it."""
    blocks = [GENESIS]
    for _ in range(count):
        blocks.append(make_block(SIGNERS[0], [], blocks[-1]))
    return blocks


def machine(blocks: list[Block], **config: int) -> Sync:
    """A machine over a lace with these blocks."""
    replica = Replica().take_all(blocks)
    stream = Entropy(b"sync").stream("sync")
    return Sync(SyncConfig(**config), replica.lace, replica.ingress.orphans, stream)


def messages(effects: object) -> list[object]:
    """What is sent, without to whom."""
    return [send.message for send in effects.send]


def test_the_frontier_is_shown_to_all_every_period() -> None:
    sync = machine([GENESIS])
    shown = [bool(messages(sync.tick(at(ms)))) for ms in range(0, 3_000, 500)]
    assert shown == [True, False] * 3
    assert sync.deadline() == 3 * SECOND


def test_a_gap_that_closes_by_itself_is_not_pulled() -> None:
    blocks = chain(1)
    replica = Replica().take_all(blocks[:1])
    sync = Sync(SyncConfig(), replica.lace, replica.ingress.orphans, Entropy(b"").stream(""))
    sync.tick(at(0))
    sync.handle(BeaconSeen(PEER, Replica().take_all(blocks).lace.frontier()), at(10))
    assert sync.deadline() == 50 * MILLISECOND
    replica.take_all(blocks)
    assert not sync.tick(at(50))


def test_a_gap_is_pulled_after_patience_and_again_but_not_for_ever() -> None:
    sync = machine([GENESIS], beacon_period_ns=10**15, full_period_ns=10**15)
    sync.tick(at(0))
    sync.handle(BeaconSeen(PEER, UNKNOWN), at(0))
    sync.handle(BeaconSeen(PEER, UNKNOWN), at(20))
    pulls = [ms for ms in range(0, 60_000, 10) if messages(sync.tick(at(ms)))]
    assert pulls[0] == 40
    assert pulls[1] - pulls[0] == 500
    assert 2 <= len(pulls) < 20, "who never answers is given up"


def test_nothing_lacking_is_no_gap() -> None:
    blocks = chain(1)
    sync = machine(blocks)
    sync.tick(at(0))
    sync.handle(BeaconSeen(PEER, machine(blocks)._lace.frontier()), at(0))
    sync.handle(GapSeen(PEER), at(0))
    assert not sync.tick(at(999))


def test_orphans_are_asked_for_by_name() -> None:
    genesis, first, second = chain(2)
    sync = machine([genesis, second])
    sync.tick(at(0))
    sync.handle(GapSeen(PEER), at(0))
    (pull,) = messages(sync.tick(at(40)))
    assert isinstance(pull, Pull)
    assert pull.wanted == (first.id,)


def test_a_pull_is_answered_with_what_lies_beyond_parents_first() -> None:
    blocks = chain(3)
    sync = machine(blocks)
    pull = Pull(Replica().take_all(blocks[:2]).lace.frontier(), (GENESIS.id, b"?" * 32))
    (answer,) = messages(sync.handle(PullAsked(PEER, pull), at(0)))
    assert answer == Supply((GENESIS.id, blocks[2].id, blocks[3].id), more=False)
    complete = Pull(sync._lace.frontier())
    assert not sync.handle(PullAsked(PEER, complete), at(0))


def test_a_long_answer_is_cut_and_continued() -> None:
    sync = machine(chain(9), supply_count_max=4)
    (answer,) = messages(sync.handle(PullAsked(PEER, Pull(Frontier(()))), at(0)))
    assert len(answer.ids) == 4
    assert answer.more
    (again,) = messages(machine([GENESIS]).handle(BatchTaken(PEER, more=True), at(0)))
    assert isinstance(again, Pull)
    assert not machine([GENESIS]).handle(BatchTaken(PEER, more=False), at(0))


def test_an_answer_is_cut_by_bytes_and_says_so() -> None:
    wires = [b"x" * 100_000] * 3
    payload = payload_of(Supply((b"a", b"b", b"c"), more=False), lambda _: wires)
    assert read_message(payload) == Blocks((wires[0],), more=True)
    whole = payload_of(Supply((b"a",), more=False), lambda _: [b"x" * 10**6])
    assert read_message(whole) == Blocks((b"x" * 10**6,), more=False)
    assert read_message(payload_of(Beacon(UNKNOWN), lambda _: [])) == Beacon(UNKNOWN)


def test_now_and_then_some_peer_is_pulled_without_any_sign() -> None:
    sync = machine([GENESIS], beacon_period_ns=10**15)
    sync.tick(at(0))
    assert not sync.tick(at(10_000)), "nobody is known"
    sync.handle(BatchTaken(PEER, more=False), at(10_000))
    sync.handle(BatchTaken(MEMBERS[2], more=False), at(10_000))
    sent = [send for ms in range(0, 200_000, 10_000) for send in sync.tick(at(ms)).send]
    assert {send.to for send in sent} == {PEER, MEMBERS[2]}
    assert all(isinstance(send.message, Pull) for send in sent)


def test_the_largest_pull_fits_a_message_and_a_larger_frontier_is_malformed() -> None:
    heads = [
        Head(number.to_bytes(16, "big"), (1 << 64) - 1, bytes(32))
        for number in range(limits.FRONTIER_HEADS_MAX + 1)
    ]
    most = Pull(Frontier(tuple(heads[:-1])), (bytes(32),) * limits.WANTED_MAX)
    assert len(encode(most)) <= PAYLOAD_BYTES_MAX
    assert read_message(encode(most)) == most
    for message in (Beacon(Frontier(tuple(heads))), Pull(Frontier(tuple(heads)))):
        with pytest.raises(PeerFault):
            read_message(encode(message))


def test_an_author_with_many_branches_hides_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FRONTIER_HEADS_MAX", 6)
    forks = [
        make_block(SIGNERS[n], [], None, [GENESIS], header_stamp=GENESIS.header.stamp + 1 + time)
        for n in (1, 2, 3)
        for time in range(3)
    ]
    heads = Replica().take_all([GENESIS, *forks]).lace.frontier().heads
    assert len(heads) == 6
    assert {head.author for head in heads} == set(MEMBERS[:4])
    assert list(heads) == sorted(heads, key=lambda head: (head.author, head.block))


def test_a_peer_that_always_has_more_of_what_we_hold_is_not_pulled_on() -> None:
    fleet = Fleet(2)
    node = fleet.nodes[0]
    held = tuple(block.wire for block in fleet.stores[0])
    fresh = make_block(SIGNERS[1], [], None, fleet.stores[0][-1:])
    for wires, pulls in ((held, 0), ((), 0), ((fresh.wire, *held), 1), ((fresh.wire,), 0)):
        node.receive(PEER, encode(Blocks(wires, more=True)), fleet.now)
        sent = [send.message for send in node.collect(fleet.now).send]
        assert sum(isinstance(message, Pull) for message in sent) == pulls


def test_a_gap_that_can_not_close_by_itself_is_pulled_at_once_and_only_once() -> None:
    blocks = chain(2)
    replica = Replica().take_all([blocks[0], blocks[2]])
    sync = Sync(SyncConfig(), replica.lace, replica.ingress.orphans, Entropy(b"").stream(""))
    (pull,) = messages(sync.handle(GapSeen(PEER, at_once=True), at(10)))
    assert pull.wanted == (blocks[1].id,)
    assert messages(sync.handle(GapSeen(PEER, at_once=True), at(11))) == []
    whole = machine(blocks)
    assert messages(whole.handle(GapSeen(PEER, at_once=True), at(10))) == [], "nothing is missing"


OTHER, THIRD = MEMBERS[2], MEMBERS[3]


def wide(name: bytes) -> Frontier:
    """More than one answer brings."""
    return Frontier((Head(PEER, 2_000, name * 32),))


def pulled(sync: Sync, ms: int) -> list[object]:
    """From whom is pulled at a moment."""
    return [one.to for one in sync.tick(at(ms)).send if isinstance(one.message, Pull)]


def quiet(**config: int) -> Sync:
    sync = machine([GENESIS], beacon_period_ns=10**15, full_period_ns=10**15, **config)
    sync.tick(at(0))
    return sync


def test_while_one_peer_sends_much_the_others_are_not_asked_for_the_same() -> None:
    sync = quiet()
    for peer in (OTHER, PEER, THIRD):
        sync.handle(BeaconSeen(peer, wide(b"?")), at(0))
    (source,) = pulled(sync, 40)
    for ms in range(100, 2_000, 100):
        (again,) = sync.handle(BatchTaken(source, more=True), at(ms)).send
        assert again.to == source
        assert pulled(sync, ms + 50) == []
    assert source not in pulled(sync, 2_400)


def test_a_source_whose_next_part_is_overdue_is_replaced() -> None:
    sync = quiet()
    for peer in (OTHER, PEER):
        sync.handle(BeaconSeen(peer, wide(b"?")), at(0))
    (source,) = pulled(sync, 40)
    found = pulled(sync, 540)
    assert source not in found[:1]
    assert set(found) <= {PEER, OTHER}


def test_who_sends_little_by_little_is_not_the_only_source_for_ever() -> None:
    sync = quiet()
    for peer in (OTHER, PEER):
        sync.handle(BeaconSeen(peer, wide(b"?")), at(0))
    (source,) = pulled(sync, 40)
    asked = set()
    for ms in range(100, 8_000, 100):
        sync.handle(BatchTaken(source, more=True), at(ms))
        asked.update(pulled(sync, ms + 50))
    assert asked - {source}, "the other had its turn"


def test_when_nothing_is_waited_for_any_more_all_are_asked_again() -> None:
    sync = quiet()
    sync.handle(BeaconSeen(PEER, wide(b"?")), at(0))
    assert pulled(sync, 40) == [PEER]
    sync.handle(BatchTaken(PEER, more=False), at(60))
    sync.handle(BeaconSeen(OTHER, wide(b"!")), at(70))
    assert pulled(sync, 110) == [OTHER]


def test_a_narrow_gap_is_filled_from_whoever_has_it() -> None:
    sync = quiet()
    for peer in (OTHER, PEER):
        sync.handle(BeaconSeen(peer, UNKNOWN), at(0))
    assert set(pulled(sync, 40)) == {OTHER, PEER}

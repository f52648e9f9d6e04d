"""One node's part in spreading, by hand: pushes, announcements, grafts, prunes, bounds."""

from typing import Any

import pytest
from crowd import Around, Crowd, moment

from credimus.kernel import limits
from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import BlockId, NodeId
from credimus.protocol.dissemination.interface import (
    Announced,
    Arrival,
    BlocksCame,
    Carried,
    DisseminationConfig,
    Fresh,
    Graft,
    IHave,
    NeighboursGiven,
    OwnSealed,
    Prune,
    PullWanted,
    Push,
    Relay,
    RelayArrived,
    Told,
    TreeName,
)
from credimus.protocol.dissemination.machine import Dissemination
from credimus.protocol.dissemination.recent import Entry, Recent
from credimus.protocol.dissemination.sending import PUSH_BYTES_MAX, Parcels
from credimus.protocol.dissemination.urgency import Urgency

OWN, *PEERS = (NodeId(bytes([place]) + b"\0" * 15) for place in range(9))
AUTHOR = NodeId(b"\xaa" * 16)
NORMAL, CRITICAL, LOW = Urgency.NORMAL, Urgency.CRITICAL, Urgency.LOW


def machine(**config: Any) -> Dissemination:
    """A node with eight neighbours, given from outside."""
    around = Around(OWN, Crowd(20, 0))
    made = Dissemination(DisseminationConfig(**config), OWN, around, Entropy(b"m").stream("m"))
    made.handle(NeighboursGiven(tuple(PEERS)), moment(0))
    return made


def block(number: int, author: NodeId = AUTHOR, size: int = 100) -> Fresh:
    name = BlockId(number.to_bytes(8, "big") + b"\1" * 24)
    return Fresh(name, author, bytes(size))


def arrival(one: Fresh, urgency: Urgency = NORMAL, **changes: Any) -> Arrival:
    usual = {"hops": 1, "extra": False, "news": True} | changes
    return Arrival(id=one.id, author=one.author, urgency=urgency, **usual)


def take(
    node: Dissemination, peer: NodeId, one: Fresh, at_ms: int = 0, **changes: Any
) -> list[Any]:
    """A block is pushed to the node, which passes it on; what it sends."""
    came = arrival(one, changes.pop("urgency", NORMAL), **changes)
    taken = (one,) if came.news else ()
    node.handle(BlocksCame(peer, (came,), taken), moment(at_ms))
    return node.flush(moment(at_ms)).send


def pushed_to(sends: list[Any]) -> list[NodeId]:
    return [send.to for send in sends if isinstance(send.message, Push)]


def said(sends: list[Any], kind: type) -> list[Any]:
    return [(send.to, send.message) for send in sends if isinstance(send.message, kind)]


@pytest.mark.parametrize(
    ("urgency", "fanout", "most"), [(CRITICAL, 5, 6), (NORMAL, 3, 4), (LOW, 2, 3)]
)
def test_a_new_author_is_pushed_to_as_many_as_the_urgency_says(
    urgency: Urgency, fanout: int, most: int
) -> None:
    node = machine()
    sends = take(node, PEERS[0], block(1), urgency=urgency)
    assert fanout - 1 <= len(pushed_to(sends)) <= most, "the parent may be among the chosen"
    assert PEERS[0] not in pushed_to(sends)
    (_, push), *_ = said(sends, Push)
    assert push.items[0].hops == 2
    told = said(sends, IHave) + said(node.flush(moment(200)).send, IHave)
    assert {to for to, _ in told} == set(PEERS) - set(pushed_to(sends)) - {PEERS[0]}


def test_beyond_the_rounds_a_new_author_is_announced_only() -> None:
    node = machine()
    assert pushed_to(take(node, PEERS[0], block(1), hops=5)) == []
    assert len(said(node.flush(moment(10)).send, IHave)) == 7


def test_redundancy_adds_copies_that_no_tree_has() -> None:
    counts = {}
    for urgency in Urgency:
        node = machine()
        own = 0
        for number in range(300):
            node.handle(OwnSealed((block(number, OWN),), urgency), moment(300 * number))
            node.flush(moment(300 * number + 250))
            if number == 0:
                names = tuple(TreeName(OWN, one) for one in Urgency)
                for peer in PEERS:
                    node.handle(Told(peer, Prune(names)), moment(0))
                own = node.counts.pushed
        counts[urgency] = (node.counts.pushed - own) / 299
    assert counts[CRITICAL] == 1.0, "redundancy 2.0: one beside the tree, here of no links at all"
    assert 0.4 < counts[NORMAL] < 0.6
    assert 0.1 < counts[LOW] < 0.3


def test_what_is_low_waits_for_company() -> None:
    node = machine()
    node.handle(OwnSealed((block(1, OWN),), LOW), moment(0))
    assert node.flush(moment(0)).send == []
    assert node.deadline() == moment(0).instant, "a first look around"
    node.tick(moment(0))
    assert node.deadline() == moment(200).instant
    node.handle(OwnSealed((block(2, OWN),), NORMAL), moment(50))
    (_, push), *_ = said(node.flush(moment(50)).send, Push)
    assert {item.urgency for item in push.items} <= {LOW, NORMAL}
    assert node.counts.pushed >= 5, "it left with what could not wait"


def test_who_pushes_second_is_pruned_and_a_parent_never() -> None:
    node = machine()
    take(node, PEERS[0], block(1))
    sends = take(node, PEERS[1], block(1), news=False)
    assert said(sends, Prune) == [(PEERS[1], Prune((TreeName(AUTHOR, NORMAL),)))]
    assert said(take(node, PEERS[0], block(1), news=False), Prune) == []
    assert said(take(node, PEERS[2], block(1), news=False, extra=True), Prune) == []
    assert said(take(node, NodeId(b"\xfe" * 16), block(1), news=False), Prune) == []
    assert node.counts.duplicates == 4


def test_who_has_no_parent_joins_the_tree_of_whoever_was_first() -> None:
    node = machine()
    sends = take(node, PEERS[0], block(1), extra=True)
    assert said(sends, Graft) == [(PEERS[0], Graft((block(1).id[:8],), deliver=False))]
    assert said(take(node, PEERS[1], block(2), extra=True), Graft) == [], "it has a parent now"


def test_a_pruned_link_is_told_and_a_grafted_one_pushed_again() -> None:
    node = machine(normal=DisseminationConfig().strategy(LOW))  # two children, hardly any extra
    first = pushed_to(take(node, PEERS[0], block(1)))
    for peer in first:
        node.handle(Told(peer, Prune((TreeName(AUTHOR, NORMAL),))), moment(0))
    pruned = [pushed_to(take(node, PEERS[0], block(number))) for number in range(2, 12)]
    assert sum(map(len, pruned)) <= 5, "now and then one for redundancy"
    child = first[0]
    graft = Graft((block(11).id[:8],), deliver=True)
    (answer,) = node.handle(Told(child, graft), moment(0)).send
    assert isinstance(answer.message, Push)
    assert answer.message.items[0].wire == block(11).wire
    assert child in pushed_to(take(node, PEERS[0], block(12)))


def test_an_announced_block_is_asked_for_until_it_comes() -> None:
    node = machine()
    node.tick(moment(0))
    short = block(1).id[:8]
    for peer in PEERS[:2]:
        node.handle(Told(peer, IHave((Announced(short, NORMAL, 2),))), moment(0))
    assert said(node.tick(moment(9)).send, Graft) == []
    asked = [said(node.tick(moment(ms)).send, Graft) for ms in range(10, 600, 10)]
    wanted = [to for some in asked for to, graft in some]
    assert wanted == [PEERS[0], PEERS[1], PEERS[0], PEERS[1]], "in turn, so many times"
    assert node.counts.grafts == 4
    node.handle(Told(PEERS[0], IHave((Announced(short, NORMAL, 2),))), moment(700))
    take(node, PEERS[3], block(1), 710)
    assert said(node.tick(moment(900)).send, Graft) == []


def test_a_block_is_given_again_a_bounded_number_of_times_and_to_neighbours_only() -> None:
    node = machine()
    take(node, PEERS[0], block(1))
    graft = Graft((block(1).id[:8], b"unknown!"), deliver=True)
    given = [bool(node.handle(Told(PEERS[1], graft), moment(0)).send) for _ in range(6)]
    assert given == [True] * 4 + [False] * 2
    assert node.handle(Told(NodeId(b"\xfe" * 16), graft), moment(0)).send == []


def test_who_is_much_nearer_takes_the_place_of_the_parent() -> None:
    node = machine()
    take(node, PEERS[0], block(1), hops=6)
    near = IHave((Announced(block(1).id[:8], NORMAL, 3),))
    (graft,) = node.handle(Told(PEERS[1], near), moment(0)).send
    assert (graft.to, graft.message) == (PEERS[1], Graft((block(1).id[:8],), deliver=False))
    (_, prune), *_ = said(node.flush(moment(0)).send, Prune)
    assert prune.trees == (TreeName(AUTHOR, NORMAL),)
    assert node.handle(Told(PEERS[1], near), moment(0)).send == [], "it is the parent now"


def test_what_a_neighbour_has_is_not_announced_to_it() -> None:
    node = machine()
    take(node, PEERS[0], block(1), hops=5)
    node.handle(Told(PEERS[1], IHave((Announced(block(1).id[:8], NORMAL, 2),))), moment(1))
    take(node, PEERS[2], block(1), 2, news=False)
    told = {to for to, _ in said(node.flush(moment(20)).send, IHave)}
    assert told == set(PEERS[3:])


def test_blocks_of_a_pull_are_passed_on_when_they_are_few() -> None:
    node = machine()
    few = tuple(block(number) for number in range(3))
    node.handle(BlocksCame(PEERS[0], (), few), moment(0))
    assert pushed_to(node.flush(moment(0)).send)
    many = tuple(block(number) for number in range(100, 165))
    node.handle(BlocksCame(PEERS[0], (), many), moment(0))
    assert node.flush(moment(0)).send == [], "who catches up tells nothing new"


def test_a_block_that_was_let_go_and_is_taken_anew_is_not_passed_on_again() -> None:
    """As when a node adopts the checkpoint of another part and fetches its own past."""
    node = machine()
    assert pushed_to(take(node, PEERS[0], block(1)))
    node.handle(BlocksCame(PEERS[1], (), (block(1), block(2))), moment(9_000))
    items = [item for _, push in said(node.flush(moment(9_000)).send, Push) for item in push.items]
    assert {item.wire for item in items} == {block(2).wire}


def test_a_block_that_waited_for_its_parents_goes_on_when_it_is_taken() -> None:
    node = machine()
    waiting = block(2)
    node.handle(BlocksCame(PEERS[0], (arrival(waiting, CRITICAL, hops=2),), ()), moment(0))
    assert node.flush(moment(0)).send == []
    node.handle(BlocksCame(PEERS[1], (arrival(block(1)),), (block(1), waiting)), moment(5))
    items = [item for _, push in said(node.flush(moment(5)).send, Push) for item in push.items]
    assert {(item.urgency, item.hops) for item in items} == {(NORMAL, 2), (CRITICAL, 3)}


def test_a_relayed_message_for_us_comes_out_and_what_is_unsound_does_not() -> None:
    node = machine()
    sound = Relay(AUTHOR, OWN, (AUTHOR, PEERS[0]), 1, 1_000, b"inside")
    effects = node.handle(Told(PEERS[0], sound), moment(0))
    assert effects.emit == [RelayArrived(AUTHOR, b"inside")]
    assert node.handle(Told(PEERS[0], sound), moment(1_001)).emit == []
    assert node.counts.relays_refused == 1


def test_now_and_then_a_random_member_is_pulled_from() -> None:
    node = machine()
    wanted = [
        event.peer
        for second in range(200)
        for event in node.tick(moment(1_000 * second)).emit
        if isinstance(event, PullWanted)
    ]
    assert 70 < len(wanted) < 130, "the seed's chance is one half"
    assert not set(wanted) & set(PEERS)
    assert len(set(wanted)) > 5


def test_a_newcomer_is_answered_by_a_few() -> None:
    node = machine()
    node.tick(moment(0))
    answers = sum(node.answers(NodeId(b"\xfe" * 16)) for _ in range(1_000))
    assert 150 < answers < 250, "four of twenty"
    assert not any(node.answers(PEERS[0]) for _ in range(100))


def test_what_is_kept_at_hand_is_bounded() -> None:
    recent = Recent()
    for number in range(limits.SPREAD_BLOCKS_MAX + 5):
        recent.put(Entry(block(number), NORMAL, 0))
    assert len(recent) == limits.SPREAD_BLOCKS_MAX
    assert recent.get(block(4).id) is None
    assert recent.get(block(5).id[:8])
    large = Recent()
    for number in range(100):
        large.put(Entry(block(number, size=200_000), NORMAL, 0))
    assert len(large) == limits.SPREAD_BYTES_MAX // 200_000


def test_announcements_are_bounded_and_those_let_go_counted() -> None:
    node = machine()
    for number in range(limits.ANNOUNCED_MAX + 10):
        node.handle(
            BlocksCame(PEERS[0], (arrival(block(number), hops=5),), (block(number),)), moment(0)
        )
    node.flush(moment(0))
    assert node.counts.unannounced == 7 * 10
    assert all(
        len(told.items) <= limits.ANNOUNCED_MAX
        for _, told in said(node.flush(moment(50)).send, IHave)
    )


def test_a_push_holds_as_many_blocks_as_fit() -> None:
    parcels = Parcels()
    for _ in range(5):
        parcels.put(PEERS[0], Carried(bytes(60_000), NORMAL, 1, False))
    parcels.put(PEERS[0], Carried(bytes(limits.BLOCK_BYTES_MAX), NORMAL, 1, False))
    sizes = [[len(item.wire) for item in send.message.items] for send in parcels.sends()]
    assert sizes == [[60_000] * 2, [60_000] * 2, [60_000], [limits.BLOCK_BYTES_MAX]]
    assert all(sum(one) <= max(PUSH_BYTES_MAX, limits.BLOCK_BYTES_MAX) for one in sizes)


def test_few_nodes_need_no_machine() -> None:
    around = Around(OWN, Crowd(12, 0))
    node = Dissemination(DisseminationConfig(), OWN, around, Entropy(b"m").stream("m"))
    node.tick(moment(0))
    assert not node.is_active
    assert node.listeners() is None
    node.handle(BlocksCame(PEERS[0], (arrival(block(1)),), (block(1),)), moment(0))
    assert node.flush(moment(0)).send == []
    assert not node.answers(AUTHOR)

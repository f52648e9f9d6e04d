"""What is sent after an expulsion: who opens it, and what is passed over."""

import pytest
from by_hand import Fleet

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.ids import NodeId
from credimus.node.commands import AssertBelief, ExpelMember
from credimus.node.node import Node
from credimus.node.supply import read_message
from credimus.node.telling.shielding import Shield, ShieldBox, Shielded
from credimus.protocol.sync.interface import Beacon, Pull
from strategies import SIGNERS


def expelled_last() -> Fleet:
    """Four nodes, of which three expelled the last one; it does not know."""
    fleet = Fleet()
    fleet.away = {3}
    for number in range(3):
        fleet.nodes[number].execute(ExpelMember(member=SIGNERS[3].node_id), fleet.now)
        fleet.settle()
    return fleet


def closed(node: Node) -> Shielded:
    """Its frontier, as it is sent."""
    message = read_message(node.shield.wrapped(encode(Beacon(node.lace.frontier()))))
    assert isinstance(message, Shielded)
    return message


def test_in_the_clear_while_nobody_is_shut_out() -> None:
    fleet = Fleet()
    payload = encode(Beacon(fleet.nodes[0].lace.frontier()))
    assert fleet.nodes[0].shield.wrapped(payload) is payload


def test_members_open_it_and_the_expelled_does_not() -> None:
    fleet = expelled_last()
    message = closed(fleet.nodes[0])
    payload = encode(Beacon(fleet.nodes[0].lace.frontier()))
    assert [node.shield.opened(message) for node in fleet.nodes] == [payload] * 3 + [None]
    assert fleet.nodes[3].shield.strange_count == 1
    assert message.key_name == closed(fleet.nodes[0]).key_name, "one key for many messages"
    assert message.nonce != closed(fleet.nodes[0]).nonce
    assert SIGNERS[3].node_id not in {box.reader for box in message.boxes}


def test_a_closed_pull_is_answered() -> None:
    fleet = expelled_last()
    fleet.nodes[0].execute(AssertBelief(content="x", category="claim", propose=False), fleet.now)
    fleet.settle()
    node, peer = fleet.nodes[0], fleet.nodes[1]
    nothing = type(peer.lace)().frontier()
    node.receive(peer.id, peer.shield.wrapped(encode(Pull(nothing, ()))), fleet.now)
    assert [send.to for send in node.collect(fleet.now).send] == [peer.id]


@pytest.mark.parametrize("part", ["boxes", "closed", "nonce"])
def test_what_can_not_be_opened_is_passed_over(part: str) -> None:
    fleet = expelled_last()
    node, peer = fleet.nodes[0], fleet.nodes[1]
    good = closed(peer)
    boxes = tuple(ShieldBox(box.reader, bytes(48)) for box in good.boxes)
    bent = {"boxes": boxes, "closed": bytes(64), "nonce": bytes(24)}[part]
    fields = {name: getattr(good, name) for name in good.__struct_fields__} | {part: bent}
    node.receive(peer.id, encode(Shielded(**fields)), fleet.now)
    assert node.shield.strange_count == 1
    assert not node.faults


def test_one_inside_another_is_malformed() -> None:
    fleet = expelled_last()
    node, peer = fleet.nodes[0], fleet.nodes[1]
    node.receive(peer.id, peer.shield.wrapped(encode(closed(peer))), fleet.now)
    assert node.faults[peer.id, "malformed"] == 1


def crowded(fleet: Fleet, count: int) -> Node:
    """The first node, which knows so many keys."""
    node = fleet.nodes[0]
    keys = node.state.roster.keys
    for number in range(count - len(keys)):
        keys[NodeId(number.to_bytes(16, "big"))] = SIGNERS[5].public
    return node


def test_as_many_boxes_as_there_is_room_for() -> None:
    node = crowded(expelled_last(), limits.SHIELD_BOXES_MAX + 1)
    assert len(closed(node).boxes) == limits.SHIELD_BOXES_MAX


def test_in_a_large_fleet_a_message_to_one_peer_has_its_box_alone() -> None:
    fleet = expelled_last()
    node, peer = crowded(fleet, 2_000), fleet.nodes[1]
    message = read_message(node.shield.wrapped(b"x", peer.id))
    assert isinstance(message, Shielded)
    assert [box.reader for box in message.boxes] == [peer.id]
    assert peer.shield.opened(message) == b"x"
    assert [one.shield.opened(message) for one in fleet.nodes[2:]] == [None, None]
    told = read_message(node.shield.wrapped(b"y"))
    assert isinstance(told, Shielded)
    assert peer.shield.opened(told) == b"y", "who has the key needs no box"


def test_in_a_large_fleet_everybody_but_the_expelled_reads_what_goes_to_all_before_long() -> None:
    fleet = expelled_last()
    node = crowded(fleet, 2_000)
    reached: set[bytes] = set()
    for _ in range(60):
        message = read_message(node.shield.wrapped(b"x"))
        assert isinstance(message, Shielded)
        assert len({box.reader for box in message.boxes}) == limits.SHIELD_BOXES_MAX
        reached |= {box.reader for box in message.boxes}
    assert reached == node.state.roster.keys.keys() - {SIGNERS[3].node_id}
    outsider = read_message(node.shield.wrapped(b"x", SIGNERS[3].node_id))
    assert isinstance(outsider, Shielded), "nothing goes in the clear"
    assert fleet.nodes[3].shield.opened(outsider) is None


def test_keys_of_others_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SHIELD_KEYS_MAX", 64)
    roster = expelled_last().nodes[0].state.roster
    shield = Shield(roster, SIGNERS[:1])
    for _ in range(limits.SHIELD_KEYS_MAX + 1):
        message = read_message(Shield(roster, [SIGNERS[1]]).wrapped(b"x"))
        assert isinstance(message, Shielded)
        assert shield.opened(message) == b"x"
    assert len(shield._known) == limits.SHIELD_KEYS_MAX

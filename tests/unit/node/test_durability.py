"""What of a step waits for the disk: all that the node has to stand by, and nothing else."""

from typing import get_args

import pytest

from credimus.kernel.effects import Effects, Record, Send
from credimus.kernel.ids import NodeId
from credimus.lace.frontier import Frontier
from credimus.node.durability import waits_for_disk
from credimus.node.events import Sealed
from credimus.node.node import NodeEffects
from credimus.node.supply import Outgoing
from credimus.protocol.dissemination.interface import (
    DisseminationMessage,
    Graft,
    IHave,
    Prune,
    Push,
    Relay,
)
from credimus.protocol.sync.interface import Beacon, Digest, Supply
from credimus.protocol.vigilance.interface import Accusation, Claim

PEER = NodeId(bytes(16))
PASSED_ON = (
    Push(()),
    IHave(()),
    Graft((), deliver=True),
    Prune(()),
    Digest(bytes(32)),
    Claim(b"", bytes(64)),
)


def sending(*messages: Outgoing) -> NodeEffects:
    return Effects(send=[Send(PEER, one) for one in messages])


def test_what_is_passed_on_does_not_wait() -> None:
    assert not waits_for_disk(sending(*PASSED_ON))
    assert not waits_for_disk(Effects())


@pytest.mark.parametrize(
    "message", [Beacon(Frontier(())), Accusation(b"", bytes(64)), Supply((), more=False)], ids=repr
)
def test_what_says_what_the_node_holds_waits_and_all_beside_it(message: Outgoing) -> None:
    assert waits_for_disk(sending(message))
    assert waits_for_disk(sending(*PASSED_ON, message))


def test_own_blocks_and_records_wait_though_nothing_is_sent() -> None:
    assert waits_for_disk(Effects(emit=[Sealed(PEER, 1)]))
    assert waits_for_disk(Effects(remember=[Record("key", b"value")]))


def test_a_relay_waits_for_it_may_carry_anything() -> None:
    assert Relay in get_args(DisseminationMessage)
    relay = Relay(bytes(16), bytes(16), (bytes(16),), 1, 1, b"")
    assert waits_for_disk(sending(relay))

"""At the door: every fault has its own code, is counted, and changes nothing else."""

from collections.abc import Callable

import pytest
from by_hand import Fleet

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.errors import StorageError
from credimus.kernel.hlc import stamp_of
from credimus.lace.block import Block, open_wire
from credimus.node.commands import AdmitMember, AssertBelief
from credimus.node.events import ForkSeen, IdentityForked, PeerFaulted
from credimus.protocol.sync.interface import Blocks
from credimus.state.operations import Admit, Assert, Found, Leave, Operation
from strategies import LEFT_OUT_MAX, MEMBERS, SIGNERS, WALL_MS, make_block

SAID: list[Operation] = [Assert(1, "it rains", "general", 5)]
ADMITTED, STRANGER, PEER = SIGNERS[1], SIGNERS[5], 3


def wire(block: Block, **parts: bytes) -> bytes:
    """A block's bytes with some parts replaced."""
    return encode(open_wire(block.wire)._replace(**parts))


def say(
    fleet: Fleet, signer: object = ADMITTED, said: list | None = None, **fields: object
) -> Block:
    """A block on top of all that the fleet has."""
    stores = fleet.stores[0]
    return make_block(signer, SAID if said is None else said, None, stores[-1:], **fields)


MAKERS: dict[str, list[Callable[[Fleet], bytes]]] = {
    "bad-signature": [
        lambda fleet: wire(say(fleet), signature=b"\x01" * 64),
        lambda fleet: wire(say(fleet), signature=say(fleet, STRANGER).signature),
    ],
    "wrong-chain": [
        lambda fleet: make_block(ADMITTED, SAID, fleet.stores[0][-1]).wire,
        lambda fleet: make_block(SIGNERS[0], SAID, None, fleet.stores[0][-1:]).wire,
    ],
    "oversized": [lambda _: b"\x94" + b"x" * limits.BLOCK_BYTES_MAX],
    "unknown-version": [
        lambda fleet: say(fleet, header_version=1).wire,
        lambda _: encode((b"\x99\x01", bytes(64), b"\x90")),
    ],
    "stamp-too-far-in-future": [
        lambda fleet: say(fleet, header_stamp=stamp_of(WALL_MS + 60_001)).wire
    ],
    "not-a-member": [
        lambda fleet: say(fleet, STRANGER).wire,
        lambda _: make_block(ADMITTED, SAID).wire,
    ],
    "wrong-fleet": [lambda fleet: say(fleet, header_fleet=b"f" * 16).wire],
    "wrong-root": [
        lambda fleet: wire(say(fleet), body=say(fleet, said=[Leave("")]).body),
        lambda fleet: wire(say(fleet), predecessors=b"\x90"),
        lambda fleet: say(fleet, header_root=b"r" * 32).wire,
        lambda fleet: say(fleet, header_operation_count=2).wire,
    ],
    "malformed": [
        lambda _: b"",
        lambda _: b"\xc1",
        lambda _: encode(("not", "bytes", "at", "all")),
        lambda fleet: wire(say(fleet), signature=b"short"),
        lambda fleet: wire(say(fleet), body=b"\x91"),
        lambda fleet: say(fleet, header_author=b"short").wire,
        lambda fleet: say(fleet, header_sequence=0).wire,
        lambda fleet: say(fleet, header_stamp=1 << 63).wire,
        lambda fleet: say(fleet, header_parents=(b"p" * 32, b"p" * 32)).wire,
        lambda fleet: say(fleet, header_parents=(b"short",)).wire,
        lambda fleet: say(fleet, header_sequence=2, header_parents=()).wire,
        lambda fleet: say(fleet, header_parents=tuple(bytes([n]) * 32 for n in range(65))).wire,
        lambda fleet: say(fleet, said=[Assert(0, "counters begin at 1", "general", 5)]).wire,
        lambda fleet: say(fleet, said=[Assert(1, "x", "no such\n", 5)]).wire,
        lambda fleet: say(fleet, said=[Assert(1, "x", "general\n", 5)]).wire,
        lambda fleet: say(fleet, said=[Assert(1, "x" * 1_025, "general", 5)]).wire,
    ],
    "wrong-genesis": [
        lambda _: make_block(
            SIGNERS[0], [Found("other", b"o" * 16, SIGNERS[0].public, "", "")]
        ).wire,
        lambda _: make_block(STRANGER, [Found("x", b"n" * 16, STRANGER.public, "", "")]).wire,
        lambda _: make_block(STRANGER, [Found("x", b"n" * 16, SIGNERS[0].public, "", "")]).wire,
        lambda _: make_block(SIGNERS[0], [Found("x", b"n" * 16, SIGNERS[0].public, "", "")]).wire,
        lambda fleet: say(
            fleet, said=[Found("x", b"n" * 16, SIGNERS[0].public, "", "", LEFT_OUT_MAX)]
        ).wire,
        lambda _: make_block(
            SIGNERS[0],
            [
                Found("a", b"n" * 16, SIGNERS[0].public, "", "", LEFT_OUT_MAX),
                Found("b", b"n" * 16, STRANGER.public, "", ""),
            ],
        ).wire,
    ],
    "stamp-not-after-parents": [
        lambda fleet: say(fleet, header_stamp=fleet.stores[0][-1].header.stamp).wire,
        lambda fleet: make_block(
            SIGNERS[0], SAID, fleet.stores[0][-1],
            header_stamp=fleet.stores[0][-1].header.stamp,
        ).wire,
    ],
}  # fmt: skip
CASES = [(code, maker) for code, makers in MAKERS.items() for maker in makers]


@pytest.mark.parametrize(
    ("code", "maker"), CASES, ids=[f"{code}-{n}" for n, (code, _) in enumerate(CASES)]
)
def test_a_fault_is_counted_and_changes_nothing_else(
    code: str, maker: Callable[[Fleet], bytes]
) -> None:
    fleet = Fleet(1)
    fleet.nodes[0].execute(AdmitMember(public_key=ADMITTED.public, name="n1"), fleet.now)
    fleet.settle()
    node = fleet.nodes[0]
    before = node.state.fingerprint(), node.lace.frontier(), len(node.lace), node.clock.last
    node.receive(MEMBERS[PEER], encode(Blocks((maker(fleet),))), fleet.now)
    effects = node.collect(fleet.now)
    assert node.faults == {(MEMBERS[PEER], code): 1}
    assert [event.code for event in effects.emit if isinstance(event, PeerFaulted)] == [code]
    assert not effects.persist
    assert not effects.send
    assert node.orphan_count == 0
    assert before == (
        node.state.fingerprint(), node.lace.frontier(), len(node.lace), node.clock.last
    )  # fmt: skip


def test_a_wrong_block_does_not_spoil_those_beside_it() -> None:
    fleet = Fleet(2)
    good = say(fleet)
    payload = encode(Blocks((b"junk", good.wire, b"junk")))
    fleet.nodes[0].receive(MEMBERS[PEER], payload, fleet.now)
    assert fleet.nodes[0].faults == {(MEMBERS[PEER], "malformed"): 2}
    assert good.id in fleet.nodes[0].lace


def test_a_block_that_waited_is_judged_when_its_parents_come() -> None:
    fleet = Fleet(2)
    first = say(fleet)
    wrong = make_block(ADMITTED, [Found("x", b"n" * 16, ADMITTED.public, "", "")], first)
    fleet.push(0, [wrong], PEER)
    assert fleet.nodes[0].orphan_count == 1
    fleet.push(0, [first], PEER)
    assert fleet.nodes[0].orphan_count == 0
    assert [code for _, code in fleet.nodes[0].faults] == ["wrong-genesis"]
    assert wrong.id not in fleet.nodes[0].lace


def test_a_known_author_s_signature_is_checked_before_a_block_waits() -> None:
    fleet = Fleet(2)
    first = say(fleet)
    second = make_block(ADMITTED, SAID, first)
    forged = encode(Blocks((wire(second, signature=b"\x01" * 64),)))
    fleet.nodes[0].receive(MEMBERS[PEER], forged, fleet.now)
    assert fleet.nodes[0].orphan_count == 0
    assert fleet.nodes[0].faults == {(MEMBERS[PEER], "bad-signature"): 1}


def test_a_forged_copy_of_a_newcomer_s_block_neither_waits_nor_is_charged_to_it() -> None:
    fleet = Fleet(2)
    newcomer = SIGNERS[4]
    admits = make_block(ADMITTED, [Admit(newcomer.public, "new", "")], None, fleet.stores[0][-1:])
    first = make_block(newcomer, SAID, None, [admits])
    second = make_block(newcomer, [Leave("")], first)
    node = fleet.nodes[0]
    for block in (first, second):
        forged = encode(Blocks((wire(block, signature=b"\x01" * 64),)))
        node.receive(MEMBERS[PEER], forged, fleet.now)
    fleet.push(0, [second], PEER)
    assert node.orphan_count == 0, "whose key is unknown is not kept: it may be forged"
    fleet.push(0, [admits, first, second], PEER)
    assert second.id in node.lace
    assert not node.faults


def test_what_is_refused_after_waiting_is_its_author_s_own_fault() -> None:
    fleet = Fleet(2)
    first = say(fleet)
    wrong = make_block(ADMITTED, SAID, first, header_stamp=first.header.stamp)
    fleet.push(0, [wrong], PEER)
    assert fleet.nodes[0].orphan_count == 1
    fleet.push(0, [first], PEER)
    assert fleet.nodes[0].faults == {(MEMBERS[1], "stamp-not-after-parents"): 1}


def test_old_stamps_are_welcome() -> None:
    fleet = Fleet(2)
    old = say(fleet)
    fleet.ms += 365 * 86_400_000
    fleet.push(0, [old], PEER)
    assert old.id in fleet.nodes[0].lace


def test_both_branches_of_a_fork_are_kept_and_told() -> None:
    fleet = Fleet(2)
    one, other = say(fleet), say(fleet, said=[Assert(1, "it snows", "general", 5)])
    fleet.push(0, [one, other], PEER)
    fleet.settle()
    told = [event for event in fleet.events[0] if isinstance(event, ForkSeen)]
    assert [(event.author, set(event.blocks)) for event in told] == [
        (MEMBERS[1], {one.id, other.id})
    ]
    assert len(fleet.nodes[0].lace.frontier().heads) == 3


def test_a_node_whose_chain_goes_on_elsewhere_writes_no_more_also_after_a_restart() -> None:
    fleet = Fleet(2)
    node = fleet.nodes[1]
    node.execute(AssertBelief(content="written from the old copy"), fleet.now)
    fork = make_block(SIGNERS[1], SAID, None, [fleet.stores[0][1]])
    fleet.settle()
    fleet.push(1, [fork], 0)
    fleet.settle()
    assert any(isinstance(event, IdentityForked) for event in fleet.events[1])
    for now in (node, fleet.restart(1)):
        with pytest.raises(StorageError) as caught:
            now.execute(AssertBelief(content="more"), fleet.now)
        assert caught.value.code == "identity-forked"
    assert not fleet.nodes[1].collect(fleet.now).persist


def test_faults_are_bounded_in_kinds() -> None:
    fleet = Fleet(1)
    node = fleet.nodes[0]
    for number in range(5_000):
        node.receive(number.to_bytes(16, "big"), b"junk", fleet.now)
    assert len(node.faults) <= 4_096

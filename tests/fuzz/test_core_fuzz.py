"""Any bytes give a value or a PeerFault, any command gives Written or a CredimusError."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credimus.kernel.codec import encode
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import PeerFault, StorageError
from credimus.kernel.instant import Instant, Now
from credimus.lace.block import open_wire, read_block, read_header
from credimus.lace.frontier import Frontier, Head
from credimus.node.commands import (
    AssertBelief,
)
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.node.supply import read_message
from credimus.protocol.delivery.envelope import (
    check_content,
    check_reply,
    read_content,
    read_reply,
    seal_content,
    seal_reply,
)
from credimus.protocol.delivery.interface import Answer, Content, Envelope, Mode, Outcome, Reply
from credimus.protocol.delivery.records import FAMILIES, HeldRow, PostedRow, WindowRow
from credimus.protocol.dissemination.interface import (
    Announced,
    Carried,
    Graft,
    IHave,
    Neighbour,
    Prune,
    Push,
    Relay,
    TreeName,
    Wish,
)
from credimus.protocol.dissemination.urgency import Urgency
from credimus.protocol.membership.interface import (
    Ack,
    Claim,
    Notice,
    Ping,
    PingFor,
    Relayed,
    Row,
    Status,
)
from credimus.protocol.sync.interface import Beacon, Blocks, Digest, Pull
from credimus.state.member_operations import CategoryLimit, Limit
from credimus.state.operations import (
    read_operations,
)
from liars import Liar
from strategies import (
    ELECTORATES,
    FLEET,
    GENESIS,
    LATER_MS,
    MEMBERS,
    PROPOSALS,
    ROUNDS,
    SIGNERS,
    make_block,
)

NOW = Now(Instant(0), LATER_MS)
SETTING = make_block(SIGNERS[1], (*ELECTORATES, *PROPOSALS), None, [GENESIS])
LIMIT = Limit((CategoryLimit("alarm", 36_000, 50), CategoryLimit("gossip", 60, 1)))
BLOCK = make_block(SIGNERS[1], [*(Liar(7).operation() for _ in range(12)), LIMIT], SETTING)
CLAIMS = (
    Claim(MEMBERS[0], LATER_MS, Status.SUSPECT, MEMBERS[2]),
    Claim(MEMBERS[1], LATER_MS + 1, Status.ALIVE, MEMBERS[1]),
    Claim(MEMBERS[3], 0, Status.DEAD, MEMBERS[1]),
)
CONTENTS = tuple(
    Content(FLEET, MEMBERS[1], MEMBERS[0], 7 + mode, 5, mode, LATER_MS, LATER_MS + 9_000, b"hello")
    for mode in Mode
)
REPLY = Reply(FLEET, MEMBERS[1], MEMBERS[0], 7, Outcome.DONE, b"well done")
ROWS = (Row(MEMBERS[1], LATER_MS, b"8 bytes.", b"\x07", b"\x10"),)
MESSAGES = [
    encode(message)
    for message in (
        Blocks((GENESIS.wire, SETTING.wire, BLOCK.wire), more=True),
        Beacon(Frontier((Head(MEMBERS[1], 2, BLOCK.id), Head(MEMBERS[0], 1, b"")))),
        Digest(bytes(16), (Head(MEMBERS[1], 2, BLOCK.id), Head(MEMBERS[0], 1, b""))),
        Digest(b"sixteen bytes...", asked=True),
        Pull(Frontier((Head(MEMBERS[1], 1, GENESIS.id),)), (GENESIS.id, b"?" * 32)),
        Push(
            (
                Carried(GENESIS.wire, Urgency.LOW, 1, extra=False),
                Carried(BLOCK.wire, Urgency.CRITICAL, 255, extra=True),
            )
        ),
        IHave((Announced(GENESIS.id[:8], Urgency.NORMAL, 3),)),
        Graft((GENESIS.id[:8], b"8 bytes."), deliver=True),
        Prune((TreeName(MEMBERS[1], Urgency.NORMAL),)),
        Relay(
            MEMBERS[1],
            MEMBERS[0],
            (MEMBERS[1], MEMBERS[2]),
            2,
            LATER_MS + 500,
            encode(Blocks((GENESIS.wire,))),
        ),
        Relay(MEMBERS[1], MEMBERS[0], (MEMBERS[1],), 2, LATER_MS + 500, b"\x93\x0d"),
        Neighbour(Wish.ASK, needed=True),
        Ping(LATER_MS, CLAIMS, 7, ROWS),
        Ack(LATER_MS, CLAIMS, 7, ROWS),
        PingFor(LATER_MS, CLAIMS, 7, MEMBERS[1]),
        Relayed(LATER_MS, CLAIMS, 7, heard=True),
        Notice(LATER_MS, CLAIMS),
        *(seal_content(SIGNERS[1], content) for content in CONTENTS),
        seal_reply(SIGNERS[1], REPLY),
    )
]


def new_node(number: int = 0) -> Node:
    """A node that holds the genesis and the setting."""
    node = Node(FLEET, [SIGNERS[number]], Config(), Entropy(b"fuzz"))
    node.restore([GENESIS.wire, SETTING.wire])
    return node


@st.composite
def mutated(draw: st.DrawFn, valid: list[bytes]) -> bytes:
    """Valid bytes with some flipped, cut out, put in or repeated."""
    raw = bytearray(draw(st.sampled_from(valid)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(raw) - 1)))
        match draw(st.integers(0, 3)):
            case 0 if raw:
                raw[at] = draw(st.integers(0, 255))
            case 1:
                del raw[at : at + draw(st.integers(1, 40))]
            case 2:
                raw[at:at] = draw(st.binary(max_size=9))
            case _:
                raw[at:at] = raw[at : at + draw(st.integers(1, 40))]
    return bytes(raw)


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats()
    | st.binary(max_size=40) | st.text(st.characters(codec="utf-8"), max_size=20)
    | st.sampled_from([GENESIS.wire, BLOCK.wire, BLOCK.id, MEMBERS[1], ROUNDS[0]]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner,
                                                                max_size=2),
    max_leaves=20,
)  # fmt: skip
shaped = values.map(msgspec.msgpack.encode)
tagged = st.tuples(st.integers(0, 25), values, values, values, values, values).map(
    lambda array: msgspec.msgpack.encode([array])
)


def read_a_message(raw: bytes) -> None:
    """An envelope's content, and then its signature."""
    envelope = Envelope(raw, bytes(64))
    read_content(envelope)
    check_content(envelope, SIGNERS[1].public)


def read_an_answer(raw: bytes) -> None:
    """An answer's reply, and then its signature."""
    answer = Answer(raw, bytes(64))
    read_reply(answer)
    check_reply(answer, SIGNERS[1].public)


def read_any(reader: Any, raw: bytes) -> None:
    """Nothing but a value or a PeerFault."""
    try:
        reader(raw)
    except PeerFault as fault:
        assert fault.code  # noqa: PT017 - a value is as welcome


def read_wire(raw: bytes) -> None:
    """A block, from its wire form."""
    read_block(open_wire(raw))


READERS = {
    read_wire: [GENESIS.wire, BLOCK.wire],
    read_header: [GENESIS.header_bytes, BLOCK.header_bytes],
    read_operations: [GENESIS.body, SETTING.body, BLOCK.body],
    read_message: MESSAGES,
    read_a_message: [encode(content) for content in CONTENTS],
    read_an_answer: [encode(REPLY)],
}


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@given(data=st.data())
def test_any_bytes_give_a_value_or_a_peer_fault(reader: Any, data: st.DataObject) -> None:
    some = st.binary(max_size=400) | mutated(READERS[reader]) | shaped | tagged
    read_any(reader, data.draw(some))


NODE = new_node()


@given(st.binary(max_size=400) | mutated(MESSAGES) | shaped)
def test_any_message_leaves_a_node_standing(raw: bytes) -> None:
    before = NODE.state.fingerprint()
    NODE.receive(MEMBERS[2], raw, NOW)
    effects = NODE.collect(NOW)
    if not effects.persist:
        assert NODE.state.fingerprint() == before


@given(
    st.lists(
        st.builds(
            Head,
            st.sampled_from(MEMBERS) | st.binary(max_size=20),
            st.integers(-(1 << 63), (1 << 64) - 1),
            st.sampled_from([GENESIS.id, SETTING.id, b"?" * 32]) | st.binary(max_size=40),
        ),
        max_size=6,
    ),
    st.lists(st.sampled_from([GENESIS.id, b"?" * 32]) | st.binary(max_size=40), max_size=4),
    st.booleans(),
)
def test_any_frontier_is_answered(heads: list[Head], wanted: list[bytes], pull: bool) -> None:
    node = new_node()
    frontier = Frontier(tuple(heads))
    message = Pull(frontier, tuple(wanted)) if pull else Beacon(frontier)
    node.receive(MEMBERS[2], encode(message), NOW)
    node.tick(NOW)
    assert node.collect(NOW).send
    assert not node.faults


@given(st.integers(0, 1 << 32), st.integers(5, 30), st.integers(0, 5_000))
def test_any_history_leaves_a_node_able_to_go_on(seed: int, count: int, later_ms: int) -> None:
    """Whatever members sign, an honest node answers, ticks, writes; and others take its blocks."""
    node, other = new_node(2), new_node(3)
    blocks = Liar(seed).history(count)
    mine = {signer.node_id for signer in SIGNERS[2:4]}
    wires = tuple(block.wire for block in blocks if block.author not in mine)
    for one in (node, other):
        one.receive(MEMBERS[1], encode(Blocks(wires)), NOW)
    for step in range(4):
        now = Now(Instant(step * 3_000_000_000), LATER_MS + step * later_ms)
        if node.id in node.state.roster.current:
            for statement in ("Pump 3 leaks", "Door 7 is open", f"Fan {step}"):
                node.execute(AssertBelief(content=statement, category="general"), now)
        node.tick(now)
        effects = node.collect(now)
        payload = encode(Blocks(tuple(block.wire for block in effects.persist)))
        other.receive(node.id, payload, now)
    assert not [code for who, code in other.faults if who == node.id]
    assert {head.block for head in node.lace.frontier().heads} <= {
        place.id for place in other.lace.in_causal_order()
    }


families = st.sampled_from((*FAMILIES, "vigilance", "vigilance/found"))
names = st.sampled_from(["7", f"7-{MEMBERS[1].hex()}", "counter", "claimed"])
rows = st.sampled_from(
    [
        encode(9),
        encode(PostedRow(Mode.EXACTLY_ONCE, 1, 2, (MEMBERS[1],), b"", b"", False, b"hello")),
        encode(HeldRow(1, False, b"hello")),
        encode(WindowRow(9, b"\x03")),
    ]
)


@given(
    st.dictionaries(
        st.tuples(families, names | st.text(max_size=9)), rows | st.binary(max_size=40) | shaped,
        max_size=4,
    )
)  # fmt: skip
def test_any_records_are_taken_up_or_named_as_corrupt(
    records: dict[tuple[str, str], bytes],
) -> None:
    node = new_node()

    def facts_of(family: str) -> list[tuple[str, bytes]]:
        return [(f"{one}/{name}", raw) for (one, name), raw in records.items() if one == family]

    try:
        node.recall(facts_of)
    except StorageError as error:
        assert error.code == "corrupt"  # noqa: PT017 - being taken up is as welcome
        return
    node.resume(NOW)
    node.tick(Now(Instant(10_000_000_000), LATER_MS + 10_000))
    node.collect(NOW)

"""What callers may say about members, what the node says by itself, and whom it hears no more."""

import pytest
from by_hand import Fleet

from credimus.kernel.codec import encode
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import CredimusError
from credimus.kernel.ids import BlockId, RoundId
from credimus.lace.block import Block
from credimus.lace.seal import SeedSigner
from credimus.node.commands import (
    AdmitMember,
    AnyCommand,
    AssertBelief,
    CastVote,
    ExpelMember,
    GrantPowers,
    LeaveFleet,
    RotateKey,
)
from credimus.node.events import PeerFaulted
from credimus.node.node import Node
from credimus.node.taking.proving import exposure_wanted
from credimus.protocol.sync.interface import Blocks
from credimus.protocol.vigilance.interface import EvidenceWanted
from credimus.state.member_operations import Powers
from credimus.state.membership.evidence import rotation_message
from credimus.state.operations import Choice, Close, Rules, Scheme, Vote, Votes
from credimus.state.voting.verdict import Verdict
from strategies import FLEET, SIGNERS, make_block

NEW = SeedSigner(b"\x77" * 32)


def refused(fleet: Fleet, number: int, command: AnyCommand) -> str:
    """The code with which a node refuses a command."""
    with pytest.raises(CredimusError) as refusal:
        fleet.nodes[number].execute(command, fleet.now)
    return refusal.value.code


def wires_of(fleet: Fleet, number: int) -> dict[BlockId, bytes]:
    return {block.id: block.wire for block in fleet.stores[number]}


def prove(fleet: Fleet) -> int:
    """Let time pass and do what drivers do for vigilance; returns how many were asked."""
    count = 0
    for _ in range(8):
        fleet.wait(250)
        for number, node in enumerate(fleet.nodes):
            wanted = [one for one in fleet.events[number] if isinstance(one, EvidenceWanted)]
            fleet.events[number] = [
                one for one in fleet.events[number] if not isinstance(one, EvidenceWanted)
            ]
            stored = wires_of(fleet, number)
            for one in wanted:
                command = exposure_wanted(
                    node, one, lambda ids, stored=stored: [stored[i] for i in ids if i in stored]
                )
                if command is not None:
                    count += 1
                    node.execute(command, fleet.now)
        fleet.settle()
    return count


def forked(fleet: Fleet) -> tuple[Block, Block]:
    """Two blocks at the next place of the last member's chain."""
    node = fleet.nodes[3]
    head = node.lace.head(node.id)
    own = [one for one in fleet.stores[3] if one.author == node.id]
    genesis = fleet.stores[3][0]
    assert (head is None) == (not own)
    made = [
        make_block(SIGNERS[3], [Votes((Vote(word * 16, Choice.ACCEPT),))],
                   own[-1] if own else None, [fleet.stores[0][-1] if not own else genesis])
        for word in (b"a", b"b")
    ]  # fmt: skip
    return made[0], made[1]


def show(fleet: Fleet, number: int, *blocks: Block) -> None:
    """Send blocks to one node, in the last member's name."""
    payload = encode(Blocks(tuple(block.wire for block in blocks)))
    fleet.nodes[number].receive(SIGNERS[3].node_id, payload, fleet.now)
    fleet.settle()


def test_a_fork_is_proven_once_and_to_all() -> None:
    fleet = Fleet()
    one, other = forked(fleet)
    fleet.away = {3}
    show(fleet, 0, one, other)
    assert prove(fleet) == 1, "usually one speaks"
    culprit = SIGNERS[3].node_id
    for node in fleet.nodes[:3]:
        assert node.state.roster.current.exposed == {culprit}
        assert one.id in node.lace
        assert other.id in node.lace, "what one took before it knew is built upon, and so taken"
    assert len({node.state.fingerprint() for node in fleet.nodes[:3]}) == 1
    fleet.nodes[1].execute(AssertBelief(content="x", category="claim"), fleet.now)
    fleet.settle()
    (found,) = fleet.nodes[0].state.rounds
    assert culprit not in found.electorate.position
    assert found.verdict is Verdict.ACCEPTED, "nobody waits for it"


def test_later_blocks_of_an_exposed_member_come_with_those_that_build_on_them() -> None:
    fleet = Fleet()
    one, other = forked(fleet)
    fleet.away = {3}
    show(fleet, 0, one, other)
    prove(fleet)
    later = make_block(SIGNERS[3], [], one)
    show(fleet, 1, later)
    assert later.id not in fleet.nodes[1].lace
    own = [block for block in fleet.stores[0] if block.author == SIGNERS[0].node_id]
    builder = make_block(SIGNERS[0], [], own[-1], [later])
    show(fleet, 1, builder, later)
    assert {later.id, builder.id} <= {one.id for one in fleet.stores[1]}


def test_a_double_vote_is_proven() -> None:
    fleet = Fleet()
    fleet.nodes[0].execute(AssertBelief(content="x", category="claim"), fleet.now)
    fleet.settle()
    (found,) = fleet.nodes[0].state.rounds
    liar = fleet.nodes[3].authors[0]
    liar.vote(Vote(RoundId(found.id), Choice.REJECT))
    fleet.nodes[3].execute(AssertBelief(content="y", category="claim", propose=False), fleet.now)
    fleet.settle()
    prove(fleet)
    assert all(node.state.roster.current.exposed == {liar.id} for node in fleet.nodes)


@pytest.mark.parametrize("rules", [Rules(), Rules(Scheme.TURNOUT, 2, 3)])
def test_two_closings_are_proven_whatever_the_scheme(rules: Rules) -> None:
    fleet = Fleet()
    liar = fleet.nodes[3].authors[0]
    fleet.nodes[3].execute(AssertBelief(content="x", category="claim", rules=rules), fleet.now)
    for listed in (b"", b"\x01"):
        fleet.settle()
        (found,) = fleet.nodes[3].state.rounds
        liar.say(Close(RoundId(found.id), accept=listed))
        fleet.nodes[3].execute(AssertBelief(content=f"y{listed!r}", propose=False), fleet.now)
    fleet.settle()
    assert prove(fleet)
    assert all(node.state.roster.current.exposed == {liar.id} for node in fleet.nodes)
    conduct = fleet.nodes[0].state.standing.conduct()
    assert conduct.of(liar.id).byzantine == 1
    assert refused(fleet, 3, AssertBelief(content="z", category="claim")) == "exposed"
    fleet.nodes[1].execute(ExpelMember(member=liar.id, reason="two answers"), fleet.now)
    fleet.settle()
    assert all(liar.id not in node.state.roster.current for node in fleet.nodes)
    assert refused(fleet, 0, AdmitMember(public_key=SIGNERS[3].public, name="")) == "exposed"
    count = len(fleet.nodes[0].lace)
    fleet.nodes[0].receive(liar.id, b"anything", fleet.now)
    assert not any(isinstance(one, PeerFaulted) for one in fleet.nodes[0].collect(fleet.now).emit)
    assert len(fleet.nodes[0].lace) == count


def test_callers_are_refused_before_anything_is_written() -> None:
    fleet = Fleet()
    node, other = fleet.nodes[0], SIGNERS[1].node_id
    assert refused(fleet, 0, ExpelMember(member=node.id)) == "expels-itself"
    assert refused(fleet, 0, ExpelMember(member=b"?" * 16)) == "unknown-member"
    assert refused(fleet, 0, GrantPowers(member=other, powers=Powers())) == "forbidden"
    assert refused(fleet, 0, GrantPowers(member=b"?" * 16, powers=Powers())) == "unknown-member"
    assert refused(fleet, 0, RotateKey(public_key=b"k", proof=b"")) == "bad-key"
    known = RotateKey(public_key=SIGNERS[1].public, proof=bytes(64))
    assert refused(fleet, 0, known) == "key-in-use"
    assert refused(fleet, 0, RotateKey(public_key=NEW.public, proof=bytes(64))) == "bad-rotation"
    fleet.nodes[0].execute(ExpelMember(member=other), fleet.now)
    fleet.settle()
    assert refused(fleet, 0, ExpelMember(member=other)) == "already-said"


def test_a_limited_member_is_told_so_and_its_node_does_not_vote() -> None:
    fleet = Fleet(3)
    powers = Powers(propose=False, vote=False, admit=False, expel=False)
    fleet.nodes[0].execute(
        AdmitMember(public_key=SIGNERS[3].public, name="n3", powers=powers), fleet.now
    )
    fleet.settle()
    fleet.nodes.append(Node(FLEET, [SIGNERS[3]], fleet.config, Entropy(b"3")))
    fleet.stores.append([])
    fleet.events.append([])
    history = encode(Blocks(tuple(block.wire for block in fleet.stores[0])))
    fleet.nodes[3].receive(fleet.nodes[0].id, history, fleet.now)
    fleet.settle()
    assert refused(fleet, 3, AssertBelief(content="x", category="claim")) == "forbidden"
    for command in (
        AdmitMember(public_key=NEW.public, name="x"),
        ExpelMember(member=SIGNERS[0].node_id),
        CastVote(belief=b"b" * 16, choice=Choice.ACCEPT),  # type: ignore[arg-type]
    ):
        assert refused(fleet, 3, command) == "forbidden"
    fleet.nodes[3].execute(AssertBelief(content="x", category="claim", propose=False), fleet.now)
    fleet.settle()
    fleet.nodes[0].execute(AssertBelief(content="x", category="claim"), fleet.now)
    fleet.settle()
    (found,) = fleet.nodes[3].state.rounds
    assert len(found.electorate) == 3
    assert found.verdict is Verdict.ACCEPTED


def test_a_new_key_is_heard_by_all() -> None:
    fleet = Fleet()
    node = fleet.nodes[2]
    proof = NEW.sign(rotation_message(FLEET, node.id, NEW.public))
    node.execute(RotateKey(public_key=NEW.public, proof=proof), fleet.now)
    fleet.settle()
    for one in fleet.nodes:
        assert NEW.node_id in one.state.roster.current
        assert node.id not in one.state.roster.current
    assert refused(fleet, 2, LeaveFleet()) == "not-a-member"

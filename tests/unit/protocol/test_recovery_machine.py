"""Recovery's bounds, whom it believes, and what it says of itself."""

import pytest

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import PeerFault, StorageError
from credimus.kernel.ids import BlockId, NodeId
from credimus.kernel.instant import SECOND, Instant, Now
from credimus.lace.block import Block
from credimus.lace.frontier import Frontier, Head
from credimus.node.commands import AdmitMember, AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.node.recovering.salvaging import Read, salvage
from credimus.node.supply import payload_of, read_message
from credimus.protocol.recovery.interface import (
    LOOSE_FAMILY,
    SESSION_KEY,
    Cause,
    HeadsAsked,
    HeadsHeld,
    Phase,
    RecoveryConfig,
    Session,
    WaitingHead,
)
from credimus.protocol.recovery.recalling import Recalled
from credimus.state.identity import belief_id
from credimus.state.operations import Choice, Propose, Rules, Vote, Votes
from credimus.state.voting.electorates import electorate_id, electorate_of, round_id
from strategies import FLEET, FOUND, SIGNERS, WALL_MS, make_block

OWN, OTHER, THIRD = (signer.node_id for signer in SIGNERS[:3])
STRANGER = NodeId(b"s" * 16)
EMPTY = Frontier(())
NOTHING = Recalled(None, [], [])


def moment(second: float) -> Now:
    return Now(Instant(int(second * SECOND)), WALL_MS + int(second * 1_000))


def founded(beliefs: int = 3, config: Config | None = None) -> tuple[Node, list[Block]]:
    """A node with two further members, and its blocks in order."""
    node = Node(FLEET, SIGNERS[:1], config or Config(), Entropy(b"recovery"))
    node.found(FOUND)
    blocks = node.collect(moment(0)).persist
    for signer in SIGNERS[1:3]:
        node.execute(AdmitMember(public_key=signer.public, name=""), moment(0))
    blocks += node.collect(moment(0)).persist
    for number in range(beliefs):
        node.execute(AssertBelief(content=f"belief {number}"), moment(number))
        blocks += node.collect(moment(number)).persist
    return node, blocks


def recovering(counts_hosted: bool = False) -> tuple[Node, list[Block]]:
    """A node that lost all behind its second block, and can not account for it."""
    config = Config(recovery=RecoveryConfig(counts_hosted=counts_hosted))
    _, blocks = founded(config=config)
    node = Node(FLEET, SIGNERS[:1], config, Entropy(b"again"))
    node.restore(block.wire for block in blocks[:2])
    session = Session(cause=Cause.DAMAGED, began_ms=WALL_MS)
    node.recall(lambda family: [(SESSION_KEY, encode(session))] if family == "recovery" else [])
    node.resume(moment(10))
    return node, blocks


def run(node: Node, since: int, seconds: int) -> None:
    for second in range(since, since + seconds):
        node.tick(moment(second))
        node.collect(moment(second))


def tell(node: Node, peer: NodeId, held: HeadsHeld, second: int) -> None:
    node.receive(peer, payload_of(held, lambda _: []), moment(second))


def is_holding_after(node: Node, since: int, seconds: int) -> bool:
    run(node, since, seconds)
    return node.recovery.is_holding


def test_all_members_are_waited_for_and_strangers_count_for_nothing() -> None:
    node, _ = recovering()
    tell(node, OTHER, HeadsHeld(EMPTY, ()), 11)
    tell(node, STRANGER, HeadsHeld(EMPTY, (), (THIRD,)), 11)
    assert is_holding_after(node, 11, 20)
    tell(node, THIRD, HeadsHeld(EMPTY, ()), 31)
    assert not is_holding_after(node, 31, 8)


@pytest.mark.parametrize("counts", [False, True])
def test_a_node_speaks_for_others_only_where_that_is_set(counts: bool) -> None:
    node, _ = recovering(counts)
    tell(node, OTHER, HeadsHeld(EMPTY, (), (THIRD,)), 11)
    assert is_holding_after(node, 11, 20) is not counts


def test_what_a_member_holds_of_our_chain_has_to_come() -> None:
    node, blocks = recovering()
    last = blocks[-1]
    frontier = Frontier((Head(OWN, last.header.sequence, last.id),))
    tell(node, OTHER, HeadsHeld(frontier, ()), 11)
    tell(node, THIRD, HeadsHeld(EMPTY, ()), 11)
    assert is_holding_after(node, 11, 60)
    shown = node.recovery.shown(moment(71))
    assert shown is not None
    assert (shown.is_stalled, shown.is_stuck) == (True, False)
    for block in blocks[2:]:
        node._parts.ingress.take(block.wire, WALL_MS + 71_000)
    assert not is_holding_after(node, 71, 8)


def test_while_it_gathers_it_tells_how_much_has_come_and_how_long_the_rest_takes() -> None:
    """Of three blocks that a member holds two come in ten seconds."""
    node, blocks = recovering()
    before = node.recovery.shown(moment(10))
    assert before is not None
    assert (before.came_count, before.missing_count, before.remaining_ms) == (0, 0, None)
    last = blocks[-1]
    frontier = Frontier((Head(OWN, last.header.sequence, last.id),))
    tell(node, OTHER, HeadsHeld(frontier, ()), 11)
    asked = node.recovery.shown(moment(11))
    assert asked is not None
    assert (asked.came_count, asked.missing_count, asked.remaining_ms) == (0, 3, None)
    for block in blocks[2:4]:
        node._parts.ingress.take(block.wire, WALL_MS + 20_000)
    shown = node.recovery.shown(moment(20))
    assert shown is not None
    assert (shown.came_count, shown.missing_count, shown.remaining_ms) == (2, 1, 5_000)


def test_a_block_that_waits_at_a_member_for_what_nobody_has_makes_it_stuck() -> None:
    node, blocks = recovering()
    last = blocks[-1]
    waiting = WaitingHead(OWN, last.header.sequence, last.id)
    tell(node, OTHER, HeadsHeld(EMPTY, (waiting,)), 11)
    tell(node, THIRD, HeadsHeld(EMPTY, ()), 11)
    assert is_holding_after(node, 11, 60)
    shown = node.recovery.shown(moment(71))
    assert shown is not None
    assert shown.is_stuck


def test_a_node_answers_with_what_waits() -> None:
    _, blocks = founded()
    other = Node(FLEET, SIGNERS[1:2], Config(), Entropy(b"other"))
    other.restore(block.wire for block in blocks[:2])
    other._parts.ingress.take(blocks[4].wire, WALL_MS + 20_000)
    other.receive(OWN, payload_of(HeadsAsked((OWN, THIRD)), lambda _: []), moment(20))
    said = [send.message for send in other.collect(moment(20)).send]
    held = next(one for one in said if isinstance(one, HeadsHeld))
    assert held.frontier == other.lace.frontier()
    assert held.waiting == (WaitingHead(OWN, blocks[4].header.sequence, blocks[4].id),)


def test_messages_are_bounded() -> None:
    most = limits.RECOVERY_AUTHORS_MAX
    names = tuple(NodeId(bytes([number]) * 16) for number in range(most + 1))
    assert read_message(encode(HeadsAsked(names[:most]))) == HeadsAsked(names[:most])
    waiting = tuple(WaitingHead(one, 1, BlockId(b"b" * 32)) for one in names)
    for message in (
        HeadsAsked(names),
        HeadsHeld(EMPTY, waiting),
        HeadsHeld(EMPTY, (), names),
        HeadsHeld(EMPTY, (WaitingHead(OWN, 0, BlockId(b"b" * 32)),)),
        HeadsAsked((NodeId(b"short"),)),
    ):
        with pytest.raises(PeerFault):
            read_message(encode(message))


def salvaged(read: Read) -> Session:
    node = Node(FLEET, SIGNERS[:1], Config(), Entropy(b"salvage"))
    return salvage(node, SIGNERS[:1], read, WALL_MS).session


def test_more_altered_blocks_than_are_remembered_can_not_be_accounted_for() -> None:
    _, blocks = founded()
    wires = [block.wire for block in blocks[:2]]
    most = limits.RECOVERY_AWAITED_MAX
    names = [BlockId(number.to_bytes(32, "big")) for number in range(most + 1)]
    session = salvaged(Read(wires, names[:most], True, NOTHING))
    assert (session.is_accounted, len(session.awaited)) == (True, most)
    session = salvaged(Read(wires, names, True, NOTHING))
    assert (session.is_accounted, len(session.awaited)) == (False, most)


def test_loose_blocks_of_others_are_bounded_and_our_own_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "RECOVERY_LOOSE_MAX", 2)
    _, blocks = founded(4)
    wires = [block.wire for block in (*blocks[:2], *blocks[3:])]
    for signers, count in ((SIGNERS[:1], 3), (SIGNERS[1:2], 2)):
        node = Node(FLEET, signers, Config(), Entropy(b"salvage"))
        done = salvage(node, signers, Read(wires, (), False, NOTHING), WALL_MS)
        assert sum(one.key.startswith(LOOSE_FAMILY) for one in done.records) == count
        assert done.session.loose_count == 3


def test_a_second_damage_takes_over_what_the_first_waited_for() -> None:
    _, blocks = founded()
    first = Session(cause=Cause.DAMAGED, awaited=(blocks[2].id,), is_accounted=False)
    earlier = Recalled(first, blocks[3:4], ["recovery-loose/00000-0"])
    wires = [block.wire for block in blocks[:2]]
    session = salvaged(Read(wires, (), True, earlier))
    assert (session.awaited, session.is_accounted) == ((blocks[2].id,), False)
    assert session.loose_count == 1


def test_a_damaged_session_is_refused_by_name() -> None:
    node, _ = founded()
    with pytest.raises(StorageError, match="recovery session"):
        node.recall(lambda family: [(SESSION_KEY, b"\xc1")] if family == "recovery" else [])


def test_an_ended_session_is_shown_and_holds_nothing() -> None:
    node, _ = founded()
    ended = Session(cause=Cause.DAMAGED, phase=Phase.ENDED, ended_ms=5, said_count=7)
    node.recall(lambda family: [(SESSION_KEY, encode(ended))] if family == "recovery" else [])
    shown = node.recovery.shown(moment(1))
    assert shown is not None
    assert (shown.step_count, shown.step_total, shown.is_stalled) == (7, 7, False)
    assert not node.recovery.is_holding


@pytest.mark.parametrize("phase", [Phase.GATHERING, Phase.SAYING])
def test_a_restart_amid_a_recovery_keeps_to_what_was_answered(phase: Phase) -> None:
    """Nothing is sealed in the half of a step in which the recovery notes that it may write."""
    _, blocks = founded()
    electors = electorate_of(dict.fromkeys((OWN, OTHER, THIRD), 500_000))
    said = belief_id("gate 3 is open", "general")
    opened = Propose(said, 1, Rules(), electorate_id(electors.electors), 60_000)
    asked = make_block(SIGNERS[1], [electors, opened], None, [blocks[-1]])
    lost = make_block(SIGNERS[0], [], blocks[-1])
    answered = make_block(
        SIGNERS[0], [Votes((Vote(round_id(opened), Choice.REJECT),))], lost, [asked]
    )
    session = encode(Session(cause=Cause.DAMAGED, began_ms=WALL_MS, phase=phase))
    facts = {
        "recovery": [(SESSION_KEY, session)],
        LOOSE_FAMILY: [(f"{LOOSE_FAMILY}/00000-0", answered.wire)],
    }
    node = Node(FLEET, SIGNERS[:1], Config(), Entropy(b"again"))
    node.restore(block.wire for block in [*blocks, asked])
    node.recall(lambda family: facts.get(family, []))
    node.resume(moment(10))
    node.collect(moment(10))
    (found,) = node.state.rounds.on(said)
    choices = found.choices(found.electorate.position[OWN])
    assert choices == ([Choice.REJECT] if phase is Phase.SAYING else [])

"""A node vouches for all members in a block of its own, and certificates shrink by it."""

import pytest
from by_hand import KEYS, Fleet

from credimus.certificate import Archive, Trust, make_certificate, verify
from credimus.kernel.hlc import stamp_of
from credimus.kernel.ids import NodeId
from credimus.lace.block import Block
from credimus.node.commands import AssertBelief, LeaveFleet
from credimus.node.saying.author import Author
from credimus.protocol.vouching.interface import SayTogether
from credimus.state.member_operations import Vouch
from credimus.state.operations import Leave, Operation, Publish, read_operations
from strategies import FLEET, WALL_MS

IDS = [key.node_id for key in KEYS]
WORDS = (Vouch(KEYS[1].public, ""), Vouch(KEYS[2].public, ""))


def vouching(fleet: Fleet, number: int) -> list[Block]:
    """The blocks of a store that vouch for somebody."""
    return [block for block in fleet.stores[number] if Vouch in kinds(block)]


def kinds(block: Block) -> set[type]:
    return set(map(type, read_operations(block.body)))


def certified(fleet: Fleet, text: str) -> bytes:
    """The certificate of a statement that the first node puts to the vote."""
    fleet.nodes[0].execute(AssertBelief(content=text, category="observation"), fleet.now)
    fleet.settle()
    node, wires = fleet.nodes[-1], {b.id: b.wire for b in fleet.stores[-1]}
    archive = Archive(FLEET, node.lace, node.state, lambda ids: [wires[one] for one in ids])  # type: ignore[index]
    belief = next(one for one in node.state.beliefs if one.content == text)
    made = make_certificate(archive, belief)
    assert verify(made, Trust(FLEET))
    return made


def test_the_founder_vouches_for_all_soon_and_once() -> None:
    fleet = Fleet(6)
    certified(fleet, "it rains")
    before = certified(fleet, "it hails")
    members = fleet.nodes[0].state.roster.current
    assert not vouching(fleet, 0)
    fleet.wait(250)
    assert vouching(fleet, 0)
    fleet.wait(60_000)
    for number in range(6):
        (block,) = vouching(fleet, number)
        assert block.author == IDS[0]
        assert kinds(block) == {Vouch, Publish}
    assert fleet.nodes[3].state.roster.current.key == members.key
    assert len({node.state.fingerprint() for node in fleet.nodes}) == 1
    assert len(certified(fleet, "it snows")) < len(before)


def test_another_does_it_in_turn_while_the_founder_is_away() -> None:
    fleet = Fleet(6)
    fleet.away = {0}
    first = min(range(1, 6), key=lambda one: IDS[one])  # all were admitted in one block
    fleet.wait(2_500)
    assert not vouching(fleet, first)
    fleet.wait(1_000)
    assert [block.author for block in vouching(fleet, first)] == [IDS[first]]


def author_of(fleet: Fleet, number: int = 0) -> Author:
    return fleet.nodes[number].authors[0]


def test_what_waits_is_not_in_the_block_and_still_waits() -> None:
    fleet = Fleet(3)
    author = author_of(fleet)
    author.say(Leave("later"))
    made = author.seal_together(WORDS, lambda: stamp_of(WALL_MS + 5))
    assert made is not None
    assert made[1] == read_operations(made[0].body) == list(WORDS)
    assert author.has_open
    assert not author.is_held_back


@pytest.mark.parametrize("units_per_s", [1, 10_000])
def test_more_than_may_be_written_is_not_said_in_part(units_per_s: int) -> None:
    fleet = Fleet(3)
    author = author_of(fleet)
    author.units_per_s_max = units_per_s
    many: list[Operation] = [Vouch(KEYS[1].public, "n" * 50)] * 2_000
    made = author.seal_together(many, lambda: stamp_of(WALL_MS + 60_000))
    assert (made is not None) is (units_per_s == 10_000)
    author.forked = True
    assert author.seal_together(WORDS, lambda: stamp_of(WALL_MS + 70_000)) is None


@pytest.mark.parametrize("who", ["a member", "one who left", "one with a forked chain"])
def test_only_a_member_whose_chain_is_whole_vouches(who: str) -> None:
    fleet = Fleet(3)
    node = fleet.nodes[1]
    if who == "one who left":
        node.execute(LeaveFleet(), fleet.now)
        fleet.settle()
    node.authors[0].forked = who == "one with a forked chain"
    step = node._step
    step.together.append(SayTogether(NodeId(IDS[1]), (WORDS[1],)))
    step.seal_now = True
    fleet.settle()
    assert len(vouching(fleet, 1)) == (who == "a member")
    assert not step.together

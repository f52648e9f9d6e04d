"""The state at a cut is folded, let go of, written down and read again beside other work."""

from credimus.kernel import portions
from credimus.lace.block import Block
from credimus.lace.frontier import CutHead
from credimus.protocol.checkpointing.shadow import Shadow
from credimus.state.fleet import FleetState
from credimus.state.operations import Assert
from strategies import FLEET, GENESIS, SIGNERS, Replica, make_block

COUNT = 3 * portions.PORTION
SLICE = portions.PORTION
"""Operations, rounds and beliefs of one step."""


def asserting(prefix: str, previous: Block) -> Block:
    """A block that states many things."""
    said = [Assert(one + 1, f"{prefix} {one}", "general", 900_000) for one in range(COUNT)]
    return make_block(SIGNERS[0], said, previous)


def cut_of(block: Block) -> tuple[CutHead, ...]:
    """Of everything up to a block of the founder."""
    header = block.header
    return (CutHead(block.author, header.sequence, header.stamp, 0, block.id),)


def steps(shadow: Shadow, blocks: list[Block]) -> int:
    """Steps until the shadow has the snapshot at its cut, and what came since."""
    wires, count = {block.id: block.wire for block in blocks}, 0
    while not shadow.is_caught_up:
        shadow.step(1, lambda ids: [wires[one] for one in ids], SLICE)
        count += 1
    return count


def test_a_large_state_is_taken_in_small_steps_and_comes_to_the_same() -> None:
    first = asserting("first", GENESIS)
    second = asserting("second", first)
    blocks = [GENESIS, first, second]
    replica = Replica().take_all(blocks)
    shadow = Shadow(FleetState(FLEET), replica.lace, cut_of(first), 1_000)
    assert steps(shadow, blocks) > COUNT // SLICE
    at_once = Shadow(FleetState(FLEET), replica.lace, cut_of(first), 1_000)
    assert at_once.catch_up(lambda ids: [one.wire for one in blocks if one.id in ids])
    assert shadow.id == at_once.id
    replica.lace.let_go(shadow.cut)
    shadow.show_views()
    again = Shadow(shadow.image, replica.lace, cut_of(second), 1_000)
    assert steps(again, blocks) > 2 * COUNT // SLICE, "it reads a snapshot before, too"
    assert len(again.state.beliefs) == 2 * COUNT
    assert again.state.checkpoints.number == 2


def test_portions_hold_everything_once_and_in_order() -> None:
    items = list(range(2 * portions.PORTION + 1))
    some = list(portions.portions(items))
    assert [one for each in some for one in each] == items
    assert max(map(len, some)) == portions.PORTION

"""What waits below a cut leaves the room, and who waits for it asks by name."""

from credimus.lace.orphans import Orphans
from strategies import GENESIS, MEMBERS, SIGNERS, make_block


def test_who_waits_for_what_left_wants_it_by_name() -> None:
    first = make_block(SIGNERS[0], [], GENESIS)
    second = make_block(SIGNERS[0], [], first)
    third = make_block(SIGNERS[0], [], second)
    room = Orphans()
    room.hold(second, [first.id])
    room.hold(third, [second.id])
    assert room.wanted(9) == [first.id]
    gone = room.drop_below(
        lambda author, sequence: author == MEMBERS[0] and sequence <= second.header.sequence
    )
    assert (gone, len(room)) == (1, 1)
    assert room.wanted(9) == [second.id]
    assert room.release(second.id) == [third]

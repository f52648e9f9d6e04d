"""A head of a cut of which the name alone is known: it has a place, and is not held."""

from credimus.lace.block import Block
from credimus.lace.frontier import CutHead
from credimus.lace.lace import Lace, Place
from credimus.lace.orphans import Orphans
from strategies import GENESIS, SIGNERS, make_block

FIRST = make_block(SIGNERS[1], [], None, [GENESIS])
SECOND = make_block(SIGNERS[1], [], FIRST)
LATER = make_block(SIGNERS[2], [], None, [SECOND])


def begun_above(block: Block) -> Lace:
    """The lace of who holds the founding, and a snapshot whose cut has these heads."""
    lace = Lace()
    lace.add(GENESIS.id, GENESIS.header)
    cut = tuple(
        CutHead(one.author, one.header.sequence, one.header.stamp, 0, one.id)
        for one in (GENESIS, block)
    )
    lace.let_go(cut)
    return lace


def test_a_name_has_a_place_and_is_asked_for() -> None:
    lace = begun_above(SECOND)
    assert lace.place(SECOND.id).sequence == 2
    assert SECOND.id not in lace
    assert lace.names(9) == [SECOND.id]
    assert lace.names(0) == []
    assert lace.head(SECOND.author) is lace.place(SECOND.id)


def test_nobody_names_a_name() -> None:
    lace = begun_above(SECOND)
    assert SECOND.id not in lace.tips(SIGNERS[2].node_id)
    assert lace.beginning() == (GENESIS.id,)
    lace.keep(Place(SECOND.id, SECOND.header))
    assert SECOND.id in lace.tips(SIGNERS[2].node_id)
    assert SECOND.id in lace
    assert lace.names(9) == []
    assert lace.place(SECOND.id).previous == FIRST.id


def test_what_builds_on_a_name_waits_for_the_block() -> None:
    lace = begun_above(SECOND)
    assert lace.missing(LATER.header) == [SECOND.id]
    assert lace.missing(LATER.header, names_suffice=True) == []
    lace.keep(Place(SECOND.id, SECOND.header))
    assert lace.missing(LATER.header) == []


def test_a_name_goes_with_the_next_cut() -> None:
    lace = begun_above(FIRST)
    head = CutHead(SECOND.author, 2, SECOND.header.stamp, 0, SECOND.id)
    lace.let_go((head,))
    assert lace.names(9) == [SECOND.id]
    assert lace.get(FIRST.id) is None


def test_nothing_begins_before_the_founding() -> None:
    assert Lace().beginning() == ()


def test_a_room_is_emptied_in_causal_order() -> None:
    room = Orphans()
    for block in (LATER, SECOND, FIRST):
        room.hold(block, [block.header.previous or block.header.parents[0]])
    assert room.empty() == [FIRST, SECOND, LATER]
    assert len(room) == 0
    assert room.wanted(9) == []


def test_a_tip_that_went_with_a_checkpoint_is_passed_over() -> None:
    """Profile apart, seed 10214: what stands in for a head that came as news had been let go."""
    lace = Lace()
    for block in (GENESIS, FIRST, SECOND, LATER):
        lace.add(block.id, block.header)
    news = [LATER.id, SECOND.id]
    me = SIGNERS[0].node_id
    assert lace.tips(me, news=news) == (FIRST.id,)
    lace.let_go((CutHead(SECOND.author, 2, SECOND.header.stamp, 0, SECOND.id),))
    assert lace.get(FIRST.id) is None
    assert lace.tips(me, news=news) == ()

"""A head of a cut of which the name alone is known: it has a place, and is not held."""

from credimus.lace.allowance import burst_of, left_before
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


def test_forks_beyond_a_cut_are_told_and_those_below_are_forgotten() -> None:
    """A node that began from a checkpoint looks for them at every start."""
    lace = begun_above(SECOND)
    lace.keep(Place(SECOND.id, SECOND.header))
    third, other = (make_block(SIGNERS[1], [], SECOND, parents) for parents in ([], [GENESIS]))
    beside = make_block(SIGNERS[1], [], FIRST, [GENESIS])
    lace.keep(Place(beside.id, beside.header))
    assert list(lace.forks()) == []
    for block in (third, other):
        lace.add(block.id, block.header)
    assert list(lace.forks()) == [(SIGNERS[1].node_id, third.id, other.id)]


def test_what_is_below_a_cut_and_no_head_of_it_leaves_full_buckets() -> None:
    """Who took such a block before the cut and who knows its name alone must judge alike."""
    lace = Lace()
    for block in (GENESIS, FIRST, SECOND, LATER):
        lace.add(block.id, block.header).left = 7
    lace.let_go(tuple(lace.place(one.id).head() for one in (GENESIS, LATER)), lambda _: True)
    lefts = {one: lace.place(one.id).left for one in (GENESIS, SECOND, LATER)}
    assert lefts[GENESIS] == lefts[LATER] == lefts[SECOND] == 7, "SECOND is beyond the cut"
    lace.let_go((lace.place(SECOND.id).head(),), lambda _: True)
    assert lace.place(SECOND.id).left == 7
    assert left_before(lace.place(FIRST.id), 0, 10) == burst_of(10) * 1_000


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

"""The lace beside brute force: causality, edges, forks, what a peer lacks, the waiting room."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credimus.kernel import limits
from credimus.kernel.errors import InternalError, NotFound
from credimus.lace.block import Block, Parts
from credimus.lace.frontier import Frontier, Head
from credimus.lace.lace import Lace
from credimus.lace.orphans import Orphans
from liars import histories, shuffled
from strategies import (
    GENESIS,
    MEMBERS,
    SIGNERS,
    Replica,
    make_block,
)

HALF = settings(max_examples=max(1, settings.default.max_examples // 2))


def filled(blocks: list[Block]) -> tuple[Lace, list[Block]]:
    """A lace, and the blocks that got into it."""
    replica = Replica().take_all(blocks)
    return replica.lace, replica.log


def past_of(block: Block, by_id: dict) -> set:
    """Every predecessor's predecessor: the oracle."""
    header, found = block.header, set()
    waiting = [*header.parents, *([header.previous] if header.previous else [])]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            before = by_id[one].header
            waiting += [*before.parents, *([before.previous] if before.previous else [])]
    return found


@HALF
@given(histories())
def test_causality_is_reachability(blocks: list[Block]) -> None:
    lace, log = filled(blocks)
    by_id = {block.id: block for block in log}
    pasts = {block.id: past_of(block, by_id) for block in log}
    order = [place.id for place in lace.in_causal_order()]
    for one in log:
        for other in log:
            assert lace.happened_before(one.id, other.id) == (one.id in pasts[other.id])
            assert lace.concurrent(one.id, other.id) == (
                one is not other and one.id not in pasts[other.id] and other.id not in pasts[one.id]
            )
        assert all(order.index(before) < order.index(one.id) for before in pasts[one.id])
    assert sorted(order) == sorted(by_id)


@HALF
@given(histories())
def test_the_edge_is_what_nobody_points_at(blocks: list[Block]) -> None:
    lace, log = filled(blocks)
    named = {one for block in log for one in (*block.header.parents, block.header.previous)}
    previous = {block.header.previous for block in log}
    heads = {head.block for head in lace.frontier().heads}
    assert heads == {block.id for block in log if block.id not in previous}
    for author in MEMBERS:
        expected = {b.id for b in log if b.id not in named and b.author != author}
        assert lace.tips(author) == tuple(sorted(expected))
    assert lace.authors() == sorted({block.author for block in log})
    for block in log:
        fork = lace.fork_at(lace.place(block.id))
        twins = [
            other.id
            for other in log
            if other is not block
            and (other.author, other.header.sequence) == (block.author, block.header.sequence)
        ]
        assert fork in twins if twins else fork is None


@HALF
@given(st.data())
def test_beyond_a_frontier_lies_what_its_holder_lacks(data: st.DataObject) -> None:
    blocks = data.draw(histories())
    lace, log = filled(blocks)
    some = Replica().take_all(log[: data.draw(st.integers(0, len(log)))])
    beyond = lace.beyond(some.lace.frontier())
    offered = {place.id for place in beyond}
    assert {block.id for block in log} - {block.id for block in some.log} <= offered
    forked = any(lace.fork_at(lace.place(block.id)) for block in log)
    assert forked or not offered & {block.id for block in some.log}
    by_id = {block.id: block for block in log}
    some.take_all(by_id[place.id] for place in beyond)
    assert some.lace.frontier() == lace.frontier()
    assert lace.lacks(lace.frontier()) == []
    assert lace.beyond(lace.frontier()) == []
    assert [place.id for place in lace.beyond(Frontier(()), 3)] == [
        place.id for place in lace.in_causal_order()
    ][:3]


@HALF
@given(st.data())
def test_adding_again_or_in_another_order_changes_nothing(data: st.DataObject) -> None:
    blocks = data.draw(histories())
    lace, log = filled(blocks)
    again, _ = filled(data.draw(shuffled(log)))
    for block in log:
        again.add(block.id, block.header)
    assert again.frontier() == lace.frontier()
    assert len(again) == len(lace)


@pytest.mark.parametrize("sequence", [-5, 0, 1 << 62, (1 << 64) - 1])
def test_a_false_sequence_in_a_frontier_hides_nothing(sequence: int) -> None:
    second = make_block(SIGNERS[0], [], GENESIS)
    lace, _ = filled([GENESIS, second])
    lie = Frontier((Head(MEMBERS[0], sequence, GENESIS.id),))
    assert [place.id for place in lace.beyond(lie)] == [second.id]
    foreign = Frontier((Head(MEMBERS[1], sequence, GENESIS.id),))
    assert len(lace.beyond(foreign)) == 2


def test_the_head_stays_on_the_branch_seen_first() -> None:
    first = make_block(SIGNERS[0], [], GENESIS)
    fork = make_block(SIGNERS[0], [], GENESIS, header_stamp=first.header.stamp + 9)
    third = make_block(SIGNERS[0], [], first)
    lace, _ = filled([GENESIS, first, fork, third])
    head = lace.head(MEMBERS[0])
    assert head is not None
    assert head.id == third.id
    assert lace.head(MEMBERS[5]) is None


def test_unknown_blocks_are_named() -> None:
    lace = Lace()
    with pytest.raises(NotFound) as caught:
        lace.place(GENESIS.id)
    assert caught.value.code == "unknown-block"
    assert lace.get(GENESIS.id) is None
    second = make_block(SIGNERS[0], [], GENESIS)
    with pytest.raises(InternalError) as gap:
        lace.add(second.id, second.header)
    assert gap.value.code == "gap-in-lace"
    assert len(lace) == 0


@HALF
@given(histories(), st.data())
def test_a_walk_is_the_causal_order_from_a_stamp_on(
    blocks: list[Block], data: st.DataObject
) -> None:
    lace, log = filled(blocks)
    order = list(lace.in_causal_order())
    stamp = data.draw(st.sampled_from([one.header.stamp for one in log])) + data.draw(
        st.integers(-1, 1)
    )
    author = data.draw(st.sampled_from([None, *lace.authors(), MEMBERS[-1]]))
    meant = [one for one in order if author in (None, one.author)]
    assert list(lace.walk(stamp, author)) == [one for one in meant if one.stamp >= stamp]
    assert list(lace.walk(stamp, author, backwards=True)) == [
        one for one in reversed(meant) if one.stamp <= stamp
    ]


def orphan(number: int, body_bytes: int = 0) -> Block:
    """A block whose predecessors nobody has; its previous is its parent too, as a liar writes."""
    unknown = number.to_bytes(32, "big")
    block = make_block(
        SIGNERS[1], [], None, header_sequence=2, header_previous=unknown, header_parents=(unknown,)
    )
    parts = Parts(block.header_bytes, block.signature, block.predecessors, b"x" * body_bytes)
    return Block(block.header, parts)


def test_orphans_are_bounded_in_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ORPHANS_MAX", 8)
    room = Orphans()
    for number in range(100):
        block = orphan(number)
        room.hold(block, [block.header.previous, block.header.previous])
        room.hold(block, [block.header.previous])
    assert len(room) == 8
    assert room.dropped_count == 92
    assert len(room.wanted(1_000)) == 8, "what left is no longer asked for"
    assert [block.id for block in room.release((99).to_bytes(32, "big"))] == [orphan(99).id]


def test_orphans_are_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ORPHAN_BYTES_MAX", 5_000)
    room = Orphans()
    for number in range(20):
        block = orphan(number, 1_000)
        room.hold(block, [block.header.previous])
    assert 0 < len(room) < 5
    assert orphan(19).id in room
    assert orphan(0).id not in room


def test_an_orphan_leaves_when_the_last_it_lacks_has_come() -> None:
    room = Orphans()
    left, right = b"l" * 32, b"r" * 32
    block = make_block(SIGNERS[1], [], None, header_parents=(left, right))
    room.hold(block, [left, right])
    assert room.wanted(9) == [left, right]
    assert room.wanted(1) == [left]
    assert room.release(left) == []
    assert room.release(left) == []
    assert room.release(right) == [block]
    assert len(room) == 0
    assert room.wanted(9) == []


def test_a_chain_of_orphans_wants_only_its_root() -> None:
    first = make_block(SIGNERS[1], [], None, [GENESIS])
    second = make_block(SIGNERS[1], [], first)
    third = make_block(SIGNERS[1], [], second)
    replica = Replica().take_all([GENESIS, third, second])
    assert replica.ingress.orphans.wanted(9) == [first.id]
    assert [one.block.id for one in replica.take(first)] == [first.id, second.id, third.id]
    assert len(replica.lace) == 4

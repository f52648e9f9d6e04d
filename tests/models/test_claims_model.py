"""Folding the blocks of all gives the set that merging the claims of some gives."""

from hypothesis import given
from hypothesis import strategies as st

from credimus.lace.block import Block
from credimus.state.beliefs import Beliefs
from credimus.state.operations import Assert, Operation, Relate, Relation, Retract
from strategies import BELIEFS, GENESIS, MEMBERS, SIGNERS, STATEMENTS, Replica, make_block

steps = st.lists(
    st.tuples(
        st.integers(0, 3),  # author
        st.sampled_from(("assert", "assert", "relate", "retract")),
        st.integers(0, 4),
        st.booleans(),  # whether the author saw the last block of the others
    ),
    min_size=4,
    max_size=20,
)


def history(plan: list[tuple[int, str, int, bool]]) -> list[Block]:
    """Blocks of authors who assert, relate and retract; the third uses few counters for all."""
    blocks, last = [GENESIS], {0: GENESIS}
    counters = [0, 0, 0, 0]
    for author, kind, number, saw in plan:
        said: Operation
        if kind == "retract" and counters[author]:
            said = Retract((1 + number % counters[author],), "")
        elif author == 2:
            said = Assert(1 + number % 2, STATEMENTS[number], "general", number)
            counters[author] = 2
        elif kind == "relate":
            counters[author] += 1
            said = Relate(counters[author], BELIEFS[0], Relation.IMPLIES, BELIEFS[number % 3])
        else:
            counters[author] += 1
            said = Assert(counters[author], STATEMENTS[number], "general", number)
        previous = last.get(author)
        seen = [blocks[-1]] if saw and blocks[-1].author != MEMBERS[author] else []
        parents = seen or ([] if previous else [GENESIS])
        if author == 2 and number >= 2:
            previous, parents = None, [GENESIS]  # a fork, with stamps that collide
        last[author] = make_block(SIGNERS[author], [said], previous, parents)
        blocks.append(last[author])
    return blocks


def past_of(block: Block, by_id: dict[bytes, Block]) -> dict[bytes, Block]:
    """A block and all that it descends from."""
    past: dict[bytes, Block] = {}
    waiting = [block]
    while waiting:
        one = waiting.pop()
        if one.id not in past:
            past[one.id] = one
            before = (*one.header.parents, one.header.previous)
            waiting += [by_id[name] for name in before if name]
    return past


@given(steps, st.data())
def test_merging_claims_gives_the_set_that_folding_gives(
    plan: list[tuple[int, str, int, bool]], data: st.DataObject
) -> None:
    """Each part knows what some block descends from, so of a fork perhaps one branch only."""
    blocks = history(plan)
    by_id = {block.id: block for block in blocks}
    merged, known = Beliefs(), dict[bytes, Block]()
    for last in data.draw(st.lists(st.sampled_from(blocks), min_size=2, max_size=8)):
        past = past_of(last, by_id)
        known |= past
        order = [block for block in blocks if block.id in past]
        part = Replica().take_all(data.draw(st.permutations(order))).state.beliefs
        merged.merge_claims(part.claims)
    whole = Replica().take_all([one for one in blocks if one.id in known]).state.beliefs
    assert merged.to_bytes() == whole.to_bytes()

"""A second implementation, made from the pages, refuses the same blocks over the limits."""

from contextlib import suppress
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from stranger import roster as their_roster
from stranger import state as their_state

from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.hlc import HybridClock, stamp_of
from credimus.kernel.ids import FleetId, fleet_id
from credimus.lace.block import Block
from credimus.lace.lace import Lace
from credimus.node.taking.ingress import Ingress
from credimus.state.fleet import FleetState
from credimus.state.member_operations import CategoryLimit, Limit, Rotate
from credimus.state.membership.evidence import rotation_message
from credimus.state.operations import Assert, Found
from strategies import SIGNERS, WALL_MS, make_block

NONCE = bytes(16)
NO_LIMIT = Limit((CategoryLimit("unheard-of", 1, 1),))
LIMITS = Limit((CategoryLimit("alarm", 7_000, 3), CategoryLimit("gossip", 3_600, 40)))


def fleet_of(rate: int, limit: Limit) -> FleetId:
    return fleet_id(SIGNERS[0].public, NONCE, 0, rate, (encode(limit),))


def chain_of(
    rate: int, steps: list[tuple[int, int, int]], limit: Limit = NO_LIMIT, category: str = "alarm"
) -> list[Block]:
    """Blocks: each so many ms after the one before, of so many operations of so many bytes; the
    second half under a new key."""
    fleet = fleet_of(rate, limit)
    said: list = [Found("limited", NONCE, SIGNERS[0].public, "n0", "", 0, rate), limit]
    blocks: list[Block] = []
    wall_ms, counter, signer, parents = WALL_MS, 0, SIGNERS[0], ()
    for number, (after_ms, count, size) in enumerate([(0, 0, 0), *steps]):
        wall_ms += after_ms
        said += [Assert(counter + n + 1, "x" * size, category, 5) for n in range(count)]
        counter += count
        turns = number == len(steps) // 2 and number > 0
        if turns:
            new = SIGNERS[1]
            proof = new.sign(rotation_message(fleet, signer.node_id, new.public))
            said.append(Rotate(new.public, proof))
        blocks.append(
            make_block(
                signer, said, blocks[-1] if blocks and not parents else None, parents,
                header_fleet=fleet, header_stamp=stamp_of(wall_ms, len(blocks)),
            )
        )  # fmt: skip
        said, parents = [], ()
        if turns:
            signer, parents, counter = SIGNERS[1], (blocks[-1],), 0
    return blocks


def ours(rate: int, blocks: list[Block], limit: Limit = NO_LIMIT) -> dict[bytes, str]:
    fleet = fleet_of(rate, limit)
    door = Ingress(fleet, Lace(), FleetState(fleet), HybridClock(0))
    outcomes = {}
    for one in blocks:
        try:
            outcomes[one.id] = "taken" if door.take(one.wire, WALL_MS * 2) else "waits"
        except PeerFault as fault:
            outcomes[one.id] = fault.code
    return outcomes


def theirs(rate: int, blocks: list[Block], limit: Limit = NO_LIMIT) -> dict[bytes, str]:
    found = their_roster.Fleet(fleet_of(rate, limit))
    found.take_all([one.wire for one in blocks])
    outcomes: dict[bytes, str] = {}
    for one in blocks:
        before = outcomes.get(one.header.previous)
        if one.id in found.taken:
            outcomes[one.id] = "taken"
        elif before == "waits" or any(outcomes[name] != "taken" for name in one.header.parents):
            outcomes[one.id] = "waits"  # behind one of another key, which is nobody's fault
        else:
            outcomes[one.id] = "over-limit"  # or behind one of its own that is
    return {**outcomes, **found.faults}


STEPS = st.lists(
    st.tuples(st.integers(0, 100_000), st.integers(1, 1_200), st.sampled_from([1, 40, 120])),
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([0, 1, 50, 1_000]), STEPS)
def test_both_take_and_refuse_alike(rate: int, steps: list[tuple[int, int, int]]) -> None:
    blocks = chain_of(rate, steps)
    assert ours(rate, blocks) == theirs(rate, blocks)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 4), st.just(9)), max_size=9),
    st.sampled_from(["alarm", "gossip", "free"]),
)
def test_both_take_and_refuse_alike_by_category(
    steps: list[tuple[int, int, int]], category: str
) -> None:
    blocks = chain_of(0, steps, LIMITS, category)
    assert ours(0, blocks, LIMITS) == theirs(0, blocks, LIMITS)


def test_both_refuse_the_third_block_of_this_chain() -> None:
    blocks = chain_of(1, [(1, 1_500, 40), (1, 1_500, 40), (1, 1_500, 40)])
    outcomes = list(ours(1, blocks).values())
    assert outcomes == list(theirs(1, blocks).values()) == ["taken"] * 2 + ["over-limit"] * 2


def test_both_refuse_the_fourth_alarm_at_once_and_a_new_key_has_no_bucket_of_its_own() -> None:
    blocks = chain_of(0, [(1, 3, 9), (1, 0, 9), (514, 1, 9), (514, 1, 9)], LIMITS)
    assert list(ours(0, blocks, LIMITS).values()) == ["taken"] * 5
    blocks = chain_of(0, [(1, 3, 9), (1, 0, 9), (500, 1, 9)], LIMITS)
    outcomes = list(ours(0, blocks, LIMITS).values())
    assert outcomes == ["taken"] * 3 + ["over-limit"]
    assert outcomes == list(theirs(0, blocks, LIMITS).values())


def test_both_reach_the_same_state_with_limits_in_it() -> None:
    blocks = chain_of(0, [(1, 2, 9), (1, 1, 9), (900, 1, 9)], LIMITS)
    fleet = fleet_of(0, LIMITS)
    state, found = FleetState(fleet), their_roster.Fleet(fleet)
    door = Ingress(fleet, Lace(), state, HybridClock(0))
    assert all(door.take(one.wire, WALL_MS * 2) for one in blocks)
    found.take_all([one.wire for one in blocks])
    assert state.fingerprint() == their_state.state_fingerprint(found)
    assert FleetState.restored(state.snapshot()).fingerprint() == state.fingerprint()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 3), st.just(9)), max_size=8),
    st.randoms(use_true_random=False),
)
def test_whatever_the_order_the_same_blocks_are_taken(
    steps: list[tuple[int, int, int]], chance: Random
) -> None:
    blocks = chain_of(0, steps, LIMITS)
    fleet = fleet_of(0, LIMITS)
    seen = set()
    for _ in range(3):
        door = Ingress(fleet, Lace(), FleetState(fleet), HybridClock(0))
        for _ in range(2):  # of an author that nobody knows yet a block is let go, and comes again
            order = list(blocks)
            chance.shuffle(order)
            for one in order:
                with suppress(PeerFault):
                    door.take(one.wire, WALL_MS * 2)
        for one in blocks:
            with suppress(PeerFault):
                door.take(one.wire, WALL_MS * 2)
        marks = [door._lace.place(one.id).marks for one in blocks if one.id in door._lace]
        seen.add((tuple(marks), door._state.fingerprint()))
    assert len(seen) == 1

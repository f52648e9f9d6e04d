"""A second implementation, made from the pages, refuses the same blocks over the limit."""

from hypothesis import given, settings
from hypothesis import strategies as st
from stranger import roster as their_roster

from credimus.kernel.errors import PeerFault
from credimus.kernel.hlc import HybridClock, stamp_of
from credimus.kernel.ids import fleet_id
from credimus.lace.block import Block
from credimus.lace.lace import Lace
from credimus.node.taking.ingress import Ingress
from credimus.state.fleet import FleetState
from credimus.state.operations import Assert, Found
from strategies import SIGNERS, WALL_MS, make_block

NONCE = bytes(16)


def chain_of(rate: int, steps: list[tuple[int, int, int]]) -> list[Block]:
    """Blocks: each so many ms after the one before, of so many operations of so many bytes."""
    fleet = fleet_id(SIGNERS[0].public, NONCE, 0, rate)
    said: list = [Found("limited", NONCE, SIGNERS[0].public, "n0", "", 0, rate)]
    blocks: list[Block] = []
    wall_ms, counter = WALL_MS, 0
    for after_ms, count, size in [(0, 0, 0), *steps]:
        wall_ms += after_ms
        said += [Assert(counter + n + 1, "x" * size, "general", 5) for n in range(count)]
        counter += count
        blocks.append(
            make_block(
                SIGNERS[0], said, blocks[-1] if blocks else None,
                header_fleet=fleet, header_stamp=stamp_of(wall_ms, len(blocks)),
            )
        )  # fmt: skip
        said = []
    return blocks


def ours(rate: int, blocks: list[Block]) -> dict[bytes, str]:
    fleet = fleet_id(SIGNERS[0].public, NONCE, 0, rate)
    door = Ingress(fleet, Lace(), FleetState(fleet), HybridClock(0))
    outcomes = {}
    for one in blocks:
        try:
            outcomes[one.id] = "taken" if door.take(one.wire, WALL_MS * 2) else "waits"
        except PeerFault as fault:
            outcomes[one.id] = fault.code
    return outcomes


def theirs(rate: int, blocks: list[Block]) -> dict[bytes, str]:
    found = their_roster.Fleet(fleet_id(SIGNERS[0].public, NONCE, 0, rate))
    found.take_all([one.wire for one in blocks])
    outcomes = {one.id: "over-limit" for one in blocks}  # or behind one that is
    return {**outcomes, **dict.fromkeys(found.taken, "taken"), **found.faults}


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([0, 1, 50, 1_000]),
    st.lists(
        st.tuples(
            st.integers(0, 100_000), st.integers(1, 1_200), st.sampled_from([1, 40, 120])
        ),
        max_size=6,
    ),
)  # fmt: skip
def test_both_take_and_refuse_alike(rate: int, steps: list[tuple[int, int, int]]) -> None:
    blocks = chain_of(rate, steps)
    assert ours(rate, blocks) == theirs(rate, blocks)


def test_both_refuse_the_third_block_of_this_chain() -> None:
    blocks = chain_of(1, [(1, 1_500, 40), (1, 1_500, 40), (1, 1_500, 40)])
    outcomes = list(ours(1, blocks).values())
    assert outcomes == list(theirs(1, blocks).values()) == ["taken"] * 2 + ["over-limit"] * 2

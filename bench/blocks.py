"""What a block of a busy node costs: sealing it, and reading it at four others.

    python bench/blocks.py

A block as one of five nodes writes it with 64 beliefs in flight: 13 proposals, each with the
proposer's own vote, and 51 votes on those of others. CPU time of one core, best of many.
"""

import time

from credimus.kernel.codec import encode
from credimus.kernel.ids import BlockId, FleetId
from credimus.lace.block import (
    VERSION,
    Header,
    open_wire,
    read_block,
    root_of,
    write_predecessors,
)
from credimus.lace.seal import SeedSigner, check_signature, pack_leaves, seal
from credimus.state.operations import (
    VOTES_PER_OPERATION,
    Assert,
    Choice,
    Operation,
    Propose,
    Rules,
    Vote,
    Votes,
    read_operations,
)

SIGNER = SeedSigner(b"a" * 32)
OWN, IN_FLIGHT, READERS, REPEATS = 13, 64, 4, 300
PARENTS = tuple(BlockId(bytes([number]) * 32) for number in range(1, 5))


def operations() -> list[Operation]:
    """What the node says."""
    votes = [Vote(bytes([number]) * 16, Choice.ACCEPT, 900_000) for number in range(IN_FLIGHT)]
    said: list[Operation] = []
    for number, own in enumerate(votes[:OWN]):
        said.append(Assert(number + 1, f"pump {number} leaks", "observation", 900_000))
        said.append(Propose(own.round, 1, Rules(), b"e" * 16, 5_000))
        said.append(Votes((own,)))
    for first in range(OWN, IN_FLIGHT, VOTES_PER_OPERATION):
        said.append(Votes(tuple(votes[first : first + VOTES_PER_OPERATION])))
    return said


def write_and_read(said: list[Operation]) -> int:
    """Seal a block and read it as often as others do; returns its size in bytes."""
    leaves = [encode(one) for one in said]
    previous = BlockId(b"x" * 32)
    root = root_of(write_predecessors(previous, PARENTS), leaves)
    fleet = FleetId(b"f" * 16)
    header = Header(
        VERSION, fleet, SIGNER.node_id, 5, 99 << 20, previous, PARENTS, root, len(leaves)
    )
    wire = seal(SIGNER, header, pack_leaves(leaves)).wire
    for _ in range(READERS):
        block = read_block(open_wire(wire), wire)
        read_operations(block.body)
        check_signature(SIGNER.public, block.header_bytes, block.signature, block)
    return len(wire)


def main() -> None:
    """Print the figures."""
    said = operations()
    best_us, size = float("inf"), 0
    for _ in range(REPEATS):
        begun_ns = time.process_time_ns()
        size = write_and_read(said)
        best_us = min(best_us, (time.process_time_ns() - begun_ns) / 1e3)
    print(f"{len(said)} operations, {size:,} bytes")
    print(f"sealed once, read {READERS} times: {best_us:,.0f} us, ", end="")
    print(f"{best_us / IN_FLIGHT:.1f} us of each node for each belief")


if __name__ == "__main__":
    main()

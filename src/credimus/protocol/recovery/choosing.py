"""By which way a recovering node gets what it lacks: what each would cost, and the cheapest. Pure.

    differential   what is missing in the middle is asked for by name, and nothing that is held
    incremental    all beyond what still follows from each other, as after any absence
    snapshot       a checkpoint in place of blocks that nobody gives any more

A frontier can not tell of gaps: it says up to where a node holds everything. So after damage to one
early block it leaves out nearly all that is intact, and peers would send that once more.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.ids import BlockId, NodeId
from credimus.lace.block import Block
from credimus.lace.frontier import Frontier, Head
from credimus.protocol.recovery.interface import Cause, Session, Way, WayKind


class Lacking(NamedTuple):
    """What a recovery is about, as far as it can be counted."""

    session: Session
    awaited_count: int
    """Altered blocks that have not come."""
    loose: Sequence[Block]
    """Intact blocks that wait for predecessors, all that were kept."""
    are_all_loose: bool
    """Whether no intact block was left in the old store."""
    snapshot_size: int
    """In bytes; 0 when none is fetched."""


def ways_of(lacking: Lacking) -> tuple[Way, ...]:
    """Every way with its cost, as far as it can be known; those that can not be gone, too."""
    loose_bytes = sum(len(one.wire) for one in lacking.loose)
    mean = loose_bytes // max(1, len(lacking.loose))
    named, waits = lacking.awaited_count, len(lacking.loose)
    damaged = lacking.session.cause is Cause.DAMAGED
    exact = damaged and lacking.session.is_accounted and lacking.are_all_loose
    return (
        Way(WayKind.DIFFERENTIAL, named, named * mean, exact),
        Way(WayKind.INCREMENTAL, named + waits, named * mean + loose_bytes, damaged),
        Way(WayKind.SNAPSHOT, 0, lacking.snapshot_size, not damaged),
    )


def choose(ways: Iterable[Way]) -> WayKind:
    """The cheapest that can be gone, by bytes and then by blocks; of equal ones the first."""
    open_ones = [one for one in ways if one.is_possible]
    return min(open_ones, key=lambda one: (one.byte_count, one.block_count)).kind


def frontier_with(held: Frontier, loose: Iterable[Block]) -> Frontier:
    """A frontier that names the last loose block of every author, too."""
    last: dict[NodeId, Block] = {}
    for one in loose:
        known = last.get(one.author)
        if known is None or one.header.sequence > known.header.sequence:
            last[one.author] = one
    heads = {(head.author, head.block): head for head in held.heads}
    for author, one in last.items():
        heads[author, one.id] = Head(author, one.header.sequence, one.id)
    chosen = [heads[key] for key in sorted(heads)]
    return Frontier(tuple(chosen[: limits.FRONTIER_HEADS_MAX]))


def names_of(
    awaited: Sequence[BlockId], others: Iterable[BlockId], loose: Iterable[Block], count: int
) -> list[BlockId]:
    """What is asked for by name: awaited blocks first, and nothing that is loose here."""
    here = {one.id for one in loose}
    wanted = dict.fromkeys((*awaited, *(one for one in others if one not in here)))
    return [one for one, _ in zip(wanted, range(count), strict=False)]

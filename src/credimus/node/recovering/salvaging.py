"""What is left of a damaged store: blocks that still follow from each other, and loose ones.

Deliberately not here: reading the damaged rows (runtime/recovering.py).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.effects import Record
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BlockId
from credimus.lace.block import Block, open_wire, read_block
from credimus.lace.seal import Signer, check_signature
from credimus.node.node import Node
from credimus.protocol.recovery.interface import (
    LOOSE_FAMILY,
    SESSION_KEY,
    Cause,
    Phase,
    Session,
)
from credimus.protocol.recovery.recalling import Recalled

_PART_BYTES = 65_000  # a fact of the store takes a little more


class Read(NamedTuple):
    """What could be read of a store."""

    wires: Sequence[bytes]
    """Intact blocks, in the order in which they were appended."""
    altered: Sequence[BlockId]
    """What the rows of the others are called, as far as they still say so."""
    is_accounted: bool
    """Whether these are all blocks that the store held."""
    earlier: Recalled
    """A recovery that the store remembers; where it goes on, this one takes over its task."""


class Salvaged(NamedTuple):
    """What a new store begins with."""

    blocks: list[Block]
    records: list[Record]
    session: Session


def salvage(node: Node, signers: Sequence[Signer], read: Read, wall_ms: int) -> Salvaged:
    """Sort intact blocks; what no longer has its predecessors becomes records.

    Args:
        node: a fresh one, begun from the store's snapshot if that is whole; it folds the blocks.

    Our own blocks are verified once more, signature and all: with them we account for ourselves.
    """
    keys = {signer.node_id: signer.public for signer in signers}
    kept: list[Block] = []
    loose: list[Block] = []
    bad: list[BlockId] = []
    seen: set[BlockId] = set()
    before = read.earlier.session
    going = before is not None and before.phase is not Phase.ENDED
    late = [one.wire for one in read.earlier.loose] if going else []
    for wire in (*read.wires, *late):
        block = read_block(open_wire(wire), wire)
        if block.id in seen:
            continue
        seen.add(block.id)
        key = keys.get(block.author)
        try:
            if key is not None:
                check_signature(key, block.header_bytes, block.signature, block)
            is_below = node.lace.is_below(block.author, block.header.sequence)
            if is_below or not node.lace.missing(block.header, names_suffice=True):
                node.restore([wire])
                kept.append(block)
            else:
                loose.append(block)
        except PeerFault:
            bad.append(block.id)
    still = before.awaited if before is not None and going else ()
    named = tuple(one for one in dict.fromkeys((*read.altered, *bad, *still)))
    awaited = named[: limits.RECOVERY_AWAITED_MAX]
    own = [one for one in loose if one.author in keys]
    others = [one for one in loose if one.author not in keys]
    room = max(0, limits.RECOVERY_LOOSE_MAX - len(own))
    chosen = {one.id for one in (*own, *others[:room])}
    session = Session(
        cause=Cause.DAMAGED,
        began_ms=wall_ms,
        awaited=awaited,
        is_accounted=(
            read.is_accounted
            and len(awaited) == len(named)
            and not (before is not None and going and not before.is_accounted)
        ),
        intact_count=len(kept) + len(loose),
        loose_count=len(loose),
        claims=before.claims if before is not None and going else (),
        witnessed=() if before is None else before.witnessed,
    )
    records = [Record(key, None) for key in read.earlier.keys]
    records += [Record(SESSION_KEY, encode(session))]
    for number, block in enumerate(one for one in loose if one.id in chosen):
        records += _parts(number, block.wire)
    return Salvaged(kept, records, session)


def _parts(number: int, wire: bytes) -> Iterable[Record]:
    for part, at in enumerate(range(0, len(wire), _PART_BYTES)):
        key = f"{LOOSE_FAMILY}/{number:05d}-{part}"
        yield Record(key, wire[at : at + _PART_BYTES])

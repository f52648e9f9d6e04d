"""Which loose blocks of a damaged store can be taken now. Pure."""

from collections.abc import Container, Sequence

from credimus.kernel.ids import BlockId, NodeId
from credimus.lace.block import Block
from credimus.lace.lace import Lace


def is_below(lace: Lace, block: Block) -> bool:
    """Whether a checkpoint covers a block: what it said is in the snapshot, or is over."""
    return lace.is_below(block.author, block.header.sequence)


def beyond(loose: Sequence[Block], lace: Lace) -> list[Block]:
    """Those whose words are in no snapshot."""
    return [one for one in loose if not is_below(lace, one)]


def still_loose(
    loose: Sequence[Block], lace: Lace, refused: Container[BlockId], own: Container[NodeId]
) -> list[Block]:
    """Without those that are held, refused or over; one below a cut stays while another names it,
    for nobody else may have its bytes any more.

    Args:
        own: members whose blocks stay although they were refused: what they said is said again.
    """
    still = [
        one
        for one in beyond(loose, lace)
        if one.id not in lace and (one.id not in refused or one.author in own)
    ]
    named = {name for one in still for name in lace.missing(one.header)}
    return still + [one for one in loose if one.id in named and is_below(lace, one)]


def fitting(
    loose: Sequence[Block], lace: Lace, refused: Container[BlockId], most: int
) -> list[Block]:
    """At least one that was not refused, if any fits, and about `most`; each is followed by those
    below the cut that it waits for, which are taken for their names when something waits."""
    below = {one.id: one for one in loose if is_below(lace, one)}
    chosen: list[Block] = []
    for one in loose:
        if len(chosen) >= most:
            break
        if one.id in refused or one.id in below:
            continue
        if all(name in below for name in lace.missing(one.header, names_suffice=True)):
            chosen.append(one)
            chosen += [below[name] for name in lace.missing(one.header) if name in below]
    return chosen

"""Where a certificate's blocks come from: the graph in memory, their bytes by id from the holder.

Reading is bounded: each block is read once, and past the bound what was not found counts as not
held. Deliberately not here: what is looked for (showing.py, votes.py).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias

from credimus.certificate.excerpt import is_plain
from credimus.kernel import limits
from credimus.kernel.ids import BlockId, FleetId, NodeId
from credimus.lace.block import Block, open_wire, read_block
from credimus.lace.lace import Lace, Place
from credimus.state.fleet import FleetState
from credimus.state.membership.members import Members
from credimus.state.operations import Operation, read_operations

WiresOf: TypeAlias = Callable[[Sequence[bytes]], list[bytes]]
"""The wires of some blocks, by id; those not held are left out."""
Holds: TypeAlias = Callable[[Operation], bool]


class Archive(NamedTuple):
    """What a node holds of its fleet."""

    fleet: FleetId
    lace: Lace
    state: FleetState
    wires_of: WiresOf


class Spot(NamedTuple):
    """One operation of one block."""

    place: Place
    leaf: int
    """Its place among the block's operations."""


class Opened(NamedTuple):
    """A block with its operations."""

    block: Block
    operations: list[Operation]


class Reading:
    """Blocks of an archive, read as they are asked for."""

    __slots__ = ("_archive", "_left", "_opened")

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._left = limits.CERTIFICATE_READS_MAX
        self._opened: dict[BlockId, Opened | None] = {}

    def opened(self, place: Place) -> Opened | None:
        """A block with its operations; None when its bytes are not held, are not written in the
        one form, or the bound is reached."""
        if place.id not in self._opened:
            if not self._left:
                return None
            self._left -= 1
            self._opened[place.id] = self._read(place.id)
        return self._opened[place.id]

    def spots(self, place: Place, holds: Holds) -> Iterator[Spot]:
        """The operations of a block of which something holds."""
        opened = self.opened(place)
        for index, operation in enumerate(opened.operations if opened else ()):
            if holds(operation):
                yield Spot(place, index)

    def find(self, author: NodeId, since: int, holds: Holds) -> Spot | None:
        """The first operation of an author, from a stamp on, of which something holds."""
        lace = self._archive.lace
        for place in islice(lace.walk(since, author), limits.CERTIFICATE_SEARCH_MAX):
            for spot in self.spots(place, holds):
                return spot
        return None

    def find_last(self, author: NodeId, until: int, holds: Holds) -> Spot | None:
        """The last operation of an author, before a stamp, of which something holds."""
        back = self._archive.lace.walk(until - 1, author, backwards=True)
        for place in islice(back, limits.CERTIFICATE_SEARCH_MAX):
            for spot in self.spots(place, holds):
                return spot
        return None

    def before(self, place: Place) -> Members:
        """The members in the causal past of a block; of one below the last checkpoint, those as of
        that."""
        if self._archive.lace.is_below(place.author, place.sequence):
            return self._archive.state.roster.base
        return self._archive.state.roster.before(place, self._archive.lace)

    def _read(self, block: BlockId) -> Opened | None:
        for wire in self._archive.wires_of([block]):
            read = read_block(open_wire(wire))
            if is_plain(read):
                return Opened(read, read_operations(read.body))
        return None

"""The state at a cut, folded beside the live one a few blocks at a time, and on from there.

At the cut it lets go what is over and writes the snapshot; then it follows the live state, so that
a certified checkpoint takes effect at once: the live state becomes the shadow.
"""

from credimus.kernel.ids import BlockId
from credimus.kernel.portions import Portions
from credimus.lace.block import block_id, open_wire
from credimus.lace.frontier import Cut
from credimus.lace.lace import Lace, Place
from credimus.protocol.checkpointing.cutting import last_below, stamp_at
from credimus.protocol.checkpointing.interface import Reader
from credimus.state.fleet import FleetState, snapshot_fingerprint
from credimus.state.keeping import releasing
from credimus.state.keeping.checkpoints import Released, checkpoint_id
from credimus.state.keeping_operations import Attest
from credimus.state.membership.members import Members
from credimus.state.operations import (
    read_operations,
)


class Shadow:
    """One such state.

    Args:
        base: the state of the checkpoint before, or its snapshot; empty before the first.
        cut: closed, and held.
        image: the snapshot at this very cut, where `base` is that already.
    """

    def __init__(
        self, base: FleetState | bytes, lace: Lace, cut: Cut, retention_ms: int, image: bytes = b""
    ) -> None:
        self.state: FleetState
        self._view: Members
        self._work: Portions[None] | None = None
        """What is done a portion at a time before anything else."""
        if isinstance(base, bytes):
            self._work = self._take_up(FleetState.restoring(base))
        else:
            self.state, self._view = base, base.roster.base
        self.cut = cut
        self.retention_ms = retention_ms
        self.image = image
        """The snapshot, once the cut is reached."""
        self.attest: Attest | None = None
        """What is to be said of it, for attempt 0."""
        self.id = self.state.checkpoints.id if image else b""
        self._lace = lace
        self._last = last_below(cut)
        inside = [] if image else lace.closure(cut)
        self._inside = [one for one in inside if not lace.is_below(one.author, one.sequence)]
        self._beyond = [
            one for one in lace.beyond_cut() if one.sequence > self._last.get(one.author, 0)
        ]
        self._views: dict[BlockId, Members] = {}
        self._newcomers: list[Place] = []
        lace.newcomers = self._newcomers
        self._at = 0

    @property
    def is_caught_up(self) -> bool:
        """Whether all that is held is folded."""
        return bool(self.image) and not self.backlog_count

    @property
    def backlog_count(self) -> int:
        """Blocks that are held and not folded yet, once the cut is reached."""
        return len(self._beyond) - self._at + len(self._newcomers)

    def step(self, count: int, read: Reader, operations: int = 1 << 62) -> None:
        """Fold up to `count` blocks; fewer where they can not be read yet, or hold more than some
        operations. Reading and writing a snapshot are done by as many rounds and beliefs."""
        if self._work is not None and not self._go_on(operations):
            return
        if not self.image:
            inside = self._inside[self._at : self._at + count]
            self._at += self._fold(inside, read, operations)
            if self._at == len(self._inside):
                self._work, self._at = self._cut_here(), 0
                self._go_on(operations)
            return
        while self._newcomers:
            place = self._newcomers.pop(0)
            if place.sequence > self._last.get(place.author, 0):
                self._beyond.append(place)
        beyond = self._beyond[self._at : self._at + count]
        self._at += self._fold(beyond, read, operations)

    def catch_up(self, read: Reader) -> bool:
        """Fold all that is left; returns whether it could be read."""
        while not self.is_caught_up:
            before = self._at, bool(self.image)
            self.step(1_024, read)
            if (self._at, bool(self.image)) == before and not self.is_caught_up:
                return False
        return True

    def show_views(self) -> None:
        """Give the blocks of the lace their views as of here, those below the cut its own."""
        for place in (*self._lace.below_cut(), *self._lace.beyond_cut()):
            place.view = self._views.get(place.id, self._view)

    def end(self) -> None:
        """Follow the lace no more."""
        if self._lace.newcomers is self._newcomers:
            self._lace.newcomers = None

    def _fold(self, places: list[Place], read: Reader, room: int) -> int:
        """Fold some blocks; returns how many."""
        wires = dict(_named(read([place.id for place in places])))
        folded = 0
        for place in places:
            body = wires.get(place.id)
            if body is None or room <= 0:
                break
            past = self._past(place)
            twin = Place(place.id, place)
            operations = read_operations(body)
            self.state.apply(twin, operations, past)
            room -= len(operations)
            if self.image:
                self._views[place.id] = self.state.roster.view(twin)
            folded += 1
        return folded

    def _past(self, place: Place) -> Members:
        """The members before a block: those at the cut, where what it names is below that."""
        if not self.image:
            return self.state.roster.before(place, self._lace)
        views: list[Members] = []
        for one in place.predecessors():
            held = self._lace.place(one)
            if held.sequence <= self._last.get(held.author, 0):
                views.append(self._view)
            else:
                views.append(self._views[one])
        return self.state.roster.joined(views)

    def _go_on(self, room: int) -> bool:
        """Do a portion of what is at work; returns whether that is done."""
        assert self._work is not None  # noqa: S101 - asked for only then
        for done in self._work:
            room -= done
            if room <= 0:
                return False
        self._work = None
        return True

    def _take_up(self, base: Portions[FleetState]) -> Portions[None]:
        self.state = yield from base
        self._view = self.state.roster.base

    def _cut_here(self) -> Portions[None]:
        """The cut is reached: let go, write the snapshot, go on from what it says."""
        stamp = stamp_at(self.cut)
        state = self.state
        released: Released = yield from releasing.release(state, stamp, self.retention_ms)
        electors = tuple(sorted(state.roster.current.by_id))
        base = state.checkpoints.id
        draft = Attest(base, 0, self.cut, electors, self.retention_ms, bytes(32))
        state.checkpoints.advance(draft, stamp, released)
        image = yield from state.snapshotting()
        digest = snapshot_fingerprint(image)
        self.attest = Attest(base, 0, self.cut, electors, self.retention_ms, digest)
        self.id = checkpoint_id(self.attest)
        state.checkpoints.name(digest)
        self._view = state.roster.base = state.roster.current
        self.image = image


def _named(wires: list[bytes]) -> list[tuple[BlockId, bytes]]:
    named = []
    for wire in wires:
        parts = open_wire(wire)
        named.append((block_id(parts.header), parts.body))
    return named

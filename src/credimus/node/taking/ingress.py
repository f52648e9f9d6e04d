"""The door: only verified blocks reach the lace and the folds. Whatever else comes is a PeerFault.

    size, shape, fleet, clock        at once
    predecessors                     held? else the block waits in a bounded room, if its author
                                     is known and signed it
    chain, membership, signature,    judged in the block's own causal past
    how much its author may write
    operations                       each in its range, and one that its author may say
    exposed and expelled authors     only what a block of another waits for, and what leads there

Deliberately not here: what to do about faults (the node counts them) and about gaps (sync asks).
"""

from collections.abc import Callable
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.errors import PeerFault
from credimus.kernel.hlc import HybridClock
from credimus.kernel.ids import BlockId, FleetId, NodeId
from credimus.lace.block import Block, Header, block_id, open_wire, read_block
from credimus.lace.lace import Lace, Place
from credimus.lace.orphans import Orphans
from credimus.lace.seal import check_signature
from credimus.node.taking.allowing import Allowances
from credimus.protocol.vigilance.interface import SIGNED_CODES
from credimus.state.events import StateEvent
from credimus.state.fleet import FleetState
from credimus.state.membership.members import Members
from credimus.state.membership.permissions import check_permitted
from credimus.state.operations import Operation, read_operations


class Taken(NamedTuple):
    """A block that passed, and what it changed."""

    block: Block
    place: Place
    events: list[StateEvent]


class Ingress:
    """Takes blocks in: those of others after checks, our own and restored ones without."""

    def __init__(self, fleet: FleetId, lace: Lace, state: FleetState, clock: HybridClock) -> None:
        self._fleet = fleet
        self._lace = lace
        self._state = state
        self._clock = clock
        self._allowances = Allowances(lace, state)
        self.orphans = Orphans()
        self.refused: list[tuple[Block, PeerFault]] = []
        """Blocks that had waited and then did not pass; the node takes them from here. Who wrote
        them is certain: only what its author signed waits."""
        self._barred: BoundedMap[BlockId, bool] = BoundedMap(limits.BARRED_MAX)
        """Blocks over their author's limit, and those behind them; whether it is their author's
        fault. None is taken before the next cut, below which of a block no more than its name
        counts: so who is at a later cut may have built on them in good faith."""
        self.is_lacking: Callable[[Block], bool] = _no
        """Whether a block below the cut is to be kept and is not held; the node sets it."""
        self.unknown_count = 0
        """Blocks let go because they came before anybody here knew their author's key. A pull
        brings them again, in causal order, behind their author's admission."""

        self.passed_over_count = 0
        """Blocks let go because their author is exposed or expelled and nobody builds on them."""

    def knows(self, identifier: BlockId) -> bool:
        """Whether a block is held, or waits for its predecessors."""
        return identifier in self._lace or identifier in self.orphans

    def take(self, wire: bytes, wall_ms: int, *, names_suffice: bool = False) -> list[Taken]:
        """Take a block in, and whatever waited for it, in causal order; empty when it waits too,
        or is let go because nobody here knows its author's key yet.

        Args:
            names_suffice: whether to take it although of what it names below the cut no more is
                known than the name; for what our own store held.

        Raises:
            PeerFault: nothing was changed.
        """
        parts = open_wire(wire)
        identifier = block_id(parts.header)
        if self.knows(identifier):
            return []
        if identifier in self._barred:
            if self._barred.get(identifier):
                raise PeerFault("over-limit", "a block over its author's limit came again")
            return []
        block = read_block(parts, wire)
        header = block.header
        if header.fleet != self._fleet:
            raise PeerFault(
                "wrong-fleet", f"a block of fleet {header.fleet.hex()[:12]}; this is another fleet"
            )
        self._clock.check(header.stamp, wall_ms)
        if self._lace.is_below(header.author, header.sequence):
            return self._keep(block)
        return self._let_in(block, names_suffice=names_suffice)

    def look_again(self) -> list[Taken]:
        """Take in what waited, as far as it need not wait any more, once a checkpoint has taken
        effect: what a block lacked may be below the cut now, or the block itself."""
        self._barred = BoundedMap(limits.BARRED_MAX)
        waited = self.orphans.empty()
        below = [one for one in waited if self._lace.is_below(one.author, one.header.sequence)]
        taken: list[Taken] = []
        for block in waited:
            if block not in below and block.id not in self._lace:
                try:
                    taken += self._let_in(block)
                except PeerFault as fault:
                    self.refused.append((block, fault))
        for block in below:
            taken += self._keep(block)
        return taken

    def signer_of(self, wire: bytes, fault: PeerFault) -> NodeId | None:
        """The author of a block that was refused, if it certainly signed it; None also where the
        fault says nothing of its author.

        Cost: one signature, for few kinds of faults.
        """
        if fault.code not in SIGNED_CODES:
            return None
        try:
            block = read_block(open_wire(wire), wire)
            key = self._state.roster.keys.get(block.author)
            if key is None:
                return None
            _verify(block, key)
        except PeerFault:
            return None
        return block.author

    def permitted(self, block: Block, operations: list[Operation]) -> list[Operation]:
        """Those of our own operations that others would take in this block: what its author may
        say can have changed since they were said."""
        past = self._state.roster.before(block.header, self._lace)
        if block.author not in past:
            return operations
        try:
            check_permitted(block.author, operations, past, self._fleet)
        except PeerFault:
            return [one for one in operations if self._is_permitted(block.author, one, past)]
        return operations

    def fold(self, block: Block, operations: list[Operation]) -> Taken:
        """Take in a block that needs no check: sealed here, or read from our own store."""
        past = self._state.roster.before(block.header, self._lace)
        return self._apply(block, operations, past, self._allowances.left(block))

    def restore(self, wire: bytes) -> Taken:
        """Take in a block from our own store, whose checksum the store has verified."""
        block = read_block(open_wire(wire), wire)
        if self._lace.is_below(block.author, block.header.sequence):
            return Taken(block, self._stub(block), [])
        return self.fold(block, read_operations(block.body))

    def _let_in(self, block: Block, *, names_suffice: bool = False) -> list[Taken]:
        if self._is_passed_over(block):
            return []
        missing = self._lace.missing(block.header, names_suffice=names_suffice)
        if missing:
            self._hold(block, missing)
            return []
        taken = [self._pass(block)]
        if len(self.orphans):
            self._release(block.id, taken)
        return taken

    def _is_permitted(self, author: NodeId, operation: Operation, past: Members) -> bool:
        try:
            check_permitted(author, [operation], past, self._fleet)
        except PeerFault:
            return False
        return True

    def _is_passed_over(self, block: Block) -> bool:
        """Whether a block is of an exposed or expelled author, and nobody else's waits for it.

        Nothing is lost: a block of anybody else that builds on it asks for it. It asks by its name,
        which says nothing of those before it, so what continues the chain towards one that is
        waited for is taken too; else a long chain would come block by block, from its end.
        """
        author = block.author
        if author not in self._state.roster.current.sidelined or self.orphans.is_wanted(block.id):
            return False
        head = self._lace.head(author)
        if block.header.previous == (b"" if head is None else head.id):
            last = self.orphans.highest(author)
            if last is not None and last[0] > block.header.sequence:
                return False
        self.passed_over_count += 1
        return True

    def _keep(self, block: Block) -> list[Taken]:
        """Take a block below the last checkpoint for its name only, when others wait for it, or
        when it is a head of which we know no more than that, or one that is to be kept."""
        key = self._state.roster.keys.get(block.author)
        if key is None or not (
            self.orphans.is_wanted(block.id)
            or self._lace.get(block.id) is not None
            or self.is_lacking(block)
        ):
            return []
        _verify(block, key)
        taken = [Taken(block, self._stub(block), [])]
        self._release(block.id, taken)
        return taken

    def _stub(self, block: Block) -> Place:
        """Hold a block below the cut; what it said is in the checkpoint, or counts for nothing."""
        place = Place(block.id, block.header)
        place.forget_left()
        last = self._state.checkpoints.last
        if last is not None:
            place.view = self._state.roster.base
        self._lace.keep(place)
        return self._lace.place(block.id)

    def _hold(self, block: Block, missing: list[BlockId]) -> None:
        if any(one in self._barred for one in missing):
            fault = self._bar_behind(block)
            if fault is not None:
                raise fault
            return
        key = self._state.roster.keys.get(block.author)
        if key is None:  # a forged copy of a block would stand in the way of the true one
            self.unknown_count += 1
            return
        _verify(block, key)
        self.orphans.hold(block, missing)

    def _pass(self, block: Block) -> Taken:
        header = block.header
        self._lace.check(header)
        left = self._allowances.left(block)
        if left < 0:
            raise self._over_limit(
                block,
                f"costs {-(-left // 1_000)} units more than its author may write by then; the "
                f"fleet allows each member {self._state.roster.units_per_s_max} a second",
            )
        operations = read_operations(block.body)
        excess = self._allowances.excess(block, operations)
        if excess:
            raise self._over_limit(block, excess)
        past = self._state.roster.before(header, self._lace)
        key = self._key_of(header, operations, past)
        _verify(block, key)
        return self._apply(block, operations, past, left)

    def _apply(self, block: Block, operations: list[Operation], past: Members, left: int) -> Taken:
        place = self._lace.add(block.id, block.header)
        self._clock.observe(block.header.stamp)
        taken = Taken(block, place, self._state.apply(place, operations, past))
        self._allowances.note(place, block, operations, left)
        return taken

    def _bar_behind(self, block: Block) -> PeerFault | None:
        """Bar a block that names one that is barred; a fault of who goes on with a chain that is at
        fault, and of nobody else."""
        is_at_fault = bool(self._barred.get(block.header.previous))
        self._barred.put(block.id, is_at_fault)
        if not is_at_fault:
            return None
        return PeerFault("over-limit", "a block stands behind one over its author's limit")

    def _over_limit(self, block: Block, what: str) -> PeerFault:
        """Bar a block, and those that wait for it."""
        self._barred.put(block.id, item=True)
        for one in self.orphans.drop_behind(block.id):
            fault = self._bar_behind(one)
            if fault is not None:
                self.refused.append((one, fault))
        return PeerFault("over-limit", f"a block of {block.author.hex()[:12]} {what}")

    def _key_of(self, header: Header, operations: list[Operation], past: Members) -> bytes:
        """The author's key. Where the past is below a checkpoint, who ever was a member may write,
        though what it says be void: others may have taken the block before that."""
        try:
            return self._state.roster.check(header, operations, past)
        except PeerFault:
            key = self._state.roster.keys.get(header.author)
            if not self._state.checkpoints.number or key is None or not self._is_cut_off(header):
                raise
            return key

    def _is_cut_off(self, header: Header) -> bool:
        lace = self._lace
        held = [lace.place(one) for one in header.parents]
        if header.previous:
            previous = lace.place(header.previous)
            held.append(previous)
            if not lace.is_below(previous.author, previous.sequence):
                before = self._state.roster.before(previous, lace)
                if header.author not in before:  # that one is void itself
                    return True
        return any(lace.is_below(one.author, one.sequence) for one in held)

    def _release(self, arrived: BlockId, taken: list[Taken]) -> None:
        waiting = [arrived]
        while waiting:
            for block in self.orphans.release(waiting.pop()):
                if self._is_passed_over(block):
                    continue
                missing = self._lace.missing(block.header)
                if missing:  # a checkpoint let one go while the block waited for another
                    self.orphans.hold(block, missing)
                    continue
                try:
                    taken.append(self._pass(block))
                except PeerFault as fault:
                    self.refused.append((block, fault))
                else:
                    waiting.append(block.id)


def _no(block: Block) -> bool:  # noqa: ARG001 - nothing is
    return False


def _verify(block: Block, key: bytes) -> None:
    if not block.verified:
        check_signature(key, block.header_bytes, block.signature, block)
        block.verified = True

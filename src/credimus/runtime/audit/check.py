"""The whole log, checked as a stranger would: nothing in it is believed but the fleet's id.

Every row of the store, then every block in its order: shape, Merkle root, place in its author's
chain, predecessors above it, membership in its own past, what its author might write, signature.
Then the journal of this node. The first place that does not hold is named.

Where a checkpoint let blocks go, its snapshot and the signatures of those who certify it stand in
their place; of blocks below its cut the signature is all that is left to check, and of the founding
that it is this fleet's.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from credimus.kernel.errors import CredimusError, PeerFault, StorageError, UsageError
from credimus.kernel.hlc import STAMP_MAX, HybridClock, wall_ms_of
from credimus.kernel.ids import FleetId, fingerprint, node_id, short
from credimus.lace.block import Block, open_wire, read_block
from credimus.lace.lace import Lace, Place
from credimus.lace.seal import check_signature
from credimus.node.taking.ingress import Ingress
from credimus.protocol.checkpointing.proof import certifiers, check_quorum, read_base
from credimus.runtime.audit.journal import broken_at, read_entries
from credimus.runtime.store.interface import StoredBlock
from credimus.runtime.store.snapshots import kept_snapshot
from credimus.runtime.store.sqlite import SqliteStore, kept_store
from credimus.state.fleet import FleetState, snapshot_fingerprint

Told = Callable[[int, int], None]
_DOMAIN = b"credimus log head"
_SIGNS_OF_ORDER = "it stands above a block that it names, or that block is missing"


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """The first place that does not hold."""

    table: str
    """`blocks`, `journal`, or `facts`."""
    row: int | None
    """Its position, from 1; None where the file itself is damaged."""
    block: str | None
    why: str


class LogCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    blocks: int
    """Blocks that hold."""
    authors: int
    actions: int
    """Entries of the journal that hold."""
    checkpoint: int
    """The number of the checkpoint from which the log begins; 0 where it is whole."""
    head: str
    """`count:fingerprint` of the blocks in their order. Kept elsewhere and given again later, it
    shows whether anything before it was changed, even by who has the node's key."""
    broken: Broken | None


def check_log(
    path: Path,
    fleet: FleetId,
    public_key: bytes,
    expected: str | None = None,
    told: Told | None = None,
) -> LogCheck:
    """Check the database at a path, which no node uses.

    Args:
        public_key: the node's own, which signed the journal.
        expected: a head that was noted earlier.
        told: called with the blocks checked so far, and how many there are.

    Cost: some 0.2 ms a block.

    Raises:
        UsageError: `bad-head`.
        Conflict: `folder-in-use`.
    """
    work = _Work(fleet, expected)
    try:
        store = kept_store(path)
    except StorageError as problem:
        return work.broke("blocks", None, problem.message)
    try:
        return work.check(store, public_key, told)
    finally:
        store.close()


class _Work:
    def __init__(self, fleet: FleetId, expected: str | None) -> None:
        self._lace = Lace()
        self._state = FleetState(fleet)
        self._ingress = Ingress(fleet, self._lace, self._state, HybridClock(0))
        self._expected = None if expected is None else _read_head(expected)
        self._head = bytes(32)
        self._count = self._actions = self._number = 0

    def check(self, store: SqliteStore, public_key: bytes, told: Told | None) -> LogCheck:
        try:
            self._begin_from(kept_snapshot(store, partial(StorageError, "corrupt")))
        except (StorageError, PeerFault) as problem:
            return self.broke("facts", None, f"the last checkpoint: {problem.message}")
        return self._check_blocks(store, told) or self._check_journal(store, public_key)

    def _check_blocks(self, store: SqliteStore, told: Told | None) -> LogCheck | None:
        rows = store.blocks()
        while True:
            try:
                row = next(rows, None)
            except StorageError as problem:
                return self.broke("blocks", self._count + 1, problem.message)
            if row is None:
                break
            why = self._why_not(row)
            if why:
                return self.broke("blocks", self._count + 1, why, short(row.id))
            self._count += 1
            self._head = fingerprint(_DOMAIN, self._head, row.id)
            if self._expected == (self._count, self._head):
                self._expected = None
            elif self._expected is not None and self._expected[0] == self._count:
                why = "up to here the log is not the one that was noted"
                if self._number:
                    why += f"; what was noted before checkpoint {self._number} can not be compared"
                return self.broke("blocks", self._count, why)
            if told is not None:
                told(self._count, store.block_count)
        if self._expected is not None:
            return self.broke(
                "blocks", self._count + 1, f"{self._expected[0]} blocks were noted: the end is gone"
            )
        return None

    def broke(self, table: str, row: int | None, why: str, block: str | None = None) -> LogCheck:
        return self._found(Broken(table=table, row=row, block=block, why=why))

    def _why_not(self, row: StoredBlock) -> str:
        try:
            block = self._taken(row.wire)
        except PeerFault as fault:
            return f"{fault.message} [{fault.code}]"
        if block is None:
            return _SIGNS_OF_ORDER
        header = block.header
        columns = row.id, row.author, row.sequence, row.stamp
        if columns != (block.id, header.author, header.sequence, header.stamp):
            return "its columns are not those of the block in it"
        return ""

    def _begin_from(self, kept: tuple[bytes, int] | None) -> None:
        """Begin from a checkpoint, once it is what those who certify it signed.

        Raises:
            PeerFault: `bad-checkpoint`, `malformed`, `bad-signature`.
        """
        if kept is None:
            return
        base = read_base(kept[0])
        state = FleetState.restored(base.image)
        roster, last = state.roster, state.checkpoints.last
        check_quorum(base.proof, certifiers(base.proof, self._state.roster.fleet, roster.keys))
        if (
            snapshot_fingerprint(base.image) != base.proof.said.snapshot
            or roster.fleet != self._state.roster.fleet
            or last is None
            or last.cut != base.proof.said.cut
        ):
            raise PeerFault("bad-checkpoint", "it is not the one that its members certify")
        self._state.adopt(state)
        self._lace.let_go(last.cut)
        self._number = last.number

    def _taken(self, wire: bytes) -> Block | None:
        """A block that holds; None where it waits for another.

        Raises:
            PeerFault: it does not.
        """
        block = read_block(open_wire(wire), wire)
        if not self._lace.is_below(block.author, block.header.sequence):
            taken = self._ingress.take(wire, wall_ms_of(STAMP_MAX), names_suffice=True)
            return taken[0].block if taken else None
        roster = self._state.roster
        if block.id == roster.founding:
            alone = Ingress(roster.fleet, Lace(), FleetState(roster.fleet), HybridClock(0))
            alone.take(wire, wall_ms_of(STAMP_MAX))
        check_signature(
            roster.keys.get(block.author, b""), block.header_bytes, block.signature, block
        )
        self._lace.keep(Place(block.id, block.header))
        self._lace.place(block.id).view = roster.base
        return block

    def _check_journal(self, store: SqliteStore, public_key: bytes) -> LogCheck:
        try:
            entries = list(read_entries(store))
        except CredimusError as problem:
            return self.broke("journal", None, problem.message)
        broken = broken_at(iter(entries), self._keys_of(public_key))
        if broken is not None:
            return self.broke("journal", *broken)
        self._actions = len(entries)
        for entry in entries:
            if entry.action.block_count > self._count and not self._number:
                return self.broke(
                    "blocks",
                    self._count + 1,
                    f"the journal knows of {entry.action.block_count} blocks: the end is gone",
                )
        return self._found(None)

    def _keys_of(self, public_key: bytes) -> list[bytes]:
        """The key and those that were rotated to it, as the blocks tell."""
        roster = self._state.roster
        person = roster.current.law.person
        own = person(node_id(public_key))
        former = [key for node, key in roster.keys.items() if person(node) == own]
        return [public_key, *former]

    def _found(self, broken: Broken | None) -> LogCheck:
        return LogCheck(
            blocks=self._count,
            authors=len(self._lace.authors()),
            actions=self._actions,
            checkpoint=self._number,
            head=f"{self._count}:{self._head.hex()}",
            broken=broken,
        )


def _read_head(text: str) -> tuple[int, bytes]:
    count, _, head = text.partition(":")
    try:
        found = int(count), bytes.fromhex(head)
    except ValueError:
        found = 0, b""
    if found[0] < 1 or len(found[1]) != 32:
        raise UsageError(
            "bad-head", f"{text[:80]!r} is no head; give what `credimus log --verify` printed."
        )
    return found

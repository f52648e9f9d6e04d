"""Makes a certified checkpoint take effect: the state at its cut, less what is over, is the state.

Invariant: the state is a function of the blocks held. A checkpoint is in force once its
certifications and its cut are held; then everybody folds its snapshot and the blocks beyond it,
whether or not they still have those below.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from credimus.kernel.codec import encode
from credimus.kernel.hlc import HybridClock
from credimus.kernel.ids import BeliefId, BlockId, ElectorateId, NodeId, RoundId
from credimus.lace.block import Block, read_header
from credimus.lace.lace import Lace, Place
from credimus.protocol.checkpointing.cutting import is_cut_held
from credimus.protocol.checkpointing.fetching import Fetching
from credimus.protocol.checkpointing.interface import (
    CheckpointConfig,
    CheckpointDisputed,
    CheckpointTaken,
    Reader,
    SnapshotFetched,
)
from credimus.protocol.checkpointing.lending import Lending
from credimus.protocol.checkpointing.machine import Checkpointing
from credimus.protocol.checkpointing.proof import Base, CheckpointProof, prove, read_base
from credimus.protocol.checkpointing.shadow import Shadow
from credimus.protocol.machine import Machine
from credimus.state.catching_up import outline, told_since
from credimus.state.events import BeliefChanged, StateEvent
from credimus.state.fleet import FleetState
from credimus.state.operations import Publish, read_operations
from credimus.state.voting.electorates import electorate_id


class Compaction(NamedTuple):
    """What the store is to do: keep this first, then drop these blocks."""

    base: bytes
    """Snapshot and certificate, for `Compacting.restore`."""
    gone: Sequence[BlockId]


class Gone(NamedTuple):
    """What a checkpoint let go of the live state, for read models."""

    beliefs: tuple[BeliefId, ...]
    rounds: tuple[RoundId, ...]


class Compacting:
    """One node's base: the snapshot of the last checkpoint in force."""

    def __init__(
        self,
        config: CheckpointConfig,
        lace: Lace,
        state: FleetState,
        clock: HybridClock,
        author: NodeId,
    ) -> None:
        self._lace = lace
        self._state = state
        self._clock = clock
        self.read: Reader = _nothing
        """Gives the wires of durable blocks; whoever keeps them puts it here."""
        sources = self.read_durable, lambda: self.image
        self._checkpointing = Checkpointing(config, lace, state, author, sources)
        self._fetching = Fetching(lace, state, author)
        self._fetching.lacks_kept = self.lacks_kept
        self.machines: dict[str, Machine[Any]] = {
            "checkpoints": self._checkpointing,
            "snapshots": self._fetching,
            "proofs": Lending(state.roster),
        }
        self.base: Base | None = None
        """The snapshot and its certificate; None before the first checkpoint."""
        self._waiting: Compaction | None = None
        self.gone = Gone((), ())
        """What the last one let go here."""
        self._disputed: set[bytes] = set()

    @property
    def waiting(self) -> Compaction | None:
        """What the driver is to do after a step, and then to say that it is `done`. What came again
        since, because something late names it, stays."""
        base, gone = self._waiting or (b"", ())
        return Compaction(base, [one for one in gone if one not in self._lace]) if base else None

    def done(self) -> None:
        """What waited was done."""
        self._waiting = None

    @property
    def image(self) -> bytes | None:
        """The snapshot; None before the first checkpoint."""
        return None if self.base is None else self.base.image

    @property
    def witnesses(self) -> list[NodeId]:
        """Who signed for the last checkpoint, sorted."""
        words = self.base.proof.words if self.base is not None else ()
        return sorted(read_header(word.header).author for word in words)

    @property
    def due_since_ms(self) -> int | None:
        """Since when the next checkpoint has been under way; None while none is."""
        return self._checkpointing.since_ms

    def read_durable(self, ids: Sequence[BlockId]) -> list[bytes]:
        """The wires of some held blocks that are durable."""
        return self.read(ids)

    def fetched(self) -> tuple[int, int] | None:
        """Bytes of a peer's snapshot that are here, and of how many; None when none is fetched."""
        return self._fetching.progress

    def restore(self, kept: bytes) -> None:
        """Begin from what our own store kept.

        Raises:
            PeerFault: `malformed`.
        """
        base = read_base(kept)
        self._state.adopt(FleetState.restored(base.image))
        self.base = self._fetching.base = base
        last = self._state.checkpoints.last
        if last is not None:
            self._clock.observe(last.stamp)
            self._lace.let_go(last.cut, self._kept())
            self.show_stubs()

    def show_stubs(self) -> None:
        """Give the blocks below the cut the roster of the checkpoint as their view."""
        base = self._state.roster.base
        for place in self._lace.below_cut():
            place.view = base

    def trim(self) -> list[BlockId]:
        """Let go of stubs that nothing names; returns them."""
        last = self._state.checkpoints.last
        return [] if last is None else self._lace.let_go(last.cut, self._kept())

    def settle(
        self, fresh: Iterable[object]
    ) -> list[CheckpointTaken | CheckpointDisputed | StateEvent]:
        """Put a certified checkpoint into force, when there is one and all of it is held.

        Args:
            fresh: what is about to be made durable, blocks among it.
        """
        line = self._state.checkpoints
        if not line.is_reached:
            return []
        for attempt, identifier in line.certified():
            said = line.proposal(identifier)
            if (
                said is None
                or identifier in self._disputed
                or not is_cut_held(self._lace, said.cut)
            ):
                continue
            shadow = self._checkpointing.shadow_of(said)
            read = self._reader(fresh)
            if not shadow.catch_up(read):
                return []
            self._checkpointing.drop()
            if shadow.id != identifier:
                self._disputed.add(identifier)
                reason = "our blocks give another state at its cut; this node does not follow it"
                return [CheckpointDisputed(identifier, reason)]
            proof = prove(said, attempt, read(line.words(attempt, identifier)))
            taken = self._put_into_force(shadow, proof)
            beliefs = self._state.beliefs
            thinned = sorted(one for one in beliefs.thinned if beliefs.get(one) is not None)
            return [taken, *map(BeliefChanged, thinned)]
        return []

    def install(
        self, fetched: SnapshotFetched, fresh: Iterable[object]
    ) -> list[CheckpointTaken | StateEvent]:
        """Begin anew from a checkpoint that a peer passed on; what we hold beyond it stays. Tells
        what came with it, as nothing of that was folded here."""
        self._checkpointing.drop()
        proof, image = fetched.proof, fetched.image
        state = FleetState.restored(image)
        shadow = Shadow(state, self._lace, proof.said.cut, proof.said.retention_ms, image)
        taken = shadow.catch_up(self._reader(fresh))
        shadow.end()
        if not taken:
            return []
        before = outline(self._state)
        return [self._put_into_force(shadow, proof), *told_since(before, self._state)]

    def _reader(self, fresh: Iterable[object]) -> Reader:
        wires = {one.id: one.wire for one in fresh if isinstance(one, Block)}
        return lambda ids: [*(wires[one] for one in ids if one in wires), *self.read(ids)]

    def _put_into_force(self, shadow: Shadow, proof: CheckpointProof) -> CheckpointTaken:
        state = self._state
        before = [one.id for one in state.beliefs], [one.id for one in state.rounds]
        state.adopt(shadow.state)
        gone = self._lace.let_go(shadow.cut, self._kept())
        shadow.show_views()
        self._clock.observe(max(head.stamp for head in shadow.cut))
        self.base = self._fetching.base = Base(proof, shadow.image)
        self.gone = Gone(
            tuple(one for one in before[0] if state.beliefs.get(one) is None),
            tuple(one for one in before[1] if state.rounds.get(one) is None),
        )
        earlier = self._waiting.gone if self._waiting is not None else ()
        self._waiting = Compaction(encode(self.base), [*earlier, *gone])
        last = state.checkpoints.last
        assert last is not None  # noqa: S101 - the shadow has advanced to it
        return CheckpointTaken(shadow.id, last, len(gone))

    def is_lacking(self, block: Block) -> bool:
        """Whether a block below the cut is one that is to be kept, and is not held."""
        named, stamps = self._kept_names()
        if block.id in self._lace:
            return False
        if block.id in named:
            return True
        wanted = stamps.get(block.header.stamp)
        return wanted is not None and any(
            isinstance(said, Publish) and electorate_id(said.electors, said) in wanted
            for said in read_operations(block.body)
        )

    def lacks_kept(self) -> bool:
        """Whether some block that certificates of later verdicts need is below the cut and not
        held: those of the founding, of what made the members, and of the electorates."""
        last = self._state.checkpoints.last
        if last is None:
            return False
        named, stamps = self._kept_names()
        held = {place.stamp for place in self._lace.below_cut()}
        return any(one not in self._lace for one in named) or any(
            stamp <= last.stamp and stamp not in held for stamp in stamps
        )

    def _kept_names(self) -> tuple[set[BlockId], dict[int, set[ElectorateId]]]:
        """What is kept: some blocks by name, and electorates by the stamps of their publication.
        Cost: by members and electorates; only where blocks below the cut come or go."""
        roster, published = self._state.roster, self._state.rounds.published
        members = roster.current
        law = members.law
        named = {block for node in members.by_id for block, _ in members.admissions(node)}
        named.update(one.spot.block for one in law.powers.values())
        named.update(one.spot.block for one in law.ballots.values())
        named.update(spot.block for spot in law.exposed.values())
        if roster.founding is not None:
            named.add(roster.founding)
        stamps: dict[int, set[ElectorateId]] = {}
        for one in published.newest():
            stamps.setdefault(published.stamp(one.id), set()).add(one.id)
        return named, stamps

    def _kept(self) -> Callable[[Place], bool]:
        """The founding stays, where those who join begin; and the admissions and electorates that
        certificates of later verdicts show."""
        named, stamps = self._kept_names()
        return lambda place: place.id in named or place.stamp in stamps


def _nothing(ids: Sequence[BlockId]) -> list[bytes]:  # noqa: ARG001 - there is no store
    return []

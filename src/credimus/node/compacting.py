"""Makes a certified checkpoint take effect: the state at its cut, less what is over, is the state.

Invariant: the state is a function of the blocks held. A checkpoint is in force once its
certifications and its cut are held; then everybody folds its snapshot and the blocks beyond it,
whether or not they still have those below.
"""

from collections.abc import Sequence
from typing import NamedTuple

from credimus.kernel.hlc import HybridClock
from credimus.kernel.ids import BeliefId, BlockId, RoundId
from credimus.lace.lace import Lace
from credimus.protocol.checkpointing.cutting import is_cut_held
from credimus.protocol.checkpointing.interface import (
    CheckpointDisputed,
    CheckpointTaken,
    Reader,
)
from credimus.protocol.checkpointing.machine import Checkpointing
from credimus.state.fleet import FleetState


class Compaction(NamedTuple):
    """What the store is to do: keep this snapshot first, then drop these blocks."""

    image: bytes
    gone: Sequence[BlockId]


class Gone(NamedTuple):
    """What a checkpoint let go of the live state, for read models."""

    beliefs: tuple[BeliefId, ...]
    rounds: tuple[RoundId, ...]


class Compacting:
    """One node's base: the snapshot of the last checkpoint in force."""

    def __init__(self, lace: Lace, state: FleetState, clock: HybridClock) -> None:
        self._lace = lace
        self._state = state
        self._clock = clock
        self.image: bytes | None = None
        """The snapshot; None before the first checkpoint."""
        self.waiting: Compaction | None = None
        """For the driver to take from here after each step."""
        self.gone = Gone((), ())
        """What the last one let go here."""
        self._disputed: set[bytes] = set()

    def restore(self, image: bytes) -> None:
        """Begin from our own snapshot.

        Raises:
            PeerFault: `malformed`.
        """
        self._state.adopt(FleetState.restored(image))
        self.image = image
        last = self._state.checkpoints.last
        if last is not None:
            self._clock.observe(last.stamp)
            self._lace.let_go(last.cut)
            self.show_stubs()

    def show_stubs(self) -> None:
        """Give the blocks below the cut the roster of the checkpoint as their view."""
        base = self._state.roster.base
        for place in self._lace.below_cut():
            place.view = base

    def trim(self) -> list[BlockId]:
        """Let go of stubs that nothing names; returns them."""
        last = self._state.checkpoints.last
        return [] if last is None else self._lace.let_go(last.cut)

    def settle(
        self, checkpointing: Checkpointing, read: Reader
    ) -> CheckpointTaken | CheckpointDisputed | None:
        """Put a certified checkpoint into force, when there is one and all of it is held."""
        line = self._state.checkpoints
        for _, identifier in line.certified():
            said = line.proposal(identifier)
            if (
                said is None
                or identifier in self._disputed
                or not is_cut_held(self._lace, said.cut)
            ):
                continue
            shadow = checkpointing.shadow_of(said)
            if not shadow.catch_up(read):
                return None
            if shadow.id != identifier:
                self._disputed.add(identifier)
                checkpointing.drop()
                reason = "our blocks give another state at its cut; this node does not follow it"
                return CheckpointDisputed(identifier, reason)
            checkpointing.drop()
            before = self._state.beliefs.ids(), self._state.rounds.ids()
            self._state.adopt(shadow.state)
            shadow.show_views()
            self.image = shadow.image
            gone = self._lace.let_go(said.cut)
            self.gone = Gone(
                tuple(one for one in before[0] if self._state.beliefs.get(one) is None),
                tuple(one for one in before[1] if self._state.rounds.get(one) is None),
            )
            self.waiting = Compaction(self.image, gone)
            last = self._state.checkpoints.last
            assert last is not None  # noqa: S101 - the shadow has advanced to it
            return CheckpointTaken(identifier, last, len(gone))
        return None

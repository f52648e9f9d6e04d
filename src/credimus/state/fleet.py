"""The state of a fleet: every fold, driven block by block.

Invariant: `fingerprint` is a function of the set of folded blocks alone.
"""

from collections.abc import Sequence

import msgspec

from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BeliefId, FleetId, fingerprint
from credimus.kernel.portions import Portions, whole
from credimus.lace.lace import Place
from credimus.state.beliefs import Beliefs
from credimus.state.enclosures import Enclosures
from credimus.state.events import BeliefChanged, StateEvent
from credimus.state.keeping.checkpoints import Checkpoints
from credimus.state.keeping_operations import Attest, Certify, Enclose, Quote
from credimus.state.membership.members import Members
from credimus.state.membership.permissions import check_permitted
from credimus.state.membership.roster import OF_ROSTER, Roster
from credimus.state.operations import (
    Assert,
    Close,
    Conclude,
    Operation,
    Propose,
    Publish,
    Reconcile,
    Refuse,
    Relate,
    Retract,
    Votes,
    Withdraw,
)
from credimus.state.opinion.standing import Standing
from credimus.state.reconciliations import Reconciliations
from credimus.state.voting.rounds import Rounds

FOLDS = ("roster", "beliefs", "rounds", "enclosures", "reconciliations", "checkpoints")
"""Every fold by its name in `FleetState`: each has `fingerprint`, `snapshot` and `restore`."""

LARGE = frozenset({"beliefs", "rounds"})
"""Those whose snapshots are written and read a portion at a time."""


class FleetState:
    """What all holders of the same blocks agree on."""

    def __init__(self, fleet: FleetId) -> None:
        self.roster = Roster(fleet)
        self.beliefs = Beliefs()
        self.rounds = Rounds()
        self.standing = Standing(self.rounds, self.beliefs, self.roster)
        self.rounds.category_of = self._category
        self.checkpoints = Checkpoints()
        self.reconciliations = Reconciliations()
        self.enclosures = Enclosures()

    def apply(
        self, place: Place, operations: Sequence[Operation], past: Members
    ) -> list[StateEvent]:
        """Fold one block whose predecessors are all folded; returns what changed.

        What is said by no member is void: such a block is taken only where the past of its author
        is below a checkpoint, and what it is judged by is the roster of that.
        """
        if self.checkpoints.number and not self._may_say(place, operations, past):
            operations = ()
        events: list[StateEvent] = []
        self.standing.note_block(place.stamp)
        of_roster: Sequence[Operation] = ()
        for operation in operations:
            kind = type(operation)
            if kind is Votes:
                self.rounds.vote(operation, place, events)  # type: ignore[arg-type]
            elif kind is Assert:
                said = self.beliefs.add(operation, place)  # type: ignore[arg-type]
                events += said
                if self.rounds.await_beliefs:
                    events += self.rounds.asserted(said[0].belief)
            elif kind is Propose:
                events += self.rounds.propose(operation, place, past)  # type: ignore[arg-type]
            elif kind in OF_ROSTER:
                of_roster = operations
            else:
                events += self._apply(operation, place)
        if self.rounds.removals:
            events += self._remove_rejected()
        events += self.roster.apply(place, of_roster, past)
        if of_roster:
            self.rounds.left_out_max = self.roster.left_out_max
        return events

    def _may_say(self, place: Place, operations: Sequence[Operation], past: Members) -> bool:
        if place.author not in past.by_id:
            return False
        try:
            check_permitted(place.author, operations, past, self.roster.fleet)
        except PeerFault:
            return False
        return True

    def fingerprint(self) -> bytes:
        """32 bytes; equal on every node that holds the same blocks.

        What was never reconciled adds nothing: versions before reconciliations compute the same.
        """
        reconciled = [self.reconciliations.fingerprint()] if self.reconciliations else []
        return fingerprint(
            b"credimus state",
            self.roster.fingerprint(),
            self.beliefs.fingerprint(),
            self.rounds.fingerprint(),
            self.enclosures.fingerprint(),
            self.checkpoints.fingerprint(),
            *reconciled,
        )

    def snapshot(self) -> bytes:
        """All that is agreed, canonical: `FleetState.restored` makes it again."""
        return whole(self.snapshotting())

    def snapshotting(self) -> Portions[bytes]:
        """The snapshot, by and by; nothing may be folded meanwhile."""
        parts: list[tuple[str, bytes]] = []
        for name in FOLDS:
            made = getattr(self, name).snapshot()
            parts.append((name, (yield from made) if name in LARGE else made))
        return encode(_Snapshot(self.roster.fleet, tuple(parts)))

    @classmethod
    def restored(cls, snapshot: bytes) -> "FleetState":
        """The state of a snapshot.

        Raises:
            PeerFault: `malformed`.
        """
        return whole(cls.restoring(snapshot))

    @classmethod
    def restoring(cls, snapshot: bytes) -> "Portions[FleetState]":
        """The state of a snapshot, by and by.

        Raises:
            PeerFault: `malformed`.
        """
        image = decode(snapshot, _snapshot, "snapshot")
        if tuple(name for name, _ in image.parts) != FOLDS:
            raise PeerFault("malformed", f"a snapshot holds {', '.join(FOLDS)}, in this order")
        state = cls(FleetId(image.fleet))
        for name, part in image.parts:
            made = getattr(state, name).restore(part)
            if name in LARGE:
                yield from made
        state.rounds.left_out_max = state.roster.left_out_max
        state.checkpoints.name(snapshot_fingerprint(snapshot))
        last = state.checkpoints.last
        if last is not None:
            state.standing.note_block(last.stamp)
        return state

    def adopt(self, other: "FleetState") -> None:
        """Become another state, for all who hold this one or its folds; the other is used up."""
        for name in FOLDS:
            mine, theirs = vars(getattr(self, name)), vars(getattr(other, name))
            mine.clear()
            mine.update(theirs)
        self.rounds.category_of = self._category
        self.standing.adopt(other.standing)

    def _apply(self, operation: Operation, place: Place) -> list[StateEvent]:
        match operation:
            case Conclude():
                self.rounds.conclude(operation, place)
                return []
            case Publish():
                return self.rounds.publish(operation, place)
            case Relate():
                return self.beliefs.relate(operation, place)
            case Retract():
                return self.beliefs.retract(operation, place)
            case Refuse():
                return self.rounds.refuse(operation, place)
            case Close():
                return self.rounds.close(operation, place)
            case Attest() | Certify() | Quote():
                return self.checkpoints.note(operation, place)
            case Reconcile() | Withdraw():
                return self.reconciliations.take(operation, place)
            case Enclose():
                return self.enclosures.add(operation, place)
            case _:
                return []

    def _category(self, belief: BeliefId) -> str | None:
        found = self.beliefs.get(belief)
        return None if found is None else found.category

    def _remove_rejected(self) -> list[StateEvent]:
        removals, self.rounds.removals = self.rounds.removals, []
        return [
            BeliefChanged(belief)
            for belief, before_stamp, dots in removals
            if self.beliefs.remove_rejected(belief, before_stamp, dots)
        ]


class _Snapshot(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    fleet: bytes
    parts: tuple[tuple[str, bytes], ...]


_snapshot: msgspec.msgpack.Decoder[_Snapshot] = decoder(_Snapshot)


def snapshot_fingerprint(snapshot: bytes) -> bytes:
    """What members attest; 32 bytes."""
    return fingerprint(b"credimus snapshot", snapshot)

"""The state of a fleet: every fold, driven block by block.

Invariant: `fingerprint` is a function of the set of folded blocks alone.
"""

from collections.abc import Sequence

from credimus.kernel.ids import FleetId, RoundId, fingerprint
from credimus.lace.lace import Place
from credimus.state.beliefs import Beliefs
from credimus.state.events import BeliefChanged, RoundContested, RoundDecided, StateEvent
from credimus.state.operations import (
    Admit,
    Assert,
    Close,
    Conclude,
    Found,
    Leave,
    Operation,
    Propose,
    Publish,
    Refuse,
    Relate,
    Retract,
    Votes,
)
from credimus.state.roster import Members, Roster
from credimus.state.rounds import Rounds


class FleetState:
    """What all holders of the same blocks agree on."""

    def __init__(self, fleet: FleetId) -> None:
        self.roster = Roster(fleet)
        self.beliefs = Beliefs()
        self.rounds = Rounds()

    def apply(
        self, place: Place, operations: Sequence[Operation], past: Members
    ) -> list[StateEvent]:
        """Fold one block whose predecessors are all folded; returns what changed."""
        events: list[StateEvent] = []
        of_roster: Sequence[Operation] = ()
        touched: list[RoundId] = []
        for operation in operations:
            kind = type(operation)
            if kind is Votes:
                self.rounds.vote(operation, place, events)  # type: ignore[arg-type]
            elif kind is Assert:
                events.append(self.beliefs.add(operation, place))  # type: ignore[arg-type]
            elif kind is Propose:
                events += self.rounds.propose(operation, place, past)  # type: ignore[arg-type]
            elif kind is Found or kind is Admit or kind is Leave:
                of_roster = operations
            else:
                events += self._apply(operation, place, touched)
        for event in events:
            if type(event) is RoundDecided or type(event) is RoundContested:
                touched.append(event.round)
        for identifier in touched:
            events += self._remove_rejected(identifier)
        events += self.roster.apply(place, of_roster, past)
        if of_roster:
            self.rounds.left_out_max = self.roster.left_out_max
        return events

    def fingerprint(self) -> bytes:
        """32 bytes; equal on every node that holds the same blocks."""
        return fingerprint(
            b"credimus state",
            self.roster.fingerprint(),
            self.beliefs.fingerprint(),
            self.rounds.fingerprint(),
        )

    def _apply(
        self, operation: Operation, place: Place, touched: list[RoundId]
    ) -> list[StateEvent]:
        match operation:
            case Conclude():
                self.rounds.conclude(operation, place)
                touched += [RoundId(one.round) for one in operation.conclusions if one.removed]
                return []
            case Publish():
                return self.rounds.publish(operation, place)
            case Relate():
                return [self.beliefs.relate(operation, place)]
            case Retract():
                return self.beliefs.retract(operation, place)
            case Refuse():
                return self.rounds.refuse(operation, place)
            case Close():
                return self.rounds.close(operation, place)
            case _:
                return []

    def _remove_rejected(self, identifier: RoundId) -> list[StateEvent]:
        """Both halves are needed, in any order: the certificate and the list of what goes."""
        found = self.rounds.get(identifier)
        if found is None or not found.reject_certified:
            return []
        removed = self.beliefs.remove_rejected(found.belief, self.rounds.removals(found))
        return [BeliefChanged(found.belief)] if removed else []

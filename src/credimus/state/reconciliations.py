"""The fold of reconciliations: how beliefs that were accepted apart are brought together.

A reconciliation is named by its content (two beliefs, the rounds that accepted them, strategy and
finding), so that several members who say it at once say one. Where they say different ones of a
pair the greatest holds, by strategy and then by finding. Nothing here changes a verdict: what
follows is shown beside it.

Deliberately not here: whether the rounds are what they are said to be (outcomes.py looks when it
is asked), and who writes a reconciliation.
"""

from typing import NamedTuple

from credimus.kernel.codec import encode
from credimus.kernel.ids import ID_BYTES, BeliefId, NodeId, RoundId, fingerprint
from credimus.lace.lace import Place
from credimus.state.events import BeliefsReconciled, StateEvent
from credimus.state.operations import Finding, Reconcile, Strategy

Pair = tuple[tuple[BeliefId, BeliefId], tuple[RoundId, RoundId]]
"""Two beliefs, sorted, and the rounds that accepted them."""


class Reconciliation(NamedTuple):
    """What somebody said first of a pair; sorts by what prevails."""

    strategy: Strategy
    finding: Finding
    stamp: int
    author: NodeId


class Reconciliations:
    """All that was said, by pair."""

    def __init__(self) -> None:
        self._said: dict[Pair, dict[tuple[Strategy, Finding], tuple[int, NodeId]]] = {}
        self._of: dict[BeliefId, list[Pair]] = {}

    def __len__(self) -> int:
        return len(self._said)

    def of(self, belief: BeliefId) -> list[Pair]:
        """The pairs that a belief is in, sorted."""
        return sorted(self._of.get(belief, ()))

    def prevailing(self, pair: Pair) -> Reconciliation | None:
        """What holds of a pair; None when nothing was said."""
        said = self._said.get(pair)
        if not said:
            return None
        strategy, finding = max(said)
        return Reconciliation(strategy, finding, *said[strategy, finding])

    def reconcile(self, said: Reconcile, place: Place) -> list[StateEvent]:
        """Fold a reconciliation."""
        beliefs = BeliefId(said.beliefs[0]), BeliefId(said.beliefs[1])
        rounds = RoundId(said.rounds[0]), RoundId(said.rounds[1])
        pair = beliefs, rounds
        entries = self._said.get(pair)
        if entries is None:
            entries = self._said[pair] = {}
            for belief in beliefs:
                self._of.setdefault(belief, []).append(pair)
        before = max(entries, default=None)
        kind = said.strategy, said.finding
        first = place.stamp, place.author
        entries[kind] = min(entries.get(kind, first), first)
        if before is not None and before >= kind:
            return []
        return [BeliefsReconciled(*beliefs, rounds, said.strategy, said.finding, place.author)]

    def fingerprint(self) -> bytes:
        """Of everything said."""
        entries = sorted(
            (*pair, [(*kind, *first) for kind, first in sorted(said.items())])
            for pair, said in self._said.items()
        )
        return fingerprint(b"credimus reconciliations", encode(entries))


def reconciliation_id(said: Reconcile) -> bytes:
    """What names a reconciliation: its content."""
    named = said.beliefs, said.rounds, said.strategy, said.finding
    return fingerprint(b"credimus reconciliation", encode(named))[:ID_BYTES]

"""The fold of reconciliations: how beliefs that were accepted apart are brought together.

A reconciliation is named by its content (two beliefs, the rounds that accepted them, strategy and
finding), so that several members who say it at once say one. Where they say different ones of a
pair the greatest holds, by strategy and then by finding. Nothing here changes a verdict: what
follows is shown beside it.

Deliberately not here: whether the rounds are what they are said to be (outcomes.py looks when it
is asked), and who writes a reconciliation.
"""

from collections.abc import Collection
from typing import NamedTuple

from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.errors import PeerFault
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

    def let_go(self, kept: Collection[BeliefId], before_stamp: int) -> int:
        """Forget earlier ones of pairs of which a belief is not kept; returns how many went."""
        gone = [
            pair
            for pair, said in self._said.items()
            if not all(one in kept for one in pair[0])
            and all(stamp < before_stamp for stamp, _ in said.values())
        ]
        for pair in gone:
            del self._said[pair]
            for belief in pair[0]:
                self._of[belief].remove(pair)
                if not self._of[belief]:
                    del self._of[belief]
        return len(gone)

    def snapshot(self) -> bytes:
        """All of it, canonical."""
        return encode(
            sorted(
                (*pair[0], *pair[1], *kind, *first)
                for pair, said in self._said.items()
                for kind, first in said.items()
            )
        )

    def restore(self, raw: bytes) -> None:
        """Become what was written; for a fold that is new.

        Raises:
            PeerFault: `malformed`.
        """
        rows = decode(raw, _image, "snapshot of the reconciliations")
        if encode(rows) != raw:
            raise PeerFault("malformed", "snapshot of the reconciliations: not canonical")
        for one, other, first, second, strategy, finding, stamp, author in rows:
            pair = (BeliefId(one), BeliefId(other)), (RoundId(first), RoundId(second))
            if pair not in self._said:
                for belief in pair[0]:
                    self._of.setdefault(belief, []).append(pair)
            entries = self._said.setdefault(pair, {})
            entries[strategy, finding] = stamp, NodeId(author)

    def fingerprint(self) -> bytes:
        """Of everything said."""
        entries = sorted(
            (*pair, [(*kind, *first) for kind, first in sorted(said.items())])
            for pair, said in self._said.items()
        )
        return fingerprint(b"credimus reconciliations", encode(entries))


_image = decoder(list[tuple[bytes, bytes, bytes, bytes, Strategy, Finding, int, bytes]])


def reconciliation_id(said: Reconcile) -> bytes:
    """What names a reconciliation: its content."""
    named = said.beliefs, said.rounds, said.strategy, said.finding
    return fingerprint(b"credimus reconciliation", encode(named))[:ID_BYTES]

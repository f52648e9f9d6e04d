"""The fold of reconciliations: how beliefs that were accepted apart are brought together.

A reconciliation is named by its content (two beliefs, the rounds that accepted them, strategy and
finding), so that several members who say it at once say one. Where they say different ones of a
pair the greatest holds, by strategy and then by finding. Who said one can withdraw it: what he said
of it up to then counts no longer, and what others said does. Nothing here changes a verdict: what
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
from credimus.state.events import BeliefsReconciled, ReconciliationWithdrawn, StateEvent
from credimus.state.operations import Finding, Reconcile, Strategy, Withdraw

Pair = tuple[tuple[BeliefId, BeliefId], tuple[RoundId, RoundId]]
"""Two beliefs, sorted, and the rounds that accepted them."""
Kind = tuple[Strategy, Finding]


class Reconciliation(NamedTuple):
    """What somebody said first of a pair; sorts by what prevails."""

    strategy: Strategy
    finding: Finding
    stamp: int
    author: NodeId


class _Said:
    """All that was said of one pair. A block's stamp is its place in its author's chain."""

    __slots__ = ("said", "withdrawn")

    def __init__(self) -> None:
        self.said: dict[Kind, set[tuple[int, NodeId]]] = {}
        self.withdrawn: dict[tuple[Kind, NodeId], int] = {}
        """Up to which stamp an author has taken back a kind."""

    def first(self, kind: Kind) -> tuple[int, NodeId] | None:
        """Who said a kind first, of those who stand by it; None when nobody does."""
        return min(
            (one for one in self.said.get(kind, ()) if self._stands(kind, *one)), default=None
        )

    def prevailing(self) -> Kind | None:
        """The greatest kind by which somebody stands."""
        return max((kind for kind in self.said if self.first(kind) is not None), default=None)

    def standing(self) -> list[tuple[Strategy, Finding, int, NodeId]]:
        """Every kind by which somebody stands, with its first, sorted."""
        firsts = ((kind, self.first(kind)) for kind in sorted(self.said))
        return [(*kind, *first) for kind, first in firsts if first is not None]

    def taken_back(self) -> list[tuple[Strategy, Finding, int, NodeId]]:
        """Up to where each author has taken back each kind, sorted."""
        return sorted((*kind, stamp, by) for (kind, by), stamp in self.withdrawn.items())

    def newest(self) -> int:
        """The greatest stamp of all that was said."""
        stamps = [stamp for said in self.said.values() for stamp, _ in said]
        return max([*stamps, *self.withdrawn.values()])

    def _stands(self, kind: Kind, stamp: int, author: NodeId) -> bool:
        return stamp > self.withdrawn.get((kind, author), -1)


class Reconciliations:
    """All that was said, by pair."""

    def __init__(self) -> None:
        self._said: dict[Pair, _Said] = {}
        self._of: dict[BeliefId, list[Pair]] = {}

    def __len__(self) -> int:
        return len(self._said)

    def of(self, belief: BeliefId) -> list[Pair]:
        """The pairs that a belief is in, sorted."""
        return sorted(self._of.get(belief, ()))

    def prevailing(self, pair: Pair) -> Reconciliation | None:
        """What holds of a pair; None when nobody stands by anything."""
        said = self._said.get(pair)
        standing = said.standing() if said is not None else []
        return Reconciliation(*standing[-1]) if standing else None

    def standing_by(self, pair: Pair, author: NodeId) -> list[Kind]:
        """What an author says of a pair and has not withdrawn, sorted."""
        said = self._said.get(pair)
        if said is None:
            return []
        return [
            kind
            for kind in sorted(said.said)
            if any(
                by == author and stamp > said.withdrawn.get((kind, author), -1)
                for stamp, by in said.said[kind]
            )
        ]

    def has_spoken(self, pair: Pair, author: NodeId) -> bool:
        """Whether an author ever said something of a pair, withdrawn or not, or withdrew it."""
        said = self._said.get(pair)
        if said is None:
            return False
        dots = (dot for kind in said.said.values() for dot in kind)
        return any(by == author for _, by in (*dots, *said.withdrawn))

    def others_above(self, pair: Pair, kind: Kind, own: NodeId) -> list[Kind]:
        """What prevails over a kind and others than `own` stand by, sorted."""
        said = self._said.get(pair)
        authors = sorted({by for dots in said.said.values() for _, by in dots}) if said else []
        theirs = {
            one for by in authors if by != own for one in self.standing_by(pair, by) if one > kind
        }
        return sorted(theirs)

    def take(self, said: Reconcile | Withdraw, place: Place) -> list[StateEvent]:
        """Fold either operation."""
        if isinstance(said, Withdraw):
            return self.withdraw(said, place)
        return self.reconcile(said, place)

    def reconcile(self, said: Reconcile, place: Place) -> list[StateEvent]:
        """Fold a reconciliation."""
        pair, kind = _read(said)
        entries = self._entries(pair)
        before = entries.prevailing()
        entries.said.setdefault(kind, set()).add((place.stamp, place.author))
        if entries.prevailing() == before:
            return []
        return [BeliefsReconciled(*pair[0], pair[1], *kind, place.author)]

    def withdraw(self, said: Withdraw, place: Place) -> list[StateEvent]:
        """Fold a withdrawal, also of what has not come yet."""
        pair, kind = _read(said)
        entries = self._entries(pair)
        before = entries.prevailing()
        key = kind, place.author
        entries.withdrawn[key] = max(place.stamp, entries.withdrawn.get(key, 0))
        if before is None or entries.prevailing() == before:
            return []
        return [ReconciliationWithdrawn(*pair[0], pair[1], before[0], place.author)]

    def let_go(self, kept: Collection[BeliefId], before_stamp: int) -> int:
        """Forget earlier ones of pairs of which a belief is not kept; returns how many went."""
        gone = [
            pair
            for pair, said in self._said.items()
            if not all(one in kept for one in pair[0]) and said.newest() < before_stamp
        ]
        for pair in gone:
            del self._said[pair]
            for belief in pair[0]:
                self._of[belief].remove(pair)
                if not self._of[belief]:
                    del self._of[belief]
        return len(gone)

    def snapshot(self) -> bytes:
        """All of it, canonical; without withdrawals as before there were any."""
        said = sorted(
            (*pair[0], *pair[1], *kind, *dot)
            for pair, one in self._said.items()
            for kind, dots in one.said.items()
            for dot in dots
        )
        withdrawn = sorted(
            (*pair[0], *pair[1], *row)
            for pair, one in self._said.items()
            for row in one.taken_back()
        )
        return encode((said, withdrawn) if withdrawn else said)

    def restore(self, raw: bytes) -> None:
        """Become what was written; for a fold that is new.

        Raises:
            PeerFault: `malformed`.
        """
        try:
            said, withdrawn = decode(raw, _image, _WHAT), []
        except PeerFault:
            said, withdrawn = decode(raw, _image_of_both, _WHAT)
        if encode((said, withdrawn) if withdrawn else said) != raw:
            raise PeerFault("malformed", f"{_WHAT}: not canonical")
        for *names, strategy, finding, stamp, author in said:
            entries = self._entries(_pair(*names)).said
            entries.setdefault((strategy, finding), set()).add((stamp, NodeId(author)))
        for *names, strategy, finding, stamp, author in withdrawn:
            key = (strategy, finding), NodeId(author)
            self._entries(_pair(*names)).withdrawn[key] = stamp

    def fingerprint(self) -> bytes:
        """Of everything said; what was withdrawn is part of it only where there is any."""
        entries = []
        for pair, said in sorted(self._said.items(), key=lambda one: one[0]):
            gone = said.taken_back()
            entries.append((*pair, said.standing(), *([gone] if gone else ())))
        return fingerprint(b"credimus reconciliations", encode(entries))

    def _entries(self, pair: Pair) -> _Said:
        entries = self._said.get(pair)
        if entries is None:
            entries = self._said[pair] = _Said()
            for belief in pair[0]:
                self._of.setdefault(belief, []).append(pair)
        return entries


def _read(said: Reconcile | Withdraw) -> tuple[Pair, Kind]:
    return _pair(*said.beliefs, *said.rounds), (said.strategy, said.finding)


def _pair(one: bytes, other: bytes, first: bytes, second: bytes) -> Pair:
    return (BeliefId(one), BeliefId(other)), (RoundId(first), RoundId(second))


_WHAT = "snapshot of the reconciliations"
_Row = tuple[bytes, bytes, bytes, bytes, Strategy, Finding, int, bytes]
_image = decoder(list[_Row])
_image_of_both = decoder(tuple[list[_Row], list[_Row]])


def reconciliation_id(said: Reconcile) -> bytes:
    """What names a reconciliation: its content."""
    named = said.beliefs, said.rounds, said.strategy, said.finding
    return fingerprint(b"credimus reconciliation", encode(named))[:ID_BYTES]

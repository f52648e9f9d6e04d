"""Finds beliefs that were accepted apart and do not agree, and who is to say what becomes of them.

Only what was accepted while somebody was out of reach is looked at, once the parts have come
together. Who speaks first is drawn from the pair itself, so that usually one does; the others wait
for their turn and find it said. A pair that the operator has planned, or of which he took back what
was said, is his: this node says nothing more of it by itself.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.ids import BeliefId, NodeId, fingerprint
from credimus.kernel.instant import Instant, after
from credimus.lace.lace import Lace
from credimus.protocol.partition.interface import PartitionConfig
from credimus.protocol.partition.similarity import Similarity
from credimus.state.beliefs import Belief
from credimus.state.fleet import FleetState
from credimus.state.operations import Finding, Reconcile, Strategy
from credimus.state.outcomes import holds
from credimus.state.reconciliations import Pair
from credimus.state.voting.verdict import Verdict


class Holdings(NamedTuple):
    """What a node has to look at."""

    own: NodeId
    """In whose name it speaks."""
    state: FleetState
    lace: Lace


class Reconciling:
    """What one node has to reconcile."""

    def __init__(self, config: PartitionConfig, holdings: Holdings, similarity: Similarity) -> None:
        self._config = config
        self._own, self._state, self._lace = holdings
        self.similarity = similarity
        self.is_planned: Callable[[Pair], bool] = lambda _: False
        """Whether the operator's last plan is about a pair."""
        self._accepted: dict[BeliefId, None] = {}
        self._search_due: Instant | None = None
        self._waiting: dict[Pair, tuple[Instant, Finding]] = {}
        self.dropped_count = 0
        """Beliefs accepted apart that were too many to be compared, and pairs of them that were too
        many to wait for their turn; only ever grows."""

    def accepted(self, belief: BeliefId, at: Instant | None) -> None:
        """A belief was accepted while somebody was out of reach, or came from there.

        Args:
            at: now, when somebody has come back; then it is looked at soon.
        """
        if at is not None and self._search_due is None:
            self.returned(at)
        self._accepted[belief] = None
        if len(self._accepted) > limits.RECONCILED_BELIEFS_MAX:
            del self._accepted[next(iter(self._accepted))]
            self.dropped_count += 1

    def returned(self, at: Instant) -> None:
        """Somebody came back: search when its blocks have come, unless an operator does."""
        if not self._config.by_itself:
            return
        self._search_due = after(at, self._config.settle_ns)

    @property
    def is_busy(self) -> bool:
        """Whether a search or a turn to speak is still to come."""
        return self._search_due is not None or bool(self._waiting)

    def forget(self) -> None:
        """The split is over and done with."""
        self._accepted.clear()

    def deadline(self) -> Instant | None:
        """The next search, or our next turn to speak."""
        if not self._waiting:
            return self._search_due
        dues = [due for due, _ in self._waiting.values()]
        if self._search_due is not None:
            dues.append(self._search_due)
        return min(dues, default=None)

    def due(self, at: Instant, members: Sequence[NodeId]) -> list[Reconcile]:
        """What is to be said now.

        Args:
            members: those in reach, who take turns.
        """
        if self._search_due is not None and self._search_due <= at:
            self._search_due = None
            self._search(at, members)
        said = []
        for pair, (due, finding) in list(self._waiting.items()):
            if due <= at:
                del self._waiting[pair]
                if self._is_open(pair):
                    said.append(self._operation(pair, finding))
        return said

    # --- private

    def _search(self, at: Instant, members: Sequence[NodeId]) -> None:
        for one, other, finding in self._candidates():
            pair = self._pair(one, other)
            if pair is None or pair in self._waiting or not self._is_open(pair):
                continue
            if len(self._waiting) >= limits.RECONCILIATIONS_WAITING_MAX:
                self.dropped_count += 1
                continue
            found = finding if pair[0] == (one, other) else _turned(finding)
            rank = _rank(pair, self._own, members)
            self._waiting[pair] = after(at, rank * self._config.speak_ns), found

    def _candidates(self) -> Iterator[tuple[BeliefId, BeliefId, Finding]]:
        """Pairs that are said to contradict each other, then those that read so."""
        beliefs = self._state.beliefs
        accepted = [one for one in self._accepted if self._is_accepted(one)]
        for one in accepted:
            for other in beliefs.contradictions(one):
                if self._is_accepted(other):
                    yield one, other, Finding.CONTRADICTORY
        known = [found for found in map(beliefs.get, accepted) if found is not None]
        for one, other, finding in self.similarity.pairs(_by_id(known)):
            semantic = self._config.strategy is Strategy.SEMANTIC
            if finding is Finding.CONTRADICTORY or semantic:
                yield one, other, finding

    def _is_accepted(self, belief: BeliefId) -> bool:
        return self._state.rounds.verdict(belief) is Verdict.ACCEPTED

    def _pair(self, one: BeliefId, other: BeliefId) -> Pair | None:
        first, second = sorted((one, other))
        rounds = [
            next((a for a in self._state.rounds.deciding(belief) if a.accept_certified), None)
            for belief in (first, second)
        ]
        if rounds[0] is None or rounds[1] is None:
            return None
        return (first, second), (rounds[0].id, rounds[1].id)

    def _is_open(self, pair: Pair) -> bool:
        """Whether something is still to be said of a pair: nothing was, or what decides more.

        Where we have spoken before and it is not enough, our operator decided so.
        """
        known = self._state.reconciliations
        said = known.prevailing(pair)
        if said is not None and said.strategy >= self._config.strategy:
            return False
        if known.has_spoken(pair, self._own) or self.is_planned(pair):
            return False
        return holds(self._state, self._lace, pair)

    def _operation(self, pair: Pair, finding: Finding) -> Reconcile:
        strategy = self._config.strategy
        semantic = strategy is Strategy.SEMANTIC
        return Reconcile(*pair, strategy, finding if semantic else Finding.CONTRADICTORY)


def _by_id(beliefs: list[Belief]) -> list[Belief]:
    return sorted(beliefs, key=lambda one: one.id)


def _turned(finding: Finding) -> Finding:
    """The same finding, told of the two the other way round."""
    return {
        Finding.FIRST_SUBSUMES: Finding.SECOND_SUBSUMES,
        Finding.SECOND_SUBSUMES: Finding.FIRST_SUBSUMES,
    }.get(finding, finding)


def _rank(pair: Pair, own: NodeId, members: Sequence[NodeId]) -> int:
    """How many speak before us: a draw that is the same everywhere."""

    def drawn(member: NodeId) -> bytes:
        return fingerprint(b"credimus reconciler", *pair[0], *pair[1], member)

    return sum(drawn(member) < drawn(own) for member in members if member != own)

"""Keeps the read models up with the state: gathers what changed, writes it in batches.

Deliberately not here: how rows are kept (store/readmodel.py). A query first calls `flush`, so that
it never answers from before what its caller was told.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress

from credimus.kernel.errors import StorageError
from credimus.kernel.ids import BeliefId, RoundId
from credimus.node.events import NodeEvent
from credimus.node.node import Node
from credimus.runtime.store.interface import BeliefRow, MemberRow, RoundRow
from credimus.runtime.store.readmodel import ReadModels
from credimus.state.beliefs import Belief
from credimus.state.events import (
    BeliefAsserted,
    BeliefChanged,
    MemberAdmitted,
    MemberLeft,
    RoundContested,
    RoundDecided,
    RoundExpired,
    RoundOpened,
)
from credimus.state.round import Round

BATCH_MAX = 1_000
"""Beliefs that may wait before they are written. [measured: a row costs about a third of what it
costs alone]"""


class Projector:
    """Projects one node's state into its read models.

    Invariant: after `flush` the read models show the state as of the node's last step.
    """

    def __init__(self, node: Node, models: ReadModels) -> None:
        self._node = node
        self._models = models
        self._beliefs: dict[BeliefId, int] = {}
        self._rounds: dict[RoundId, int] = {}
        self._members = False

    @property
    def waiting_count(self) -> int:
        """How many beliefs and rounds wait to be written."""
        return len(self._beliefs) + len(self._rounds)

    def catch_up(self) -> None:
        """Fill the read models anew when they are missing or not of this log's length."""
        if self._models.position() == len(self._node.lace):
            return
        self._models.clear()
        state = self._node.state
        stamp = self._node.clock.last
        self._beliefs = {belief.id: stamp for belief in state.beliefs}
        self._rounds = {one.id: stamp for one in state.rounds}
        self._members = True
        self.flush()

    def hear(self, events: Sequence[NodeEvent]) -> None:
        """Note what changed; write when much waits."""
        stamp = self._node.clock.last
        beliefs, rounds = self._beliefs, self._rounds
        for event in events:
            kind = type(event)
            if kind is BeliefAsserted or kind is BeliefChanged:
                beliefs[event.belief] = stamp  # type: ignore[union-attr]
            elif kind is RoundDecided or kind is RoundExpired or kind is RoundContested:
                beliefs[event.belief] = stamp  # type: ignore[union-attr]
                rounds[event.round] = stamp  # type: ignore[union-attr]
            elif kind is RoundOpened:
                rounds[event.round] = stamp  # type: ignore[union-attr]
            elif kind is MemberAdmitted or kind is MemberLeft:
                self._members = True
        if len(beliefs) >= BATCH_MAX:
            with suppress(StorageError):  # what waits, waits on; the next flush tells
                self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if not (self._beliefs or self._rounds or self._members):
            return
        state = self._node.state
        beliefs = ((state.beliefs.get(one), stamp) for one, stamp in self._beliefs.items())
        rounds = ((state.rounds.get(one), stamp) for one, stamp in self._rounds.items())
        self._models.project(
            len(self._node.lace),
            [self._belief_row(one, stamp) for one, stamp in beliefs if one is not None],
            [_round_row(one, stamp) for one, stamp in rounds if one is not None],
            self._member_rows() if self._members else (),
        )
        self._beliefs.clear()
        self._rounds.clear()
        self._members = False

    def _belief_row(self, belief: Belief, stamp: int) -> BeliefRow:
        state = self._node.state
        rounds = state.rounds.on(belief.id)
        verdict = state.rounds.verdict(belief.id)
        assertions = state.beliefs.assertions(belief.id)
        return BeliefRow(
            belief.id,
            belief.category,
            belief.content,
            assertions[0][2].confidence
            if len(assertions) == 1
            else state.beliefs.confidence(belief.id),
            belief.origin[0],
            stamp,
            verdict.word if verdict is not None else "open",
            rounds[-1].attempt if rounds else 0,
            len(assertions),
        )

    def _member_rows(self) -> Iterable[MemberRow]:
        roster = self._node.state.roster
        return [
            MemberRow(one.node, one.name, one.address, one.admitted_stamp, True)  # noqa: FBT003
            for one in roster.current.by_id.values()
        ]


def _round_row(one: Round, stamp: int) -> RoundRow:
    return RoundRow(
        one.id,
        one.belief,
        one.attempt,
        one.rules.scheme.name.lower(),
        one.verdict.word,
        one.opened_stamp,
        one.accept.bit_count(),
        one.reject.bit_count(),
        one.abstain.bit_count(),
        len(one.electorate),
        stamp if one.verdict.decided else 0,
    )

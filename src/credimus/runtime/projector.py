"""Keeps the read models up with the state: gathers what changed, writes it when there is time.

Commands are served from the folds; the read models only answer lists and searches, so a busy node
lets them wait (the requirement's CQRS and lazy evaluation, 6.1 and 6.2) and a query first calls
`flush`: it never answers from before what its caller was told.

Deliberately not here: how rows are kept (store/readmodel.py).
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from credimus.kernel.errors import StorageError
from credimus.kernel.ids import BeliefId, RoundId
from credimus.node.events import NodeEvent
from credimus.node.node import Node
from credimus.protocol.checkpointing.interface import CheckpointTaken
from credimus.protocol.recovery.interface import SnapshotPut
from credimus.runtime.pace import Pace
from credimus.runtime.store.interface import BeliefRow, MemberRow, RoundRow
from credimus.runtime.store.readmodel import ReadModels
from credimus.state.beliefs import Belief
from credimus.state.events import (
    MEMBER_CHANGES,
    BeliefAsserted,
    BeliefChanged,
    RoundContested,
    RoundDecided,
    RoundExpired,
    RoundOpened,
    StateEvent,
)
from credimus.state.voting.round import Round

SLICE_MAX = 500
"""Beliefs written at once: some 10 ms. [measured]"""
WAITING_MAX = 20_000
"""Beliefs that may wait while the node is busy; past it a slice is written all the same. [guess]"""
PERIOD_S = 0.5
"""From a change until it is written, or looked at again. [guess]"""


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
        self._gone: dict[bytes, None] = {}
        """Beliefs and rounds that a checkpoint let go."""
        self._position: int | None = None
        self._news = asyncio.Event()

    @property
    def waiting_count(self) -> int:
        """How many beliefs and rounds wait to be written."""
        return len(self._beliefs) + len(self._rounds) + len(self._gone)

    def restore(
        self,
        wires: Iterable[bytes],
        told: Callable[[Sequence[StateEvent]], None] | None = None,
    ) -> int:
        """Restore the node from its log and bring the read models up to it; returns the blocks.

        Only what lies beyond the position of the read models is written, and everything when they
        are missing, beyond the log themselves, or the node begins from a snapshot.

        Args:
            told: hears what each block changed.
        """
        position = self._models.position()
        anew = position is None or self._node.compacting.image is not None

        def hear(events: Sequence[StateEvent]) -> None:
            if told is not None:
                told(events)
            if not anew and len(self._node.lace) > (position or 0):
                self.note(events)

        count = self._node.restore(wires, hear)
        self._position = position
        if anew or position is None or position > count:
            self.rebuild()
        else:
            self._members = True
            self.flush()
        return count

    def rebuild(self) -> None:
        """Fill the read models anew from the state."""
        self._models.clear()
        self._beliefs, self._rounds = {}, {}
        self._note_all()
        self.flush()

    def note(self, events: Sequence[NodeEvent]) -> None:
        """Remember what changed."""
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
            elif kind is CheckpointTaken:
                gone = self._node.compacting.gone
                self._gone.update(dict.fromkeys((*gone.beliefs, *gone.rounds)))
            elif kind is SnapshotPut:
                self._note_all()
            elif kind in MEMBER_CHANGES:
                self._members = True
        if self._waits:
            self._news.set()

    async def keep_up(self, pace: Pace, failed: Callable[[StorageError], None]) -> None:
        """Write what waits, for ever: at once when the node has time, late when it is busy.

        Args:
            failed: told when the read models could not be written; what waits, waits on.
        """
        while True:
            await self._news.wait()
            await asyncio.sleep(PERIOD_S)
            self._news.clear()
            try:
                while self.waiting_count > (WAITING_MAX if pace.is_busy else 0) or (
                    self._members and not pace.is_busy
                ):
                    self._write(SLICE_MAX)
                    await asyncio.sleep(0)
            except StorageError as problem:
                failed(problem)
            if self._waits:  # for a busy node, or a disk
                self._news.set()

    def flush(self) -> None:
        """Write everything that waits."""
        while self._waits:
            self._write(SLICE_MAX)

    def _note_all(self) -> None:
        state = self._node.state
        stamp = self._node.clock.last
        self._beliefs |= {one.id: stamp for one in state.beliefs}
        self._rounds |= {one.id: stamp for one in state.rounds}
        self._members = True

    @property
    def _waits(self) -> bool:
        """Whether anything is to be written."""
        return self._members or self.waiting_count > 0

    def _write(self, count: int) -> None:
        """Write at most `count` beliefs and as many rounds; they wait on when that fails."""
        state = self._node.state
        gone = [
            one
            for one in islice(self._gone, count)
            if state.beliefs.get(BeliefId(one)) is None and state.rounds.get(RoundId(one)) is None
        ]
        beliefs = list(islice(self._beliefs.items(), count))
        rounds = list(islice(self._rounds.items(), count))
        found = ((state.beliefs.get(one), stamp) for one, stamp in beliefs)
        held = ((state.rounds.get(one), stamp) for one, stamp in rounds)
        complete = len(beliefs) == len(self._beliefs) and len(rounds) == len(self._rounds)
        position = len(self._node.lace) if complete else (self._position or 0)
        self._models.project(
            position,
            [self._belief_row(one, stamp) for one, stamp in found if one is not None],
            [_round_row(one, stamp) for one, stamp in held if one is not None],
            self._member_rows() if self._members else (),
            gone,
        )
        for one in list(islice(self._gone, count)):
            del self._gone[one]
        self._position = position
        for belief, _ in beliefs:
            del self._beliefs[belief]
        for identifier, _ in rounds:
            del self._rounds[identifier]
        self._members = False

    def _belief_row(self, belief: Belief, stamp: int) -> BeliefRow:
        state = self._node.state
        rounds = state.rounds.on(belief.id)
        verdict = state.rounds.verdict(belief.id)
        assertions = state.beliefs.assertions(belief.id)
        return BeliefRow(
            belief.id,
            belief.category,
            self._node.reading.shown(belief.content, belief.id),
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

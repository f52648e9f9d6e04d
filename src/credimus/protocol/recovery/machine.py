"""Brings a node back to work, step by step, while it goes on reading and answering.

    a store was damaged   `credimus recover` kept what is intact, and this machine
        waits             until what altered rows named has come from peers, or, where rows can not
                          be accounted for, until every member has said what it holds of our chain
        writes nothing    before that: it must never sign two blocks at one place
        takes             intact blocks whose predecessors came late
        says again        what we had acknowledged in blocks that nobody can take any more
    we were away so long  that all others let go what we lack: a checkpoint is fetched
        says again        the rounds that we opened alone meanwhile and that count for nothing

Every step looks first whether what it would do is done, so that a crash repeats at most a batch.
Deliberately not here: reading a damaged file (runtime/recovering.py), fetching a snapshot
(protocol/checkpointing), blocks (protocol/sync).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, assert_never

import msgspec

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.effects import Effects, Record, Send
from credimus.kernel.ids import BlockId, NodeId
from credimus.kernel.instant import Instant, Now, after
from credimus.lace.block import Block
from credimus.lace.frontier import Frontier
from credimus.lace.lace import Lace
from credimus.protocol.recovery.answers import Answers, answer, highest_of, witnessed_of
from credimus.protocol.recovery.choosing import Lacking, choose, frontier_with, names_of, ways_of
from credimus.protocol.recovery.fitting import beyond, fitting, still_loose
from credimus.protocol.recovery.interface import (
    SESSION_KEY,
    AskCame,
    Cause,
    HeadsAsked,
    HeldCame,
    Phase,
    RecoveryBegan,
    RecoveryConfig,
    RecoveryEnded,
    RecoveryInput,
    RecoveryStepped,
    Session,
    Shown,
    SnapshotPut,
    Sources,
    TakeAgain,
    WayKind,
    WriteAgain,
)
from credimus.protocol.recovery.pacing import Pace
from credimus.protocol.recovery.recalling import recalled
from credimus.protocol.recovery.repeating import Step, answers_of, is_said, steps_of, void_proposals
from credimus.state.fleet import FleetState
from credimus.state.operations import Vote

RecoveryEffects: TypeAlias = Effects[Any, Any, Any]
STEPS_AT_ONCE = 10
"""Steps between two records of the session. [seed: a checkpoint each 10 steps]"""
_TAKEN_AT_ONCE = 16


class Recovery:
    """One node's way back.

    Args:
        own: the node's own id, and those that it hosts.
    """

    def __init__(
        self,
        config: RecoveryConfig,
        lace: Lace,
        state: FleetState,
        own: Sequence[NodeId],
        sources: Sources,
    ) -> None:
        self._config = config
        self._lace = lace
        self._state = state
        self._own = tuple(own)
        self._sources = sources
        self.session: Session | None = None
        """The last one, going on or ended."""
        self._loose: list[Block] = []
        self._loose_keys: list[str] = []
        self._refused: set[BlockId] = set()
        """Loose blocks that were handed to the door; who comes back did not pass."""
        self._are_all_loose = True
        self._is_by_name = False
        self._answers = Answers(lace, state, self._own, counts_hosted=config.counts_hosted)
        self._pace = Pace(lace)
        self._steps: list[Step] | None = None
        self._at = 0
        self._due: Instant | None = None
        self._ask_due = Instant(0)
        self._moved = self._own_moved = Instant(0)
        self._mark: tuple[object, ...] = ()
        self._own_mark: tuple[object, ...] = ()

    # --- asking

    @property
    def is_holding(self) -> bool:
        """Whether this node must not write: what it once signed may be unknown to it."""
        return self._is_damaged_and(Phase.GATHERING)

    def answers(self) -> tuple[tuple[NodeId, Vote], ...]:
        """What our members answered in blocks that can not be taken any more, for them to keep to
        it; nothing before that is certain, and once all is said again."""
        is_certain = self._is_damaged_and(Phase.SAYING)
        return answers_of(beyond(self._loose, self._lace), self._own) if is_certain else ()

    @property
    def is_busy(self) -> bool:
        """Whether a recovery goes on."""
        return self.session is not None and self.session.phase is not Phase.ENDED

    def held(self) -> Frontier:
        """What peers are told that we hold, when we pull from them: while what is missing is asked
        for by name, also what waits for that."""
        held = self._lace.frontier()
        return frontier_with(held, self._loose) if self._is_by_name else held

    def wanted(self, others: Iterable[BlockId], count: int) -> list[BlockId]:
        """What they are asked for by name, at most `count`.

        Args:
            others: what is missing for what they sent.
        """
        session = self.session
        named = self._lacking(session) if self._is_by_name and session is not None else []
        return names_of(named, others, self._loose, count)

    def is_stuck(self, at: Instant) -> bool:
        """Whether a member holds a block of ours whose predecessor is nowhere any more: whatever
        this node wrote would contradict it. Its identity is lost; only a new one can write."""
        patience = after(self._own_moved, self._config.patience_ns)
        return self.is_holding and at >= patience and self._answers.behind_a_gap()

    def shown(self, now: Now) -> Shown | None:
        """What people see of the last recovery; None when there was none."""
        session = self.session
        if session is None:
            return None
        total = len(self._steps or ())
        goes_on = session.phase is not Phase.ENDED
        return Shown(
            cause=session.cause,
            phase=session.phase,
            way=self._way(session),
            ways=ways_of(self._lack(session)),
            began_ms=session.began_ms,
            ended_ms=session.ended_ms,
            is_holding=self.is_holding,
            awaited_count=len(self._lacking(session)) if goes_on else 0,
            loose_count=len(self._loose),
            snapshot_bytes=self._sources.snapshot() or (0, 0),
            unanswered=self._unanswered(session),
            step_count=self._at if goes_on else session.said_count,
            step_total=total if goes_on else session.said_count,
            is_stuck=self.is_stuck(now.instant),
            is_stalled=goes_on and now.instant > after(self._moved, self._config.patience_ns),
            remaining_ms=self._remaining_ms(session, now),
            came_count=self._pace.came_count if self.is_holding else 0,
            missing_count=self._missing_count(session),
        )

    # --- beginning

    def recall(self, facts_of: Callable[[str], Iterable[tuple[str, bytes]]]) -> None:
        """Take up the session of our own store.

        Raises:
            StorageError: `corrupt`.
        """
        kept = recalled(facts_of)
        self.session, self._loose_keys = kept.session, kept.keys
        if self.is_busy:
            self._loose = kept.loose
            kept_all = self.session is not None and len(kept.loose) >= self.session.loose_count
            self._are_all_loose = kept_all

    def resume(self, now: Now) -> RecoveryEffects:
        """Go on where the last run left it."""
        session = self.session
        if session is None or session.phase is Phase.ENDED:
            return Effects()
        self._due = self._moved = now.instant
        self._pace.begin(now.instant)
        self._is_by_name = choose(ways_of(self._lack(session))) is WayKind.DIFFERENTIAL
        return Effects(emit=[RecoveryBegan(session.cause)])

    # --- inputs

    def handle(self, event: RecoveryInput, now: Now) -> RecoveryEffects:
        """Take one input."""
        match event:
            case AskCame(peer, asked):
                held = answer(self._lace, self._own, asked, self._waiting)
                return Effects(send=[Send(peer, held)])
            case HeldCame(peer, held):
                if self.is_holding:
                    self._answers.take(peer, held)
                    self._due = now.instant
                return Effects()
            case SnapshotPut():
                effects = self._behind(now)
                self._due = now.instant
                return effects
            case _:
                assert_never(event)

    def deadline(self) -> Instant | None:
        """The next step; None while there is nothing to recover."""
        return self._due

    def tick(self, now: Now) -> RecoveryEffects:
        """Go a step further, when it is time."""
        if self._due is None:
            fetching = self._sources.snapshot() is not None
            return self._behind(now) if fetching else Effects()
        if now.instant < self._due or self.session is None:
            return Effects()
        effects: RecoveryEffects = Effects()
        self._due = after(now.instant, self._config.ask_period_ns)
        session = self.session
        self._watch(session, now, effects)
        if now.instant >= after(self._moved, self._config.by_name_ns) or not self._loose:
            self._is_by_name = False
        if session.phase is Phase.SAYING:
            self._say_on(session, now, effects)
        elif session.cause is Cause.DAMAGED:
            self._gather(session, now, effects)
        elif self._sources.snapshot() is None:  # it came, or nobody gives it any more
            self._begin_saying(session, now, effects)
        return effects

    # --- private

    def _is_damaged_and(self, phase: Phase) -> bool:
        session = self.session
        return session is not None and (session.cause, session.phase) == (Cause.DAMAGED, phase)

    def _behind(self, now: Now) -> RecoveryEffects:
        """A snapshot is being fetched, or came: begin a session, unless one goes on."""
        if self.is_busy:
            return Effects()
        self._steps, self._at = None, 0
        told = () if self.session is None else self.session.witnessed
        self.session = Session(cause=Cause.BEHIND, began_ms=now.wall_ms, witnessed=told)
        self._due, self._moved = after(now.instant, self._config.ask_period_ns), now.instant
        return Effects(remember=[self._record()], emit=[RecoveryBegan(Cause.BEHIND)])

    def _waiting(self, author: NodeId) -> tuple[int, BlockId] | None:
        """The highest block of an author that waits here, or did when a recovery ended."""
        told = self.session.witnessed if self.session is not None else ()
        return highest_of(author, self._sources.waiting(author), self._loose, told)

    def _gather(self, session: Session, now: Now, effects: RecoveryEffects) -> None:
        """Take what fits now; end when all that we ever signed is held, or nowhere."""
        fitting = self._fitting()
        if fitting:
            effects.emit.append(TakeAgain(tuple(block.wire for block in fitting)))
            self._due = after(now.instant, self._config.step_pause_ns)
            return
        if session.is_accounted and not self._loose and not self._lacking(session):
            self._begin_saying(session, now, effects)
            return
        if self._answers.are_enough(self._is_patient(now)):
            quiet = after(self._own_moved, self._config.settle_ns)
            if now.instant >= quiet:
                self._begin_saying(session, now, effects)
                return
            self._due = min(quiet, self._due or quiet)
        if now.instant >= self._ask_due:
            self._ask_due = after(now.instant, self._config.ask_period_ns)
            effects.send.append(Send(None, HeadsAsked(self._own)))

    def _fitting(self) -> list[Block]:
        """Loose blocks that can be taken now; those that are held, or over, go."""
        self._loose = still_loose(self._loose, self._lace, self._refused, self._own)
        taken = fitting(self._loose, self._lace, self._refused, _TAKEN_AT_ONCE)
        self._refused.update(one.id for one in taken)
        return taken

    def _lack(self, session: Session) -> Lacking:
        size = (self._sources.snapshot() or (0, 0))[1]
        named = len(self._lacking(session))
        return Lacking(session, named, self._loose, self._are_all_loose, size)

    def _way(self, session: Session) -> WayKind:
        if session.cause is Cause.BEHIND:
            return WayKind.SNAPSHOT
        return WayKind.DIFFERENTIAL if self._is_by_name else WayKind.INCREMENTAL

    def _lacking(self, session: Session) -> list[BlockId]:
        """Awaited blocks that have not come."""
        return [one for one in session.awaited if one not in self._lace]

    def _unanswered(self, session: Session) -> tuple[NodeId, ...]:
        if not self.is_holding or (session.is_accounted and not self._lacking(session)):
            return ()
        return tuple(self._answers.unanswered())

    def _begin_saying(self, session: Session, now: Now, effects: RecoveryEffects) -> None:
        """Writing is safe again: work out what has to be said anew."""
        claims = tuple(self._state.beliefs.claims_made(one) for one in self._own)
        self.session = msgspec.structs.replace(
            session,
            phase=Phase.SAYING,
            claims=session.claims or claims[: limits.RECOVERY_AUTHORS_MAX],
            lost_count=len(self._lacking(session)),
        )
        effects.remember.append(self._record())
        if session.cause is Cause.DAMAGED:
            effects.emit.append(WriteAgain())
        self._due = after(now.instant, self._config.step_pause_ns)

    def _say_on(self, session: Session, now: Now, effects: RecoveryEffects) -> None:
        """The next steps, once those before are in blocks; at the end the session closes."""
        if self._steps is None:
            self._steps = self._worked_out(session)
            self._at = min(session.said_count, len(self._steps))
        if not self._sources.is_free():
            return
        steps = self._steps
        if self._at != session.said_count:
            session = self.session = msgspec.structs.replace(session, said_count=self._at)
            effects.remember.append(self._record())
        batch = steps[self._at : self._at + STEPS_AT_ONCE]
        self._at += len(batch)
        effects.emit += [one for one in batch if not is_said(one, self._state)]
        effects.emit.append(RecoveryStepped(session.cause, session.phase, self._at, len(steps)))
        self._due = after(now.instant, self._config.step_pause_ns)
        if not batch:
            self._end(session, now, effects)

    def _worked_out(self, session: Session) -> list[Step]:
        if session.cause is Cause.DAMAGED:
            claims = dict(zip(self._own, session.claims, strict=False))
            return steps_of(beyond(self._loose, self._lace), claims)
        own = [one.id for one in self._lace.beyond_cut() if one.author in self._own]
        return void_proposals(self._sources.read(own), self._state)

    def _end(self, session: Session, now: Now, effects: RecoveryEffects) -> None:
        self.session = msgspec.structs.replace(
            session,
            phase=Phase.ENDED,
            ended_ms=now.wall_ms,
            awaited=(),
            witnessed=witnessed_of(self._loose, session.witnessed, self._own),
        )
        effects.remember.append(self._record())
        effects.remember += [Record(key, None) for key in self._loose_keys]
        self._loose, self._loose_keys, self._due = [], [], None
        effects.emit.append(RecoveryEnded(session.cause, session.said_count, session.lost_count))

    def _watch(self, session: Session, now: Now, effects: RecoveryEffects) -> None:
        """Notice whether anything moved since the last look."""
        heads = [self._lace.head(one) for one in self._own]
        own_mark = (
            tuple(head.id if head is not None else b"" for head in heads),
            tuple(self._answers.unanswered()),
        )
        if own_mark != self._own_mark:
            self._own_mark, self._own_moved = own_mark, now.instant
        counts = self._at, len(self._lacking(session)), len(self._loose)
        mark = own_mark, session.phase, self._sources.snapshot(), *counts
        if mark != self._mark:
            self._mark, self._moved = mark, now.instant
            effects.emit.append(
                RecoveryStepped(session.cause, session.phase, self._at, len(self._steps or ()))
            )

    def _remaining_ms(self, session: Session, now: Now) -> int | None:
        """As long as what is left takes at the pace so far."""
        if self.is_holding:
            return self._pace.remaining_ms(self._missing_count(session), now.instant)
        got, size = self._sources.snapshot() or (0, 0)
        total = len(self._steps or ())
        done, left = (self._at, total - self._at) if total else (got, size - got)
        if session.phase is Phase.ENDED or not done:
            return None
        return max(0, now.wall_ms - session.began_ms) * left // done

    def _missing_count(self, session: Session) -> int:
        known = len(self._lacking(session)) + len(self._loose)
        return self._pace.missing_count(self._answers.told(), known) if self.is_holding else 0

    def _is_patient(self, now: Now) -> bool:
        """Whether blocks of others that members hold may still come."""
        return now.instant < after(self._own_moved, self._config.patience_ns)

    def _record(self) -> Record:
        return Record(SESSION_KEY, encode(self.session))

"""Brings together, by plan, what parts of a split decided apart; what it did can be taken back.

    discover    what each side decided, what of it does not agree      discovering.py
    plan        steps in causal order, what they cost                  planning.py
    say         ten steps in a block, then a record of how far it is
    check       rounds that were opened have to end with a verdict
    undo        on failure, or when the operator says so, the last step first

Every step looks first whether what it would say stands already, so that a crash repeats at most a
batch. While the fleet is split again, and while the node may not write, it waits.

Healing needs none of this: where nodes reconcile by themselves (protocol/partition), a plan has
nothing left to do. Deliberately not here: what a reconciliation means (state/outcomes.py), blocks.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias, assert_never

import msgspec

from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.effects import Effects, Record
from credimus.kernel.errors import Conflict, NotFound, PeerFault, StorageError
from credimus.kernel.ids import BeliefId, NodeId
from credimus.kernel.instant import Instant, Now, after
from credimus.protocol.reunion.discovering import Holdings
from credimus.protocol.reunion.interface import (
    SESSION_KEY,
    Asked,
    Bearing,
    Begin,
    PairStep,
    Phase,
    Plan,
    ReunionBegan,
    ReunionConfig,
    ReunionEnded,
    ReunionInput,
    ReunionStepped,
    Session,
    Shown,
    Undo,
)
from credimus.protocol.reunion.planning import STEPS_AT_ONCE, plan_of
from credimus.protocol.reunion.stepping import Broken, Stepping, pair_of
from credimus.state.operations import Operation, Rules
from credimus.state.reconciliations import Pair

ReunionEffects: TypeAlias = Effects[Any, Any, Any]
_GOES_ON = frozenset({Phase.SAYING, Phase.CHECKING, Phase.UNDOING})
_session = decoder(Session)


class Sources(NamedTuple):
    """What a reunion looks at beside lace and state, and how it speaks."""

    bears: Bearing
    """How statements bear on each other."""
    say: Callable[[NodeId, Operation], object]
    """Makes of an operation what the composition root writes as this node's."""
    propose_again: Callable[[NodeId, BeliefId, Rules], object]
    """The same for the next attempt on a belief."""
    is_free: Callable[[], bool]
    """Whether all that was said is in blocks."""
    is_whole: Callable[[], bool]
    """Whether the fleet is not split, and this node may write."""
    synchronized: Callable[[], tuple[int, int]]
    """Members known to hold all that this node wrote, and of how many."""


class Reunion:
    """One node's reunions, one at a time."""

    def __init__(self, config: ReunionConfig, holdings: Holdings, sources: Sources) -> None:
        self._config = config
        self._holdings = holdings
        self._sources = sources
        self._stepping = Stepping(holdings, sources.say, sources.propose_again)
        self.session: Session | None = None
        """The last one, going on or over."""
        self._at = 0
        """Steps carried out, or while undoing still standing; those in blocks are `done_count`."""
        self._due: Instant | None = None
        self._moved = Instant(0)

    # --- asking

    def plan(self, asked: Asked) -> Plan:
        """What a reunion would do now; changes nothing."""
        return plan_of(self._holdings, asked, self._sources.bears)

    def has_planned(self, pair: Pair) -> bool:
        """Whether a step of the last reunion is about a pair, said, undone or still to come."""
        steps = () if self.session is None else self.session.steps
        return any(isinstance(one, PairStep) and pair_of(one) == pair for one in steps)

    def shown(self, now: Now) -> Shown | None:
        """What people see of the last reunion; None when there was none."""
        session = self.session
        if session is None:
            return None
        done = session.steps[: session.done_count]
        came = sum(self._stepping.has_come(one) for one in done)
        outvoted = sum(self._stepping.is_outvoted(one) for one in done)
        goes_on = session.phase in _GOES_ON
        return Shown(
            session=session,
            resolved_count=came,
            pending_count=len(session.steps) - came if session.phase is not Phase.UNDONE else 0,
            outvoted_count=outvoted,
            synchronized=self._sources.synchronized(),
            is_stalled=goes_on and now.instant > after(self._moved, self._config.patience_ns),
            is_waiting=goes_on and not self._sources.is_whole(),
            remaining_ms=self._remaining_ms(session, now),
        )

    # --- beginning

    def recall(self, facts_of: Callable[[str], Iterable[tuple[str, bytes]]]) -> None:
        """Take up the session of our own store.

        Raises:
            StorageError: `corrupt`.
        """
        for key, value in facts_of("reunion"):
            if key != SESSION_KEY:
                continue
            try:
                self.session = decode(value, _session, "reunion session")
            except PeerFault as problem:
                raise StorageError(
                    "corrupt", f"what was kept of a reunion is damaged: {problem.message}"
                ) from None

    def resume(self, now: Now) -> ReunionEffects:
        """Go on where the last run left it."""
        session = self.session
        if session is None or session.phase not in _GOES_ON:
            return Effects()
        self._at = session.done_count
        if session.phase is Phase.UNDOING:  # a batch that was said may not have been recorded
            self._at = len(session.steps)
        self._due = self._moved = now.instant
        return Effects(emit=[ReunionBegan(session.strategy, len(session.steps))])

    # --- inputs

    def handle(self, event: ReunionInput, now: Now) -> ReunionEffects:
        """Take one input.

        Raises:
            Conflict: `reunion-under-way`, `plan-changed`.
            NotFound: `no-reunion`.
        """
        match event:
            case Begin():
                return self._begin(event, now)
            case Undo():
                return self._undo(now)
            case _:
                assert_never(event)

    def deadline(self) -> Instant | None:
        """The next batch or look; None while there is nothing to do."""
        return self._due

    def tick(self, now: Now) -> ReunionEffects:
        """Go on, when it is time."""
        session = self.session
        if session is None or self._due is None or now.instant < self._due:
            return Effects()
        self._due = after(now.instant, self._config.look_ns)
        effects: ReunionEffects = Effects()
        if not self._sources.is_whole() or not self._sources.is_free():
            return effects
        if session.phase is Phase.SAYING:
            self._say_on(session, now, effects)
        elif session.phase is Phase.CHECKING:
            self._check(session, now, effects)
        else:
            self._undo_on(session, now, effects)
        return effects

    # --- private

    def _begin(self, event: Begin, now: Now) -> ReunionEffects:
        session = self.session
        if session is not None and session.phase is not Phase.UNDONE:
            if session.plan == event.plan:
                return Effects()  # the same again
            if session.phase in _GOES_ON:
                raise Conflict(
                    "reunion-under-way",
                    "another reunion goes on; see `credimus recovery`, or take it back with "
                    "`credimus recovery abort`.",
                )
        plan = self.plan(event.asked)
        if plan.id != event.plan:
            raise Conflict(
                "plan-changed",
                f"the plan is {plan.id.hex()[:12]} by now, not {event.plan.hex()[:12]}: what it "
                "rests on has changed. Look at it again with `credimus recovery plan`.",
            )
        self.session = Session(
            plan=plan.id, strategy=plan.strategy, steps=plan.steps, began_ms=now.wall_ms
        )
        self._at = 0
        self._due = self._moved = now.instant
        began = ReunionBegan(plan.strategy, len(plan.steps))
        return Effects(remember=[self._record()], emit=[began])

    def _undo(self, now: Now) -> ReunionEffects:
        session = self.session
        if session is None:
            raise NotFound("no-reunion", "there was no reunion at this node; nothing to take back.")
        if session.phase in (Phase.UNDOING, Phase.UNDONE):
            return Effects()
        return self._turn_back(session, "its operator took it back", now)

    def _turn_back(self, session: Session, why: str, now: Now) -> ReunionEffects:
        """From here on steps are undone, also those of which it is not known yet whether they are
        in blocks."""
        self._at = len(session.steps)
        self._due = self._moved = now.instant
        self._become(session, phase=Phase.UNDOING, why=why, ended_ms=0)
        return Effects(remember=[self._record()])

    def _say_on(self, session: Session, now: Now, effects: ReunionEffects) -> None:
        """The next steps, once those before are in blocks; then on to the check."""
        steps = session.steps
        try:
            self._stepping.verify(steps[session.done_count : self._at])
            batch = steps[self._at : self._at + STEPS_AT_ONCE]
            said = [one for step in batch for one in self._stepping.say(step, steps[: self._at])]
        except Broken as problem:
            effects.absorb(self._turn_back(session, str(problem), now))
            return
        if self._at != session.done_count:
            session = self._become(session, done_count=self._at)
            effects.remember.append(self._record())
        self._at += len(batch)
        self._moved = now.instant
        effects.emit += said
        self._tell(session, effects)
        self._due = after(now.instant, self._config.step_pause_ns)
        if not batch:
            self._become(session, phase=Phase.CHECKING)
            effects.remember.append(self._record())

    def _check(self, session: Session, now: Now, effects: ReunionEffects) -> None:
        """End when every round that was opened has a verdict; undo all when one never will."""
        try:
            still = [step for step in session.steps if self._stepping.is_open(step)]
        except Broken as problem:
            effects.absorb(self._turn_back(session, str(problem), now))
            return
        if not still:
            self._end(session, Phase.ENDED, now, effects)

    def _undo_on(self, session: Session, now: Now, effects: ReunionEffects) -> None:
        """Undo the last steps that still stand."""
        if self._at < session.done_count:
            session = self._become(session, done_count=self._at)
            effects.remember.append(self._record())
        batch = session.steps[max(0, self._at - STEPS_AT_ONCE) : self._at]
        for step in reversed(batch):
            effects.emit += self._stepping.undo(step)
        self._at -= len(batch)
        self._moved = now.instant
        self._tell(session, effects)
        self._due = after(now.instant, self._config.step_pause_ns)
        if not batch:
            self._end(session, Phase.UNDONE, now, effects)

    def _end(self, session: Session, phase: Phase, now: Now, effects: ReunionEffects) -> None:
        session = self._become(session, phase=phase, ended_ms=now.wall_ms)
        self._due = None
        effects.remember.append(self._record())
        undone = phase is Phase.UNDONE
        lasting = sum(self._stepping.lasts(step) for step in session.steps)
        count = lasting if undone else len(session.steps)
        effects.emit.append(ReunionEnded(undone, count, session.why))

    def _become(self, session: Session, **changes: Any) -> Session:
        changed = self.session = msgspec.structs.replace(session, **changes)
        return changed

    def _tell(self, session: Session, effects: ReunionEffects) -> None:
        effects.emit.append(ReunionStepped(session.phase, self._at, len(session.steps)))

    def _remaining_ms(self, session: Session, now: Now) -> int | None:
        """As long as what is left takes at the pace so far; rounds take as long as they take."""
        done, total = session.done_count, len(session.steps)
        if session.phase is not Phase.SAYING or not done:
            return None
        return max(0, now.wall_ms - session.began_ms) * (total - done) // done

    def _record(self) -> Record:
        return Record(SESSION_KEY, encode(self.session))

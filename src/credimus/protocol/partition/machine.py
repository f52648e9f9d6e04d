"""Notices splits, says what may be written meanwhile, and brings together what was decided apart.

    who is in reach    seeing.py       how bad it is         levels.py
    what is permitted  permitting.py   what is written down  diary.py
    what to reconcile  reconciling.py, similarity.py

Nothing here decides who may vote, and no verdict: a reconciliation is an operation like others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

from credimus.kernel import limits
from credimus.kernel.effects import Effects
from credimus.kernel.errors import Partitioned
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND, Instant, Now, after, at_leisure, earliest, is_due
from credimus.protocol.partition.diary import Away, Diary, judge
from credimus.protocol.partition.interface import (
    Episode,
    FleetChanged,
    Level,
    PartitionChanged,
    PartitionConfig,
    PartitionHealed,
    PartitionInput,
    Permit,
    Sight,
    Standing,
    Told,
    View,
)
from credimus.protocol.partition.levels import Lasting, Steadiness
from credimus.protocol.partition.permitting import permit, reason_of
from credimus.protocol.partition.reconciling import Holdings, Reconciling
from credimus.protocol.partition.seeing import sight_of
from credimus.protocol.partition.similarity import LexicalSimilarity, Similarity
from credimus.state.events import (
    BeliefAsserted,
    BeliefsReconciled,
    RoundContested,
    RoundDecided,
    RoundExpired,
)
from credimus.state.operations import Reconcile, Rules
from credimus.state.reconciliations import Pair
from credimus.state.voting.electorates import suffices
from credimus.state.voting.verdict import Verdict

PartitionEffects: TypeAlias = Effects[Any, Any, Any]


@dataclass(slots=True)
class Counts:
    """What happened since the start; only ever grows."""

    splits: int = 0
    """Times that the level rose from none."""
    refused: int = 0
    """Writes refused."""
    tentative: int = 0
    """Writes taken tentatively."""
    reconciled: int = 0
    """Pairs of beliefs that this node reconciled."""


class Partition:
    """One node's view of a split.

    Args:
        holdings: what the node has, and in whose name it speaks.
        look: who can be reached at this moment.
        say: makes of an operation what the composition root writes as this node's.
    """

    def __init__(
        self,
        config: PartitionConfig,
        holdings: Holdings,
        look: Callable[[], View],
        say: Callable[[NodeId, Reconcile], object],
    ) -> None:
        self._config = config
        self._own, self._state, self._lace = holdings
        self._view_of_now = look
        self._say = say
        self._reconciling = Reconciling(config, holdings, LexicalSimilarity())
        self._steadiness = Steadiness(config)
        self._lasting = Lasting()
        self._sight: Sight | None = None
        self._begun_at: Instant | None = None
        self._look_due: Instant | None = None
        self._settled: View | None = None
        """The last view, if all in it is well and stays so while nothing changes."""
        self._there: dict[NodeId, Instant] = {}
        """Since when each member has been heard of without a break."""
        self._away: dict[NodeId, Away] = {}
        self._diary: Diary | None = None
        self._uncompared_before = 0
        """When the diary began."""
        self._close_due: Instant | None = None
        self.counts = Counts()

    # --- asking

    @property
    def level(self) -> Level:
        """How much of the fleet is out of reach."""
        return self._steadiness.level

    @property
    def sight(self) -> Sight:
        """Who is in reach, as last looked at; as of now before the first look."""
        return self._sight or sight_of(self._view_of_now(), forgiving=True)

    @property
    def reason(self) -> str:
        """Who is in reach, who is not and why, in words."""
        causes = {member: away.cause for member, away in self._away.items()}
        return reason_of(self.sight, causes, self._name_of)

    def permit(self, rules: Rules) -> Permit:
        """What a write can count on now; counts it.

        Args:
            rules: of the round that it opens or would open.

        Raises:
            Partitioned: nothing is written now.
        """
        level = self.level
        if level is Level.NONE:
            return _NORMAL
        reachable, members = len(self.sight.reachable), len(self._state.roster.current)
        try:
            found = permit(
                level,
                self._config.policy,
                self.reason,
                lambda: suffices(rules, min(reachable, members), members),
            )
        except Partitioned:
            self.counts.refused += 1
            raise
        self.counts.tentative += found.standing is Standing.TENTATIVE
        return found

    def use(self, similarity: Similarity) -> None:
        """From now on judge by this how statements bear on each other."""
        self._reconciling.similarity = similarity

    @property
    def similarity(self) -> Similarity:
        """How this node judges that statements bear on each other."""
        return self._reconciling.similarity

    def leave(self, is_planned: Callable[[Pair], bool]) -> None:
        """From now on leave to the operator the pairs that he has planned."""
        self._reconciling.is_planned = is_planned

    @property
    def is_settling(self) -> bool:
        """Whether a split has healed and is still to be reconciled or written down."""
        return self._close_due is not None or self._reconciling.is_busy

    def episode(self) -> Episode | None:
        """The split that is going on, or coming together; None when there is none."""
        return None if self._diary is None else self._entry(self._diary, None)

    @property
    def uncompared_count(self) -> int:
        """Beliefs accepted apart, and pairs of them, that were too many to be reconciled."""
        return self._reconciling.dropped_count

    # --- the machine

    def handle(self, event: PartitionInput, now: Now) -> PartitionEffects:
        """Take one input."""
        effects: PartitionEffects = Effects()
        match event:
            case FleetChanged():
                if self._begun_at is None:
                    self._begun_at = now.instant
                self._look(now, effects)
            case Told(facts):
                if self._hear(facts, now.instant):
                    self._look_soon(now, effects)
            case _:
                assert_never(event)
        return effects

    def deadline(self) -> Instant | None:
        """The next look, the next change of level, or our turn to speak."""
        is_small = len(self._state.roster.current) <= limits.SMALL_FLEET_MAX
        return earliest(
            self._look_due if is_small else at_leisure(self._look_due),
            self._steadiness.deadline(),
            self._close_due,
            self._reconciling.deadline(),
        )

    def tick(self, now: Now) -> PartitionEffects:
        """Look; say what is to be reconciled; close the diary."""
        effects: PartitionEffects = Effects()
        dues = earliest(self._look_due, self._steadiness.deadline())
        if dues is not None and dues <= now.instant:
            self._look(now, effects)
        for said in self._reconciling.due(now.instant, self.sight.reachable):
            if self._own in self._state.roster.current:
                self.counts.reconciled += 1
                effects.emit.append(self._say(self._own, said))
        if is_due(self._close_due, now):
            self._close(now, effects)
        return effects

    # --- private

    def _forget(self, at: Instant) -> None:
        """Let go of those who have been back for long: what they decided has come."""
        done_ns = 2 * self._config.settle_ns
        for member, away in list(self._away.items()):
            if away.back_at is not None and after(away.back_at, done_ns) <= at:
                del self._away[member]
        if not self._away:
            self._reconciling.forget()

    def _look_soon(self, now: Now, effects: PartitionEffects) -> None:
        """Look at once; in a large fleet, where a look costs more and peers come and go in
        crowds, a moment later for all that come and go until then."""
        member_count = len(self._state.roster.current)
        if member_count <= limits.SMALL_FLEET_MAX:
            self._look(now, effects)
        else:
            soon = after(now.instant, member_count * _MOMENT_NS)
            self._look_due = earliest(self._look_due, soon)

    def _look(self, now: Now, effects: PartitionEffects) -> None:
        """See who is in reach, and what has become of those who were not."""
        at, begun_at = now.instant, self._begun_at
        view, config = self._view_of_now(), self._config
        members = view.members
        slowness = 1 + len(members) // _LOOK_SLOWER_FROM
        self._look_due = after(at, slowness * config.look_ns) if len(members) > 1 else None
        if view is self._settled:
            self._forget(at)
            return
        there = {one: at for one in members if view.is_there(one)}
        self._there = there | {one: at for one, at in self._there.items() if one in there}
        fresh = [one for one, since in self._there.items() if at < after(since, _FRESH_NS)]
        forgiving = begun_at is None or at < after(begun_at, config.grace_ns)
        seen = sight_of(view, fresh, forgiving=forgiving)
        sight = self._sight = self._lasting.of(seen, at)
        self._follow(sight, now)
        before = self.level
        if self._steadiness.see(sight, at):
            self._changed(before, now, effects)
        if self._diary is not None:
            self._diary.see(sight, self._away, self.level)
        self._forget(at)
        is_whole = len(there) == len(seen.reachable) == len(members)
        is_calm = self.level is Level.NONE and not (fresh or self._away or self._diary)
        self._settled = view if is_whole and is_calm and not seen.one_way else None

    def _follow(self, sight: Sight, now: Now) -> None:
        """Note who went, who came back and why."""
        absent = frozenset(sight.absent)
        for member in sight.absent:
            known = self._away.get(member)
            if known is None or known.back_at is not None:
                head = self._lace.head(member)
                sequence = 0 if head is None else head.sequence
                self._away[member] = Away(now, sequence)
        for member, away in self._away.items():
            if member not in absent and away.back_at is None:
                away.back_at, away.back_ms = now.instant, now.wall_ms
                self._reconciling.returned(now.instant)
        judge(self._away, sight, _TOGETHER_NS)

    def _changed(self, before: Level, now: Now, effects: PartitionEffects) -> None:
        level, sight = self.level, self.sight
        if before is Level.NONE:
            self.counts.splits += 1
            if self._diary is None:
                self._diary = Diary(now, self._lace, self._state.rounds, self._name_of)
                self._uncompared_before = self.uncompared_count
        self._close_due = None
        if level is Level.NONE:
            self._close_due = after(now.instant, self._config.settle_ns)
        effects.emit.append(
            PartitionChanged(
                level=level,
                before=before,
                reachable_count=len(sight.reachable),
                member_count=len(sight.members),
                lopsided=bool(sight.one_way),
                reason=self.reason,
            )
        )

    def _close(self, now: Now, effects: PartitionEffects) -> None:
        """End the entry, unless something is still to be reconciled."""
        if self._reconciling.is_busy:
            self._close_due = after(now.instant, self._config.speak_ns)
            return
        self._close_due = None
        if self._diary is not None:
            entry = self._entry(self._diary, now.wall_ms)
            effects.emit.append(PartitionHealed(episode=entry))
            self._diary = None

    def _entry(self, diary: Diary, healed_ms: int | None) -> Episode:
        count = self.uncompared_count - self._uncompared_before
        return diary.entry(self.level, healed_ms, count)

    def _hear(self, facts: Sequence[object], at: Instant) -> bool:
        """Take what changed; returns whether to look who is in reach."""
        look = False
        away, diary, rounds = self._away, self._diary, self._state.rounds
        for fact in facts:
            match fact:
                case RoundDecided() if away:
                    if rounds.verdict(fact.belief) is Verdict.ACCEPTED:
                        back = any(one.back_at is not None for one in away.values())
                        self._reconciling.accepted(fact.belief, at if back else None)
                    if diary is not None:
                        diary.changed(fact.round, fact.before)
                case RoundExpired() | RoundContested() if diary is not None:
                    diary.changed(fact.round, fact.before)
                case BeliefAsserted() if diary is not None and fact.first:
                    diary.asserted(fact.author, fact.belief)
                case BeliefsReconciled() if diary is not None:
                    diary.reconciled(fact)
                case RoundDecided() | RoundExpired() | RoundContested():
                    pass
                case BeliefAsserted() | BeliefsReconciled():
                    pass
                case _:
                    look = True  # something of a peer
        return look

    def _name_of(self, node: NodeId) -> str:
        member = self._state.roster.current.by_id.get(node)
        return member.name if member is not None else ""


_NORMAL = Permit()
_FRESH_NS = 3_000 * MILLISECOND
"""After so long what a member tells of whom it hears has come here. [guess: three rows]"""
_TOGETHER_NS = 3_000 * MILLISECOND
"""Members that fall silent within this time of each other went together. [guess: they are found
out in turns]"""
_MOMENT_NS = MILLISECOND
"""From news of a peer to the look, for each member: short beside `worse_ns`, after which it is
told. [guess]"""
_LOOK_SLOWER_FROM = 64
"""In larger fleets looks are rarer, because each costs the square of the members. [guess]"""

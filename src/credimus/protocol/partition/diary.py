"""One split as it is written down: who was away and why, what was written apart, what changed.

Deliberately not here: when a split begins and ends (machine.py), where the diary is kept.
"""

from collections.abc import Callable, Mapping

from credimus.kernel import limits
from credimus.kernel.hlc import stamp_of, wall_ms_of
from credimus.kernel.ids import NodeId, RoundId
from credimus.kernel.instant import Instant, Now
from credimus.lace.lace import Lace
from credimus.protocol.partition.interface import (
    Absence,
    Cause,
    Change,
    Episode,
    Level,
    Reconciled,
    Sight,
)
from credimus.state.events import BeliefsReconciled
from credimus.state.voting.rounds import Rounds
from credimus.state.voting.verdict import Verdict


class Away:
    """A member's time out of reach, while it is written down."""

    __slots__ = ("back_at", "back_ms", "cause", "sequence", "since", "since_ms")

    def __init__(self, now: Now, sequence: int) -> None:
        self.since = now.instant
        self.since_ms = now.wall_ms
        self.sequence = sequence
        """Of its last block held when it went."""
        self.back_at: Instant | None = None
        self.back_ms: int | None = None
        self.cause = Cause.SILENT


class Diary:
    """The entry of one split.

    Args:
        name_of: a member's name, empty for none.
    """

    def __init__(
        self, now: Now, lace: Lace, rounds: Rounds, name_of: Callable[[NodeId], str]
    ) -> None:
        self.began_ms = now.wall_ms
        self._lace = lace
        self._rounds = rounds
        self._name_of = name_of
        self._sequences = _sequences(lace)
        self._away: dict[NodeId, Away] = {}
        self._changes: dict[RoundId, Change] = {}
        self._left_out = 0
        self._reconciled: list[Reconciled] = []
        self._near = self._far = 0
        self._groups: tuple[tuple[NodeId, ...], ...] = ()
        self._member_count = 0
        self._lopsided = False
        self._merging = False
        self._new: dict[bytes, None] = {}
        self.worst = Level.NONE

    # --- who is away

    def see(self, sight: Sight, away: Mapping[NodeId, Away], level: Level) -> None:
        """Take a look: who is out of reach now, and how bad it is."""
        self._away.update(away)
        self._member_count = max(self._member_count, len(sight.members))
        self._lopsided = self._lopsided or bool(sight.one_way)
        if level > self.worst or not self._groups:
            self.worst = max(self.worst, level)
            self._groups = sight.groups

    # --- what changed

    def asserted(self, author: NodeId, belief: bytes) -> None:
        """A belief was asserted for the first time here."""
        if author in self._away:
            self._far += 1
            if len(self._new) < limits.EPISODE_CHANGES_MAX:
                self._new[belief] = None
        else:
            self._near += 1

    def changed(self, identifier: RoundId, before: Verdict) -> None:
        """A round's verdict climbed: written down when something of the far side had come.

        Args:
            before: what it climbed from.
        """
        found = self._rounds.get(identifier)
        if found is None or not (self._merging or self._has_come()):
            return
        self._merging = True
        known = self._changes.get(identifier)
        if known is None and len(self._changes) >= limits.EPISODE_CHANGES_MAX:
            self._left_out += 1
            return
        first = None if found.belief in self._new else before
        self._changes[identifier] = Change(
            belief=found.belief,
            round=identifier,
            before=first if known is None else known.before,
            after=found.verdict,
            why=self._why(identifier),
        )

    def reconciled(self, fact: BeliefsReconciled) -> None:
        """Two beliefs were brought together."""
        if len(self._reconciled) < limits.EPISODE_CHANGES_MAX:
            self._reconciled.append(
                Reconciled(
                    beliefs=(fact.first, fact.second),
                    strategy=fact.strategy,
                    finding=fact.finding,
                    author=fact.author,
                )
            )

    def entry(self, level: Level, healed_ms: int | None, uncompared_count: int = 0) -> Episode:
        """All of it, as of now."""
        away = sorted(self._away.items())[: limits.EPISODE_MEMBERS_MAX]
        absences = tuple(self._absence(member, one) for member, one in away)
        return Episode(
            began_ms=self.began_ms,
            healed_ms=healed_ms,
            level=level,
            worst=self.worst,
            lopsided=self._lopsided,
            member_count=self._member_count,
            absences=absences,
            groups=_bounded(self._groups),
            block_count=self._near_blocks(),
            belief_count=self._near,
            far_belief_count=self._far,
            changes=tuple(self._changes.values()),
            left_out_count=self._left_out,
            reconciled=tuple(self._reconciled),
            uncompared_count=uncompared_count,
        )

    # --- private

    def _absence(self, member: NodeId, away: Away) -> Absence:
        """What wrote meanwhile did not crash."""
        until_ms = away.back_ms
        places = self._lace.walk(stamp_of(away.since_ms), member)
        count = sum(until_ms is None or wall_ms_of(one.stamp) < until_ms for one in places)
        return Absence(
            member=member,
            cause=Cause.CUT if count else away.cause,
            since_ms=away.since_ms,
            back_ms=until_ms,
            block_count=count,
        )

    def _has_come(self) -> bool:
        """Whether some block of who was away is here that was not when it went."""
        for member, away in self._away.items():
            head = self._lace.head(member)
            if head is not None and head.sequence > away.sequence:
                return True
        return False

    def _why(self, identifier: RoundId) -> str:
        found = self._rounds.get(identifier)
        assert found is not None  # noqa: S101 - the caller looked
        if found.verdict is Verdict.CONTESTED:
            return "the parts hold certificates of opposite outcome"
        voters = found.electorate.members(found.voted)
        far = [one for one in voters if one in self._away]
        if found.verdict is Verdict.EXPIRED:
            return "it was closed without a decision"
        if not far:
            return "the votes of those in reach were enough"
        names = [self._name_of(one) or one.hex()[:12] for one in far[:_NAMED_MAX]]
        more = f" and {len(far) - len(names)} more" if len(far) > len(names) else ""
        return f"with the votes of {', '.join(names)}{more}, who had been out of reach"

    def _near_blocks(self) -> int:
        """Blocks written since by those who were never away."""
        return sum(
            sequence - self._sequences.get(author, 0)
            for author, sequence in _sequences(self._lace).items()
            if author not in self._away
        )


_NAMED_MAX = 3


def judge(away: Mapping[NodeId, Away], sight: Sight, together_ns: int) -> None:
    """Say of those out of reach why, as far as is known."""
    for member, one in away.items():
        if one.back_at is not None:
            continue
        near = sum(abs(other.since - one.since) <= together_ns for other in away.values())
        if member in sight.cut:
            one.cause = Cause.CUT
        else:
            one.cause = Cause.TOGETHER if near > 1 else Cause.SILENT


def _sequences(lace: Lace) -> dict[NodeId, int]:
    heads = ((author, lace.head(author)) for author in lace.authors())
    return {author: head.sequence for author, head in heads if head is not None}


def _bounded(groups: tuple[tuple[NodeId, ...], ...]) -> tuple[tuple[NodeId, ...], ...]:
    room, kept = limits.EPISODE_MEMBERS_MAX, []
    for group in groups:
        if room > 0:
            kept.append(group[:room])
            room -= len(group)
    return tuple(kept)

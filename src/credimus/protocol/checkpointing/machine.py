"""Proposes, attests and certifies checkpoints, as honest members do.

    whose turn an attempt is, attests a cut first; the others fold up to it and attest what they get
    more than two thirds attest one in an attempt   who has not gone on to a later one certifies it
    who certified                                   attests another only where more than two thirds
                                                    attested that, in the same attempt or later

So of each number at most one checkpoint is certified while less than a third lie, however messages
are delayed (Buchman, Kwon, Milosevic, "The latest gossip on BFT consensus", arXiv 1807.04938; the
words are operations, so everybody sees the same). What has to be remembered over a restart stands
in our own blocks. Deliberately not here: making the certified state the live one (node/).
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from credimus.kernel.effects import Effects
from credimus.kernel.hlc import stamp_of
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND, Instant, Now, after
from credimus.lace.frontier import Cut
from credimus.lace.lace import Lace
from credimus.protocol.checkpointing.cutting import cut_at, is_cut_held, turn_of
from credimus.protocol.checkpointing.interface import (
    CheckpointConfig,
    CheckpointRefused,
    Reader,
    SayWord,
    WordsSaid,
)
from credimus.protocol.checkpointing.shadow import Shadow
from credimus.protocol.checkpointing.unsaying import unsays
from credimus.state.fleet import FleetState
from credimus.state.keeping_operations import Attest, Certify

CheckpointingEffects: TypeAlias = Effects[Any, Any, SayWord | CheckpointRefused]

_WORDS_EACH = 4
"""New blocks for each elector that a checkpoint is worth: the words on the one before are some two
blocks of each, and a fleet at rest is not to talk of nothing but checkpoints. [guess]"""


class Checkpointing:
    """One member's part in the line of checkpoints.

    Args:
        author: who speaks here.
        read: the wires of blocks in our own store.
        image: gives the snapshot of the last certified checkpoint.
    """

    def __init__(
        self,
        config: CheckpointConfig,
        lace: Lace,
        state: FleetState,
        author: NodeId,
        sources: tuple[Reader, Callable[[], bytes | None]],
    ) -> None:
        self._config = config
        self._lace = lace
        self._state = state
        self._author = author
        self._read, self._image = sources
        self._due: Instant | None = Instant(0)
        self._attempt = 0
        self._attempt_due: Instant | None = None
        self.since_ms: int | None = None
        """Since when, by the wall clock, the next checkpoint has been under way; None before."""
        self._base = b"?"
        self._shadow: Shadow | None = None
        self._refused: set[bytes] = set()
        self._said: set[tuple[type, int]] = set()

    @property
    def shadow(self) -> Shadow | None:
        """What is folded at the moment."""
        return self._shadow

    def handle(self, event: WordsSaid, now: Now) -> CheckpointingEffects:
        """Members said something of checkpoints: look at once."""
        if event.facts:
            self._due = now.instant
        return Effects()

    def deadline(self) -> Instant | None:
        """The next look, or the next slice of work."""
        return self._due if self._config.enabled else None

    def tick(self, now: Now) -> CheckpointingEffects:
        """Go a step further, when it is time."""
        effects: CheckpointingEffects = Effects()
        if not self._config.enabled or self._due is None or now.instant < self._due:
            return effects
        under_way = self._attempt_due is not None
        pause_ns = max(SECOND, self._config.attempt_ns // 60) if under_way else self._config.look_ns
        self._due = after(now.instant, pause_ns)
        line = self._state.checkpoints
        if line.id != self._base:
            self._begin(line.id)
        if self._author not in self._state.roster.current or line.certified():
            return effects
        self._keep_time(now)
        self._fold_on(now)
        self._certify(effects)
        wanted = self._wanted(now, effects)
        if wanted is not None:
            self._work_on(wanted)
        self._fold_on(now)
        self._attest(effects)
        return effects

    def shadow_of(self, said: Attest) -> Shadow:
        """The state at the cut of a checkpoint, begun anew unless it is at work."""
        held = self._shadow
        if held is None or (held.cut, held.retention_ms) != (said.cut, said.retention_ms):
            self._work_on(said)
        assert self._shadow is not None  # noqa: S101 - just begun
        return self._shadow

    def drop(self) -> None:
        """The work at hand is done, or of no use."""
        if self._shadow is not None:
            self._shadow.end()
        self._shadow = None

    # --- private

    def _begin(self, base: bytes) -> None:
        self._base = base
        self._attempt, self._attempt_due, self.since_ms = 0, None, None
        self._refused.clear()
        self._said.clear()
        self.drop()

    def _electors(self) -> list[NodeId]:
        last = self._state.checkpoints.last
        if last is not None:
            return [NodeId(one) for one in last.electors]
        return list(self._state.roster.current.by_id)

    def _keep_time(self, now: Now) -> None:
        """The attempt is the last that anybody whose turn it was has begun, or our own patience."""
        line, before = self._state.checkpoints, self._attempt
        begun = [attempt for attempt, _ in line.attested_by(self._author)]
        electors = self._electors()
        for attempt in range(self._attempt + 1, self._attempt + 1 + len(electors)):
            proposers = [who for who, _ in line.proposed(attempt)]
            if proposers and turn_of(self._base, attempt, electors) in proposers:
                begun.append(attempt)
        self._attempt = max(self._attempt, *begun, 0)
        if self._attempt_due is None:
            if not (begun or line.proposed(0) or self._cut(now) is not None):
                return
            self._attempt_due = self._patience(now)
            self.since_ms = now.wall_ms
        elif self._attempt > before:
            self._attempt_due = self._patience(now)
        elif now.instant >= self._attempt_due:
            self._attempt += 1
            self._attempt_due = self._patience(now)

    def _patience(self, now: Now) -> Instant:
        return after(now.instant, self._config.attempt_ns * (self._attempt + 1))

    def _certify(self, effects: CheckpointingEffects) -> None:
        """Certify what two thirds attest in this attempt, once we could follow it at once."""
        line, shadow = self._state.checkpoints, self._shadow
        if shadow is None or not shadow.image:
            return
        if shadow.backlog_count > self._config.slice_count:
            return
        for attempt, identifier in line.attested():
            if (
                identifier == shadow.id
                and attempt == self._attempt
                and (attempt, identifier) not in line.certified_by(self._author)
                and (Certify, attempt) not in self._said
            ):
                self._said.add((Certify, attempt))
                word = Certify(line.id, attempt, identifier)
                effects.emit.append(SayWord(self._author, word))

    def _wanted(self, now: Now, effects: CheckpointingEffects) -> Attest | None:
        """What to work towards in this attempt; only its cut and retention count."""
        line = self._state.checkpoints
        if self._has_attested(self._attempt):
            mine = [one for one in line.attested_by(self._author) if one[0] == self._attempt]
            return line.proposal(mine[0][1]) if mine else None
        turn = turn_of(self._base, self._attempt, self._electors())
        for who, identifier in line.proposed(self._attempt):
            said = line.proposal(identifier)
            if who == turn and said is not None and identifier not in self._refused:
                reason = self._objection(said, identifier)
                if reason is None:
                    return said
                if reason:
                    self._refused.add(identifier)
                    effects.emit.append(CheckpointRefused(who, identifier, reason))
        return self._own_proposal(now) if turn == self._author else None

    def _own_proposal(self, now: Now) -> Attest | None:
        line = self._state.checkpoints
        bound = line.attested() or line.certified_by(self._author)
        if bound:
            return line.proposal(bound[-1][1])
        shadow = self._shadow
        if shadow is not None:  # go on with what was begun
            return Attest(line.id, 0, shadow.cut, (), shadow.retention_ms, b"")
        cut = self._cut(now)
        return None if cut is None else Attest(line.id, 0, cut, (), self._config.retention_ms, b"")

    def _cut(self, now: Now) -> Any:
        """Where to cut now, or None while it is not time."""
        keep, last = self._config.keep_ms, self._state.checkpoints.last
        stamp = stamp_of(max(0, now.wall_ms - keep))
        since = last.stamp if last is not None else self._state.roster.founding_stamp
        if stamp - since < stamp_of(self._config.interval_ms):
            return None
        cut = cut_at(self._lace, stamp, _WORDS_EACH * len(self._electors()))
        return None if cut is None or unsays(self._lace, self._state, cut) else cut

    def _objection(self, said: Attest, identifier: bytes) -> str | None:
        """Why not to attest; empty where it may yet be right, None where nothing speaks against."""
        line = self._state.checkpoints
        if said.retention_ms < self._config.retention_ms:
            return f"it keeps {said.retention_ms} ms, less than {self._config.retention_ms}"
        if self._shadow is None or self._shadow.cut != said.cut:  # else it is at work already
            if not is_cut_held(self._lace, said.cut):
                return ""  # sync will bring what is missing
            if self._unsays(said.cut, identifier):
                return ""  # once more is older, somebody will propose a later cut
        bound = line.certified_by(self._author)
        if bound and bound[-1][1] != identifier:
            later = [one for one in line.attested() if one[0] >= bound[-1][0]]
            if (later[-1][1] if later else b"") != identifier:
                return ""
        return None

    def _work_on(self, said: Attest) -> None:
        held = self._shadow
        if held is not None:
            if (held.cut, held.retention_ms) == (said.cut, said.retention_ms):
                return
            self.drop()
        image = self._image()
        fleet = self._state.roster.fleet
        base = FleetState(fleet) if image is None else image
        self._shadow = Shadow(base, self._lace, said.cut, said.retention_ms)

    def _fold_on(self, now: Now) -> None:
        """Fold the next slice, and see to it that another follows."""
        shadow = self._shadow
        if shadow is not None and not shadow.is_caught_up:
            shadow.step(self._config.slice_count, self._read, self._config.slice_operations)
            self._due = after(now.instant, self._config.slice_pause_ns)

    def _attest(self, effects: CheckpointingEffects) -> None:
        """Attest what the shadow came to, when that is what is proposed, or our own turn."""
        shadow = self._shadow
        if shadow is None or shadow.attest is None or self._has_attested(self._attempt):
            return
        line = self._state.checkpoints
        electors = self._electors()
        turn = turn_of(self._base, self._attempt, electors)
        named = [one for who, one in line.proposed(self._attempt) if who == turn]
        if self._unsays(shadow.cut, shadow.id):  # something came meanwhile
            self.drop()
            return
        if turn == self._author or shadow.id in named:
            self._said.add((Attest, self._attempt))
            word = msgspec.structs.replace(shadow.attest, attempt=self._attempt)
            effects.emit.append(SayWord(self._author, word))
        elif named and named[0] not in self._refused:
            self._refused.add(named[0])
            reason = "our own blocks give another state at its cut"
            if turn is not None:
                effects.emit.append(CheckpointRefused(turn, named[0], reason))

    def _unsays(self, cut: Cut, identifier: bytes) -> bool:
        """Whether a cut would unsay a verdict, and not more than two thirds attest it already."""
        attested = [one for _, one in self._state.checkpoints.attested()]
        return identifier not in attested and unsays(self._lace, self._state, cut)

    def _has_attested(self, attempt: int) -> bool:
        """Whether we attested in this attempt, or in a later one."""
        line = self._state.checkpoints
        said = [one for one, _ in line.attested_by(self._author)]
        said += [one for kind, one in self._said if kind is Attest]
        return any(one >= attempt for one in said)

"""All that is held against members here: what this node found, who accuses whom, and what follows.

Deliberately not here: how things are found (machine.py).
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.effects import Effects, Send
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import FleetId, NodeId
from credimus.kernel.instant import MILLISECOND, Instant, Now
from credimus.lace.seal import Signer
from credimus.protocol.vigilance.conduct import ConductBook
from credimus.protocol.vigilance.interface import (
    Accusation,
    Charge,
    Claim,
    Kind,
    MemberQuarantined,
    Standing,
    VigilanceConfig,
    VigilanceEvent,
    VigilanceMessage,
    Violation,
    ViolationSeen,
)
from credimus.protocol.vigilance.judging import witnesses_needed
from credimus.protocol.vigilance.sealing import check_charge, read_charge, seal_charge
from credimus.protocol.vigilance.violations import Violations
from credimus.state.membership.roster import Roster

VigilanceEffects: TypeAlias = Effects[Any, VigilanceMessage, VigilanceEvent]
ACCUSED: Final = frozenset(
    {
        Kind.CONTRADICTION,
        Kind.FALSE_CLAIM,
        Kind.OVER_LIMIT,
        Kind.NOT_PERMITTED,
        Kind.FALSE_EVIDENCE,
        Kind.WITHHOLDING,
    }
)
"""Kinds of which others are told. Equivocation has evidence; of the rest nobody knows the doer."""


class Found(msgspec.Struct, frozen=True, gc=False):
    """One thing that this node saw by itself."""

    member: NodeId
    kind: Kind
    detail: str
    shown: tuple[Claim, ...] = ()
    """Claims of the member that show it."""


class Docket:
    """One node's.

    Args:
        signer: of the node, who accuses.
        hosted: members of the node itself: nothing is held against them.
    """

    def __init__(
        self,
        config: VigilanceConfig,
        fleet: FleetId,
        roster: Roster,
        signer: Signer,
        hosted: Sequence[NodeId],
    ) -> None:
        self._config = config
        self._fleet = fleet
        self._roster = roster
        self._signer = signer
        self._hosted = hosted
        self.conduct = ConductBook(config)
        self._violations = Violations(config.accuse_period_ns, config.accused_ns)
        self._witnessed: BoundedMap[tuple[NodeId, Kind], Instant] = BoundedMap(
            limits.VIOLATIONS_MAX
        )
        self._charges: BoundedMap[tuple[NodeId, Kind], tuple[Instant, Accusation]] = BoundedMap(
            limits.CHARGES_KEPT
        )
        self.violation_count = 0
        """Violations told, since the start."""

    def violations(self, now: Now) -> list[Violation]:
        """What was found and who accuses whom, the newest first."""
        return self._violations.all(now, lambda one: self._counts(one, now.instant), self._needed())

    def recall(self, facts: Iterable[tuple[str, bytes]]) -> None:
        """Take up the history of an earlier life.

        Raises:
            StorageError: `corrupt`.
        """
        self._violations.recall(facts)

    def find(self, found: Found, now: Now, effects: VigilanceEffects) -> None:
        """Hold something against a member that this node saw itself."""
        member, kind = found.member, found.kind
        if member in self._hosted or member not in self._roster.keys:
            return
        detail = found.detail[: limits.CHARGE_DETAIL_MAX]
        is_news = self._violations.note(member, kind, detail, now)
        if is_news:
            self.violation_count += 1
            effects.remember += self._violations.records(member, kind)
            effects.emit.append(ViolationSeen(member, kind, detail))
            if kind in ACCUSED:
                self._accuse(found, detail, now, effects)
        self._blame(member, kind, now, effects)
        if is_news:
            self._weigh(member, kind, detail, now, effects)

    def read(self, message: Accusation) -> Charge | None:
        """What an accusation says that is to be taken; None for one that means nothing here.

        Raises:
            PeerFault: `malformed`, `wrong-fleet`, `bad-signature`.
        """
        charge = read_charge(message)
        if charge.fleet != self._fleet:
            raise PeerFault("wrong-fleet", "an accusation in another fleet")
        if charge.kind not in ACCUSED or charge.accused == charge.accuser:
            raise PeerFault("malformed", f"nobody is accused of {charge.kind.word} like this")
        roster = self._roster
        if charge.accuser not in roster.current or charge.accuser in self._hosted:
            return None
        if charge.accused not in roster.keys:
            return None
        check_charge(message, roster.keys[charge.accuser])
        return charge

    def take(self, charge: Charge, now: Now, effects: VigilanceEffects) -> None:
        """Take a member's word, which `read` gave."""
        if self._violations.accuse(charge, now):
            self._weigh(charge.accused, charge.kind, charge.detail, now, effects)

    def say_again(self, now: Now, effects: VigilanceEffects) -> None:
        """Show our own accusations once more, while they are fresh."""
        for key, (said, charge) in list(self._charges.items()):
            if now.instant - said < self._config.accuse_period_ns:
                effects.send.append(Send(None, charge))
            else:
                self._charges.take(key)

    # --- private

    def _weigh(
        self, member: NodeId, kind: Kind, detail: str, now: Now, effects: VigilanceEffects
    ) -> None:
        """Believe the accusers of a member once they are more than can lie, this node included."""
        accusers = self._violations.accusers(
            member, kind, now.instant, lambda one: self._counts(one, now.instant)
        )
        own = self._violations.has_found(member, kind)
        if not accusers or len(accusers) + own < self._needed():
            return
        told = self._witnessed.get((member, kind))
        if told is not None and now.instant - told < self._config.accused_ns:
            return
        self._witnessed.put((member, kind), now.instant)
        if member not in self._hosted:
            self.violation_count += 1
            effects.emit.append(ViolationSeen(member, kind, detail, accusers))
            self._blame(member, kind, now, effects)

    def _counts(self, accuser: NodeId, now: Instant) -> bool:
        """Whether a member's accusations count."""
        roster = self._roster.current
        return (
            accuser in roster
            and accuser not in roster.sidelined
            and self.conduct.standing(accuser, now) is not Standing.QUARANTINED
        )

    def _needed(self) -> int:
        return witnesses_needed(len(self._roster.current))

    def _accuse(self, found: Found, detail: str, now: Now, effects: VigilanceEffects) -> None:
        own = self._signer.node_id
        if own not in self._roster.current:
            return
        charge = Charge(
            self._fleet, own, now.wall_ms, found.member, found.kind, detail, found.shown
        )
        said = seal_charge(self._signer, charge)
        self._charges.put((found.member, found.kind), (now.instant, said))
        effects.send.append(Send(None, said))

    def _blame(self, member: NodeId, kind: Kind, now: Now, effects: VigilanceEffects) -> None:
        if not kind.points:
            self.conduct.watch(member, now.instant)
            return
        pause_ns = self.conduct.blame(member, kind.points, now.instant)
        if pause_ns:
            effects.emit.append(MemberQuarantined(member, pause_ns // MILLISECOND, kind))

"""Watches over the others: proves what can be proven, holds what can not against whom it must.

    equivocations             proven to all by an operation (proving.py)
    claims of states          signed, shown and compared (claims.py)
    accusations               of others: counted, believed of more than can lie (violations.py)
    points, quarantine        of members, here only (conduct.py)

Deliberately not here: making evidence, which takes the bytes of blocks; anything that others would
have to agree with.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, assert_never

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.effects import Effects, Record, Send, Wake
from credimus.kernel.entropy import Stream
from credimus.kernel.errors import PeerFault, StorageError
from credimus.kernel.ids import FleetId, NodeId
from credimus.kernel.instant import SECOND, Instant, Now, after, at_leisure, earliest
from credimus.lace.frontier import Frontier
from credimus.lace.lace import Lace
from credimus.lace.seal import Signer
from credimus.protocol.vigilance.claims import Claims
from credimus.protocol.vigilance.docket import Docket, Found, VigilanceEffects
from credimus.protocol.vigilance.interface import (
    SIGNED_CODES,
    Accusation,
    Claim,
    Conduct,
    FaultFound,
    Kind,
    MemberParoled,
    NamesIgnored,
    SignedCame,
    Standing,
    StateClaim,
    StateDoubted,
    Suspected,
    VigilanceConfig,
    VigilanceInput,
    Violation,
    Withheld,
)
from credimus.protocol.vigilance.judging import GAP_MS, VERSION
from credimus.protocol.vigilance.proving import Proving
from credimus.protocol.vigilance.sealing import (
    check_claim,
    frontier_digest,
    read_claim,
    seal_claim,
)
from credimus.protocol.vigilance.violations import FOUND
from credimus.state.fleet import FleetState

FLOOR: Final = "vigilance/claimed"
"""Under which the stamp of the last claim is kept on disk."""
_NAMED_CODES = {
    "bad-signature": Kind.BAD_SIGNATURE,
    "malformed": Kind.MALFORMED,
    "wrong-fleet": Kind.STRANGE_FLEET,
    "stamp-too-far-in-future": Kind.CLOCK,
}


class Watched(NamedTuple):
    """What a node holds."""

    fleet: FleetId
    lace: Lace
    state: FleetState
    hears_us: Callable[[NodeId], bool] = lambda _: True
    """Whether our messages come straight to a peer, as far as is known."""


class Vigilance:
    """One node's watch.

    Args:
        signer: of the node itself, who claims and accuses.
        hosted: all members that it hosts, itself included: nothing is held against them.
    """

    def __init__(
        self,
        config: VigilanceConfig,
        watched: Watched,
        signer: Signer,
        hosted: Sequence[NodeId],
        stream: Stream,
    ) -> None:
        self._config = config
        self._fleet, self._lace, self._state, self._hears_us = watched
        self._signer = signer
        self._hosted = hosted
        self._stream = stream
        self._proving = Proving(config, watched.state, hosted)
        self._claims = Claims()
        self._docket = Docket(config, watched.fleet, watched.state.roster, signer, hosted)
        self._passed_on: BoundedMap[NodeId, tuple[int, Instant]] = BoundedMap(limits.GUARDED_MAX)
        """Of each member the stamp of the newest claim that was passed on, and when."""
        self._look_due: Instant | None = None
        self._claim_due = Instant(0)
        self._looked_at = -1
        """How many blocks were held at the last look."""
        self._claimed: tuple[StateClaim, Claim] | None = None
        self._floor_ms = 0
        """The stamp of our last claim, in this life or an earlier one."""
        self._doubted = b""
        """The frontier at which our own state was doubted last."""
        self.fingerprint_of: Callable[[], bytes] = watched.state.fingerprint
        """What our blocks come to."""

    # --- asking

    @property
    def is_ignoring(self) -> bool:
        """Whether some member's messages are not all heard."""
        return self._docket.conduct.is_shut

    def conduct(self, now: Instant) -> list[Conduct]:
        """Everybody against whom something was found, as this node holds them."""
        return self._docket.conduct.all(now)

    def violations(self, now: Now) -> list[Violation]:
        """What was found and who accuses whom, the newest first."""
        return self._docket.violations(now)

    @property
    def violation_count(self) -> int:
        """Violations told, since the start."""
        return self._docket.violation_count

    def alike(self) -> set[NodeId]:
        """The members that claimed a state of the very blocks that we hold now."""
        return self._claims.of_blocks(self._held(self._lace.frontier()))

    # --- the door

    def hears(self, sender: NodeId, now: Instant) -> bool:
        """Whether a message in a member's name is heard."""
        return self._docket.conduct.hears(sender, now)

    # --- the contract of a machine

    def recall(self, facts_of: Callable[[str], Iterable[tuple[str, bytes]]]) -> None:
        """Take up the history, and the stamp of the last claim, of an earlier life.

        Raises:
            StorageError: `corrupt`.
        """
        for key, value in facts_of(FLOOR.rpartition("/")[0]):
            if key == FLOOR:
                if len(value) != _STAMP_BYTES:
                    raise StorageError("corrupt", f"{key} has {len(value)} bytes, not 8")
                self._floor_ms = int.from_bytes(value, "big")
        self._docket.recall(facts_of(FOUND))

    def handle(self, event: VigilanceInput, now: Now) -> VigilanceEffects:
        """Take one input.

        Raises:
            PeerFault: of a claim or an accusation; nothing was changed.
        """
        effects: VigilanceEffects = Effects()
        for found in self._found(event):
            self._docket.find(found, now, effects)
        if isinstance(event, Suspected):
            self._proving.open(event.suspicions, now)
        elif isinstance(event, SignedCame):
            if isinstance(event.message, Claim):
                self._take_claim(event.sender, event.message, now, effects)
            else:
                self._take_charge(event.message, now, effects)
        return effects

    def _found(self, event: VigilanceInput) -> list[Found]:
        """What an input says that somebody did."""
        match event:
            case Suspected(suspicions):
                return [Found(one.culprit, Kind.EQUIVOCATION, one.words) for one in suspicions]
            case FaultFound(sender, code, message, signer):
                if signer is not None and code in SIGNED_CODES:
                    return [Found(signer, SIGNED_CODES[code], message)]
                return [Found(sender, _NAMED_CODES.get(code, Kind.OTHER), message)]
            case NamesIgnored(peers):
                return [Found(one, Kind.FLOODING, "the guard ignores it") for one in peers]
            case Withheld(peers):
                what = "shows blocks, and gives none in answer to pulls"
                heard = [one for one in peers if self._hears_us(one)]
                return [Found(one, Kind.WITHHOLDING, what) for one in heard]
            case SignedCame():
                return []
            case _:
                assert_never(event)

    def deadline(self) -> Instant | None:
        """The next look at our own state, turn of evidence, or end of a quarantine."""
        look = Instant(0) if self._look_due is None else self._look_due
        return earliest(at_leisure(look), self._proving.deadline(), self._docket.conduct.deadline())

    def tick(self, now: Now) -> VigilanceEffects:
        """Take turns at evidence, end quarantines, look at our own state when it is time."""
        effects: VigilanceEffects = Effects()
        effects.emit += self._proving.due(now)
        effects.emit += [MemberParoled(one) for one in self._docket.conduct.paroled(now.instant)]
        if self._look_due is None:  # the first period is spent on coming together
            self._claim_due = after(now.instant, self._config.claim_period_ns)
            self._look_due = after(now.instant, self._config.quiet_ns)
        elif self._look_due <= now.instant:
            self._look_due = after(now.instant, self._config.quiet_ns)
            self._look(now, effects)
        return effects

    # --- our own claims

    def _look(self, now: Now, effects: VigilanceEffects) -> None:
        """Claim our state once nothing has changed for a while; else show the last claim again."""
        was_quiet = len(self._lace) == self._looked_at
        self._looked_at = len(self._lace)
        roster = self._state.roster.current
        own = self._signer.node_id
        if self._claim_due > now.instant or own not in roster or len(roster) < 2:
            return
        if was_quiet and len(self._state.beliefs) <= limits.STATE_CLAIM_BELIEFS_MAX:
            self._claim(now, effects)
        elif self._claimed is None:
            return
        # All claims reach all: in larger fleets each claims less often, and all hear as many.
        crowds = max(1, len(roster) // self._config.claimants)
        self._claim_due = after(now.instant, crowds * self._config.claim_period_ns)
        if self._claimed is not None:
            effects.send.append(Send(None, self._claimed[1]))
        self._docket.say_again(now, effects)

    def _claim(self, now: Now, effects: VigilanceEffects) -> None:
        """Compute our state and sign a claim of it, unless it is the one claimed last."""
        frontier = self._lace.frontier()
        if len(frontier.heads) >= limits.FRONTIER_HEADS_MAX:
            return  # it may not name all that is held
        digest = self._held(frontier)
        if self._claimed is not None and self._claimed[0].frontier == digest:
            return
        own = self._signer.node_id
        stamp_ms = max(now.wall_ms, self._floor_ms + GAP_MS + 1)
        made = StateClaim(
            self._fleet, own, stamp_ms, VERSION, len(self._lace), digest, self.fingerprint_of()
        )
        self._floor_ms = stamp_ms
        self._claimed = made, seal_claim(self._signer, made)
        effects.remember.append(Record(FLOOR, stamp_ms.to_bytes(_STAMP_BYTES, "big")))
        self._claims.own(made)
        for claim, message in list(self._claims.differing()):
            self._differ(claim, message, now, effects)

    def _held(self, frontier: Frontier) -> bytes:
        return frontier_digest(frontier, self._state.checkpoints.fingerprint())

    # --- the claims of others

    def _read(self, message: Claim) -> StateClaim | None:
        """A claim of another member that is to be taken; None for one that means nothing here.

        Raises:
            PeerFault: `malformed`, `wrong-fleet`, `bad-signature`.
        """
        claim = read_claim(message)
        if claim.fleet != self._fleet:
            raise PeerFault("wrong-fleet", "a claim of a state of another fleet")
        roster = self._state.roster
        if claim.member not in roster.current or claim.member in self._hosted:
            return None
        if not self._claims.knows(claim):
            check_claim(message, roster.keys[claim.member])
        return claim

    def _take_claim(
        self, sender: NodeId, message: Claim, now: Now, effects: VigilanceEffects
    ) -> None:
        claim = self._read(message)
        if claim is None or self._claims.knows(claim):
            return
        self._note(claim, message, now, effects)
        if self._is_to_be_passed_on(claim, now):
            apart = {sender, claim.member, *self._hosted}
            others = [one for one in sorted(self._state.roster.current.by_id) if one not in apart]
            count = self._passed_on_to(claim.member, now)
            # Claims made to some meet those made to the others.
            for one in self._stream.sample(others, min(count, len(others))):
                effects.send.append(Send(one, message, Wake.NEVER))

    def _passed_on_to(self, member: NodeId, now: Now) -> int:
        """How many others are to see a claim. That somebody is watched may rest on its name alone,
        so what follows from it harms nobody."""
        if self._docket.conduct.standing(member, now.instant) is Standing.CLEAR:
            return self._config.passed_on
        return max(self._config.passed_on, self._config.passed_on_watched)

    def _is_to_be_passed_on(self, claim: StateClaim, now: Now) -> bool:
        """Whether a claim is newer than any passed on before, and the first in a second: so nothing
        goes round for ever, and who claims without end has nobody else work for it."""
        stamp_ms, at = self._passed_on.get(claim.member) or (-1, Instant(-SECOND))
        if claim.stamp_ms <= stamp_ms or now.instant - at < SECOND:
            return False
        self._passed_on.put(claim.member, (claim.stamp_ms, now.instant))
        return True

    def _note(self, claim: StateClaim, message: Claim, now: Now, effects: VigilanceEffects) -> None:
        proof = self._claims.note(claim, message)
        if proof is not None:
            what = "signed two claims of its state that exclude each other"
            found = Found(claim.member, Kind.CONTRADICTION, what, proof)
            self._docket.find(found, now, effects)
        if self._claims.differs(claim):
            self._differ(claim, message, now, effects)

    def _differ(
        self, claim: StateClaim, message: Claim, now: Now, effects: VigilanceEffects
    ) -> None:
        """A member claims another state of blocks that we hold too: one of us is wrong."""
        if self._claims.is_supported(claim, len(self._state.roster.current)):
            if self._doubted != claim.frontier:
                self._doubted = claim.frontier
                like = self._claims.like(claim)
                agreeing = {one.member for one in like if one.fingerprint == claim.fingerprint}
                effects.emit.append(StateDoubted(tuple(sorted({claim.member, *agreeing}))))
            return
        what = f"claims another state of the same {claim.block_count} blocks"
        found = Found(claim.member, Kind.FALSE_CLAIM, what, (message,))
        self._docket.find(found, now, effects)

    def _take_charge(self, message: Accusation, now: Now, effects: VigilanceEffects) -> None:
        charge = self._docket.read(message)
        if charge is None:
            return
        if any(read_claim(one).member != charge.accused for one in charge.shown):
            raise PeerFault("malformed", "an accusation shows claims of somebody else")
        shown = [(self._read(one), one) for one in charge.shown]
        for claim, one in shown:
            if claim is not None and not self._claims.knows(claim):
                self._note(claim, one, now, effects)
        self._docket.take(charge, now, effects)


_STAMP_BYTES: Final = 8

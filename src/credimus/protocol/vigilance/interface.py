"""What vigilance says to peers, what it listens to, and what it tells.

evidence      proves itself to every node alike, and is an operation: forks, double votes
proof         proves itself to whoever checks two signatures: claims that contradict each other
signed        what this node itself checked, and what the member signed
by name       what came in a member's name, for which nobody vouches
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.breaker import BreakerConfig
from credimus.kernel.bucket import Rate
from credimus.kernel.ids import BlockId, FleetId, NodeId, RoundId
from credimus.kernel.instant import MILLISECOND, SECOND


class VigilanceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How soon wrongs are told, and how many lead to quarantine."""

    step_ns: int = 200 * MILLISECOND
    """Between the turns of two members at proving an equivocation: each waits for those drawn
    before it. Range above 0. [guess: a block reaches everybody within some 100 ms]"""
    again_ns: int = 5 * SECOND
    """From a turn to the next one, where nothing came of it. [guess]"""
    claim_period_ns: int = 10 * SECOND
    """Between two claims of our state, and between two showings of the same. Range above 1 s.
    [seed: sync 10 s]"""
    claimants: int = 20
    """Members that claim within one period; in larger fleets the period is so many times as long.
    Range 1 and up. [guess: two claims a second in all]"""
    quiet_ns: int = SECOND
    """So long nothing must have been taken before the state's fingerprint is computed: some 2 us
    a belief, which a busy node has no time for, and nobody else holds the same blocks then.
    [guess]"""
    passed_on: int = 2
    """Members to whom a claim is passed on by whoever sees it first. Range 0 and up. [guess: two of
    five; claims made to some meet those made to others]"""
    passed_on_watched: int = 16
    """The same for a claim of a member that is watched, or worse. Range 0 and up. [guess: all of a
    small fleet, so that what it tells some certainly meets what it tells others]"""
    threshold: int = 8
    """Points that bring a member into quarantine, 1 and up; see `Kind.points`. [guess: two wrongs
    that are certain]"""
    window_ns: int = 120 * SECOND
    """Points are forgotten so long after the first of them, in ns. [guess]"""
    pause_ns: int = 30 * SECOND
    """The first quarantine, in ns; each that follows soon is twice as long. [guess]"""
    pause_ns_max: int = 600 * SECOND
    """The longest; after as long a good conduct the next is the first again. [guess]"""
    parole: Rate = Rate(20, 100)
    """Messages of a limited member that are heard: for each second, and at once. [guess: a healthy
    idle node sends 3 a second]"""
    parole_messages: int = 64
    """Messages without a wrong that end a parole. [guess: some 20 s of an idle node]"""
    accuse_period_ns: int = 60 * SECOND
    """Between two accusations of one member for one kind. [guess]"""
    accused_ns: int = 600 * SECOND
    """So long an accusation counts after it came. [guess]"""

    def breaker(self) -> BreakerConfig:
        """How the quarantine of one member opens and closes."""
        return BreakerConfig(
            failures=self.threshold,
            window_ns=self.window_ns,
            pause_ns=self.pause_ns,
            pause_ns_max=self.pause_ns_max,
            probes=self.parole_messages,
            successes=self.parole_messages,
        )


class Kind(IntEnum):
    """What a member did wrong."""

    EQUIVOCATION = 1
    """Signed two blocks at one place, or two answers or closings in one round. The fold deals with
    it."""
    CONTRADICTION = 2
    """Signed two claims of its state that no honest node makes both of."""
    FALSE_CLAIM = 3
    """Signed a claim of a state that is not what its blocks come to."""
    OVER_LIMIT = 4
    """Signed more than the fleet lets a member write."""
    NOT_PERMITTED = 5
    """Signed what it may not say."""
    FALSE_EVIDENCE = 6
    """Signed evidence that proves nothing."""
    BAD_SIGNATURE = 7
    """By name: what was not signed by whom it names."""
    MALFORMED = 8
    """By name: what can not be read."""
    STRANGE_FLEET = 9
    """By name: blocks of another fleet, played here."""
    CLOCK = 10
    """By name: stamps far ahead."""
    FLOODING = 11
    """By name: more messages, or faults, than the guard lets through."""
    WITHHOLDING = 12
    """By name: did not give blocks that it had shown to hold, while it answered otherwise."""
    OTHER = 13
    """By name: another fault."""

    @property
    def word(self) -> str:
        """As people are shown it."""
        return self.name.lower().replace("_", "-")

    @property
    def points(self) -> int:
        """How much it counts towards quarantine. By name nothing does: others can write it."""
        return _POINTS.get(self, 0)

    @property
    def is_signed(self) -> bool:
        """Whether it is certain who did it."""
        return self <= Kind.FALSE_EVIDENCE


_POINTS = {
    Kind.CONTRADICTION: 8,
    Kind.FALSE_CLAIM: 4,
    Kind.OVER_LIMIT: 4,
    Kind.NOT_PERMITTED: 4,
    Kind.FALSE_EVIDENCE: 4,
}
"""Equivocators are not among them: the fold sets them aside, at all nodes alike."""


SIGNED_CODES = {
    "over-limit": Kind.OVER_LIMIT,
    "not-permitted": Kind.NOT_PERMITTED,
    "bad-evidence": Kind.FALSE_EVIDENCE,
}
"""Faults of blocks that follow from their own past, so that all find them alike. Others, such as an
operation that this software does not know, may be nobody's wrong."""


class Standing(IntEnum):
    """How a node holds a member."""

    CLEAR = 0
    WATCHED = 1
    """Something was found: what it claims of its state is compared by more members."""
    LIMITED = 2
    """Few of its messages are heard: half the points are there, or it is on parole."""
    QUARANTINED = 3
    """Its messages are not heard for a while, but for those that show that it is alive."""

    @property
    def word(self) -> str:
        """As people are shown it."""
        return self.name.lower()


# --- messages between peers


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Common shape: MessagePack arrays [tag, ...]."""


Signature = Annotated[bytes, Meta(min_length=64, max_length=64)]
Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]
Id = Annotated[NodeId, Meta(min_length=16, max_length=16)]


class Claim(Message, frozen=True, tag=23):
    """What a member says of its state; passed on by others as it is."""

    claimed: Annotated[bytes, Meta(max_length=limits.STATE_CLAIM_BYTES_MAX)]
    """The encoding of a `StateClaim`."""
    signature: Signature


class Accusation(Message, frozen=True, tag=24):
    """What a member holds against another."""

    charge: Annotated[bytes, Meta(max_length=limits.CHARGE_BYTES_MAX)]
    """The encoding of a `Charge`."""
    signature: Signature


VigilanceMessage: TypeAlias = Claim | Accusation


class Signed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """What is signed: an array of the fields."""


class StateClaim(Signed, frozen=True):
    """A member's state at one moment."""

    fleet: FleetId
    member: Id
    stamp_ms: Annotated[int, Meta(ge=0, lt=1 << 53)]
    """Of its wall clock; those of two claims of one member are more than a second apart."""
    version: Annotated[int, Meta(ge=0, lt=1 << 16)]
    """Of the rules by which the fingerprint was computed."""
    block_count: Annotated[int, Meta(ge=0, lt=1 << 53)]
    frontier: Digest
    """The fingerprint of its frontier and of its checkpoints: it names all blocks that it holds."""
    fingerprint: Digest
    """Of its state."""


class Charge(Signed, frozen=True):
    """Who accuses whom of what."""

    fleet: FleetId
    accuser: Id
    stamp_ms: Annotated[int, Meta(ge=0, lt=1 << 53)]
    accused: Id
    kind: Kind
    detail: Annotated[str, Meta(max_length=limits.CHARGE_DETAIL_MAX)]
    shown: Annotated[tuple[Claim, ...], Meta(max_length=2)] = ()
    """Claims of the accused: two that contradict each other prove it by themselves."""


# --- inputs


class Suspicion(msgspec.Struct, frozen=True, gc=False):
    """Blocks that are held show an equivocation."""

    culprit: NodeId
    fork: tuple[BlockId, BlockId] | None = None
    """Two blocks at one place of the culprit's chain."""
    round: RoundId | None = None
    """Or a round that it answered, or closed, in two ways."""

    @property
    def words(self) -> str:
        """What was seen."""
        return (
            "two answers or closings in one round"
            if self.fork is None
            else "two blocks at one place"
        )


class Suspected(msgspec.Struct, frozen=True, gc=False):
    """Some equivocations were seen."""

    suspicions: Sequence[Suspicion]


class FaultFound(msgspec.Struct, frozen=True, gc=False):
    """A message was found at fault."""

    sender: NodeId
    """Who it names as its sender."""
    code: str
    message: str
    signer: NodeId | None = None
    """Who certainly signed what is at fault, where it is known."""


class NamesIgnored(msgspec.Struct, frozen=True, gc=False):
    """The guard ignores these for a while."""

    peers: Sequence[NodeId]


class Withheld(msgspec.Struct, frozen=True, gc=False):
    """Peers that are there showed blocks that we lack, and gave none in answer to many pulls."""

    peers: Sequence[NodeId]


class SignedCame(msgspec.Struct, frozen=True, gc=False):
    """A peer brought a claim or an accusation."""

    sender: NodeId
    message: VigilanceMessage


VigilanceInput: TypeAlias = Suspected | FaultFound | NamesIgnored | Withheld | SignedCame

# --- events


class EvidenceWanted(msgspec.Struct, frozen=True, gc=False):
    """It is this node's turn to prove an equivocation: whoever has the bytes of its blocks makes an
    `Expose` of them (certificate/evidencing.py) and has the node say it."""

    author: NodeId
    """The hosted member that is to say it."""
    suspicion: Suspicion


class ViolationSeen(msgspec.Struct, frozen=True, gc=False):
    """Something was found against a member for the first time in a while."""

    member: NodeId
    kind: Kind
    detail: str
    accusers: tuple[NodeId, ...] = ()
    """Who accuse it, where enough of them do; empty for what this node saw itself."""


class MemberQuarantined(msgspec.Struct, frozen=True, gc=False):
    """A member's messages are not heard for a while."""

    member: NodeId
    pause_ms: int
    kind: Kind
    """What made the measure full."""


class MemberParoled(msgspec.Struct, frozen=True, gc=False):
    """A quarantine is over; few of the member's messages are heard until it has done well."""

    member: NodeId


class StateDoubted(msgspec.Struct, frozen=True, gc=False):
    """More members than can lie claim a state of the same blocks that is not ours: it is this node
    that is wrong, or its software is another."""

    witnesses: tuple[NodeId, ...]


ConductEvent: TypeAlias = ViolationSeen | MemberQuarantined | MemberParoled | StateDoubted
VigilanceEvent: TypeAlias = EvidenceWanted | ConductEvent


# --- asking


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """What was found against one member, of one kind."""

    member: NodeId
    kind: Kind
    count: int
    first_ms: int
    """By our wall clock."""
    last_ms: int
    detail: str
    """Of the last one."""
    accusers: tuple[NodeId, ...] = ()
    """Members that accuse it now; this node is not among them."""
    witnessed: bool = False
    """Whether they are more than can lie."""


class Conduct(msgspec.Struct, frozen=True, kw_only=True):
    """How this node holds one member."""

    member: NodeId
    standing: Standing
    points: int
    """Towards quarantine, in the present window."""
    quarantined_count: int
    left_ms: int
    """Of the present quarantine."""
    ignored_count: int
    """Messages that were not heard."""

"""Everything that can be said in a block; each operation is one leaf under the header's root.

Operations are MessagePack arrays [tag, field, ...]. Ranges are checked when they are read, so that
a block with a wrong operation is refused whole, alike by every node. Texts are held to code points
here, but for a belief's content; node/saying/checks.py holds our own callers to as many bytes.

Deliberately not here: what an operation does; each fold says that for its own.
"""

from enum import IntEnum
from itertools import pairwise
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.codec import decode, decoder
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import ID_BYTES
from credimus.state.keeping_operations import Attest, Certify, Enclose, Quote
from credimus.state.member_operations import Appoint, Charter, Expel, Expose, Limit, Rotate, Vouch
from credimus.state.operation import (
    CategoryName,
    Counter,
    Id,
    Mask,
    Millionths,
    Name,
    PublicKey,
    Reason,
    Struct,
    UnitsPerSecond,
)

Epoch: TypeAlias = Annotated[int, Meta(ge=0, lt=1 << 40)]
SKILL_MIN = 100
"""Nobody is taken to be right, or wrong, more often than 9,999 times in 10,000; in millionths."""
VOTES_PER_OPERATION = 2
"""Votes that share one leaf: as many bytes in a certificate as one, and half the fingerprints."""
CONCLUSIONS_PER_OPERATION = 8


class Choice(IntEnum):
    """What an elector answers."""

    ABSTAIN = 0
    ACCEPT = 1
    REJECT = 2


class Scheme(IntEnum):
    """How much of the electorate's value decides."""

    MAJORITY = 1
    """More than half. Safe under crashes only."""
    SUPERMAJORITY = 2
    """At least a ratio, three quarters by default."""
    BYZANTINE = 3
    """More than two thirds: safe while less than a third of the value equivocates."""
    TURNOUT = 4
    """At least a ratio of the votes that the proposer's closing lists. Rests on the proposer."""
    CREDENCE = 5
    """The belief's probability, by the electors' skills, is at least a ratio (accepted) or at most
    its complement (rejected), however those vote who have not."""


class Aggregation(IntEnum):
    """What one vote is worth."""

    EQUAL = 1
    """1 each."""
    CONFIDENCE = 2
    """The vote's confidence in millionths, out of a full million per elector."""
    REPUTATION = 3
    """The elector's weight in the electorate."""
    SKILL = 4
    """The evidence that lies in the elector's answer, by its skill in the electorate."""


class Relation(IntEnum):
    """How one belief bears on another; together they are the dependency graph."""

    SUPPORTS = 1
    CONTRADICTS = 2
    IMPLIES = 3
    DEPENDS_ON = 4
    REFINES = 5
    ALTERNATIVE_TO = 6


# --- the roster


class Found(Struct, frozen=True, tag=1):
    """Begins a fleet; only as the first operation of the founder's first block."""

    fleet_name: Name
    nonce: Id
    public_key: PublicKey
    name: Name
    address: Name
    left_out_max: Millionths = 0
    """The members, in millionths of the roster, that an electorate may leave out: 0 for none, a
    million for electorates of any members. Part of the fleet's id."""
    units_per_s_max: UnitsPerSecond = 0
    """How much each member may write, in units per second (lace/allowance.py); 0 for no limit. Part
    of the fleet's id."""


class Admit(Struct, frozen=True, tag=2):
    """Makes the holder of a key a member; said by a member of itself, gives it a new name and
    address."""

    public_key: PublicKey
    name: Name
    address: Name


class Leave(Struct, frozen=True, tag=3):
    """Takes the author out of the roster, as far as this block's causal past knows it."""

    reason: Reason


# --- beliefs


class Evidence(Struct, frozen=True):
    """Something that speaks for an assertion."""

    kind: Name
    """What it is: `observation`, `document`, `sensor`, `url`."""
    content: Annotated[str, Meta(max_length=limits.EVIDENCE_BYTES_MAX)]


class Assert(Struct, frozen=True, tag=4):
    """States a belief with a confidence; the dot is (author, counter)."""

    counter: Counter
    content: Annotated[str, Meta(min_length=1, max_length=limits.BELIEF_BYTES_MAX)]
    category: CategoryName
    confidence: Millionths
    evidence: Annotated[tuple[Evidence, ...], Meta(max_length=limits.EVIDENCE_COUNT_MAX)] = ()
    ttl_ms: Annotated[int, Meta(ge=0, le=limits.TTL_MS_MAX)] = 0
    """0 for no end; else the assertion's life in milliseconds from its stamp."""

    def __post_init__(self) -> None:
        if not self.content.isascii() and (len(self.content.encode()) > limits.BELIEF_BYTES_MAX):
            raise ValueError("a belief is at most 1,024 bytes of UTF-8")


class Relate(Struct, frozen=True, tag=5):
    """States how one belief bears on another; the dot is (author, counter)."""

    counter: Counter
    source: Id
    relation: Relation
    target: Id


class Retract(Struct, frozen=True, tag=6):
    """Takes back some of the author's own assertions or relations, by their counters."""

    counters: Annotated[tuple[Counter, ...], Meta(min_length=1, max_length=256)]
    reason: Reason


# --- rounds


class Elector(Struct, frozen=True):
    """A member with a voice in an electorate."""

    member: Id
    weight: Annotated[int, Meta(ge=0, le=limits.WEIGHT_MAX)]


class Skill(Struct, frozen=True):
    """How often an elector is right, in millionths: what its answers are worth as evidence."""

    sensitivity: Annotated[int, Meta(ge=SKILL_MIN, le=MILLION - SKILL_MIN)]
    """The share of true beliefs that it accepts, of those that it answers."""
    specificity: Annotated[int, Meta(ge=SKILL_MIN, le=MILLION - SKILL_MIN)]
    """The share of false beliefs that it rejects."""
    echo: Annotated[int, Meta(ge=1, le=limits.ELECTORATE_MEMBERS_MAX)] = 1
    """The electors, itself included, that share one voice because they answer alike."""


class Publish(Struct, frozen=True, tag=7):
    """Publishes an electorate; electors strictly sorted by member."""

    electors: Annotated[
        tuple[Elector, ...], Meta(min_length=1, max_length=limits.ELECTORATE_MEMBERS_MAX)
    ]
    skills: Annotated[tuple[Skill, ...], Meta(max_length=limits.ELECTORATE_MEMBERS_MAX)] = ()
    """By position; empty where no round by skill is meant."""
    prior: Annotated[int, Meta(ge=1, le=MILLION - 1)] = MILLION // 2
    """The share of beliefs that are true, in millionths: what is thought before anybody votes."""
    epoch: Epoch = 0
    """The epochs of verdicts that weights and skills were worked out from: those before it."""

    def __post_init__(self) -> None:
        members = [elector.member for elector in self.electors]
        if any(one >= other for one, other in pairwise(members)):
            raise ValueError("electors must be strictly sorted by member")
        if self.skills and len(self.skills) != len(members):
            raise ValueError("an electorate gives the skills of all its electors, or none")


class Rules(Struct, frozen=True):
    """What a round's votes are held against."""

    scheme: Scheme = Scheme.BYZANTINE
    numerator: Annotated[int, Meta(ge=0, le=MILLION)] = 0
    denominator: Annotated[int, Meta(ge=1, le=MILLION)] = 1
    """The threshold as a ratio, for supermajority, turnout and credence; 0/1 for the others."""
    aggregation: Aggregation = Aggregation.EQUAL
    quorum: Millionths = 510_000
    """The share of electors, in millionths, whose votes of any kind are needed."""

    def __post_init__(self) -> None:
        ratio_given = self.scheme in (Scheme.SUPERMAJORITY, Scheme.TURNOUT, Scheme.CREDENCE)
        if ratio_given and not self.denominator < 2 * self.numerator <= 2 * self.denominator:
            raise ValueError("a threshold is a ratio above 1/2 and at most 1")
        if not ratio_given and (self.numerator, self.denominator) != (0, 1):
            raise ValueError("only supermajority, turnout and credence take a threshold")
        by_skill = self.aggregation is Aggregation.SKILL
        if self.scheme is Scheme.CREDENCE and (not by_skill or self.numerator == self.denominator):
            raise ValueError(
                "credence goes by skill, and is never certain: its threshold is below 1"
            )
        if by_skill and 2 * self.quorum <= MILLION:
            raise ValueError("by skill more than half of the electors must answer")


class Propose(Struct, frozen=True, tag=8):
    """Opens a round on a belief."""

    belief: Id
    attempt: Annotated[int, Meta(ge=1, le=limits.ATTEMPTS_MAX)]
    rules: Rules
    electorate: Id
    timeout_ms: Annotated[int, Meta(ge=1, le=limits.ROUND_TIMEOUT_MS_MAX)]
    previous: Annotated[bytes, Meta(max_length=ID_BYTES)] = b""
    """The round of the attempt before; empty for the first attempt."""


class Vote(Struct, frozen=True):
    """One elector's answer in one round."""

    round: Id
    choice: Choice
    confidence: Millionths = MILLION
    reason: Reason = ""


class Votes(Struct, frozen=True, tag=9):
    """Casts the author's votes."""

    votes: Annotated[tuple[Vote, ...], Meta(min_length=1, max_length=VOTES_PER_OPERATION)]


class Refuse(Struct, frozen=True, tag=10):
    """Says, signed, why the author will not vote in a round: its electorate is not one it knows."""

    round: Id
    reason: Reason


class Close(Struct, frozen=True, tag=11):
    """Closes a round whose time has passed; under turnout, lists the votes that count."""

    round: Id
    accept: Mask = b""
    reject: Mask = b""
    abstain: Mask = b""
    confidences: Annotated[
        tuple[Millionths, ...], Meta(max_length=limits.ELECTORATE_MEMBERS_MAX)
    ] = ()
    """Where votes weigh by confidence: those counted, by position, accepts first, then rejects."""


class DotName(Struct, frozen=True):
    """Names an assertion: its author and the author's counter."""

    author: Id
    counter: Counter


class Conclusion(Struct, frozen=True):
    """What a round came to: the outcome, the electors counted, the assertions that go."""

    round: Id
    outcome: Choice
    accept: Mask
    reject: Mask
    abstain: Mask
    epoch: Epoch = 0
    """The epoch that was open when it was written: from which verdicts skill is worked out."""
    removed: Annotated[tuple[DotName, ...], Meta(max_length=1_024)] = ()


class Conclude(Struct, frozen=True, tag=12):
    """Records verdicts that the votes have reached, and removes what was rejected."""

    conclusions: Annotated[
        tuple[Conclusion, ...], Meta(min_length=1, max_length=CONCLUSIONS_PER_OPERATION)
    ]


class Strategy(IntEnum):
    """How two accepted beliefs that contradict each other are brought together. Where members say
    differently of one pair the greatest holds: the one that decides least by itself."""

    LAST_WRITER = 1
    """The one put to the vote later stands."""
    SEMANTIC = 2
    """As their meanings are found to bear on each other."""
    MULTI_VALUE = 3
    """Both stand, as alternatives."""
    CONSENSUS = 4
    """Both are put to the vote again, by all members."""


class Finding(IntEnum):
    """What two statements are to each other."""

    FIRST_SUBSUMES = 1
    """The first says all that the second says, and more."""
    SECOND_SUBSUMES = 2
    COMPATIBLE = 3
    CONTRADICTORY = 4


class _OfPair(Struct, frozen=True):
    beliefs: tuple[Id, Id]
    """Strictly sorted."""
    rounds: tuple[Id, Id]
    """The round that accepted each."""
    strategy: Strategy
    finding: Finding = Finding.CONTRADICTORY

    def __post_init__(self) -> None:
        if self.beliefs[0] >= self.beliefs[1]:
            raise ValueError("beliefs must be strictly sorted")
        if self.strategy is not Strategy.SEMANTIC and self.finding is not Finding.CONTRADICTORY:
            raise ValueError("only the semantic strategy takes a finding")


class Reconcile(_OfPair, frozen=True, tag=13):
    """Brings together two beliefs that were accepted by rounds of which neither knew the other."""


class Withdraw(_OfPair, frozen=True, tag=23):
    """Takes back what its author has said of a pair, by this strategy and finding, up to here."""


Operation: TypeAlias = (
    Found | Admit | Leave | Assert | Relate | Retract
    | Publish | Propose | Votes | Refuse | Close | Conclude | Reconcile | Withdraw
    | Enclose | Charter | Appoint | Rotate | Expose | Expel | Attest | Certify | Limit | Vouch
    | Quote
)  # fmt: skip

_operations: msgspec.msgpack.Decoder[list[Operation]] = decoder(list[Operation])


def read_operations(body: bytes) -> list[Operation]:
    """The operations of a block's body, each in its range.

    Raises:
        PeerFault: `malformed`.
    """
    return decode(body, _operations, "operations")


def mask_bytes(mask: int) -> bytes:
    """A set of elector positions as big-endian bytes without leading zeros."""
    return mask.to_bytes((mask.bit_length() + 7) // 8, "big")

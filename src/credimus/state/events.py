"""What a fold reports when a block changed what is agreed: facts for machines and for our own."""

from typing import TypeAlias

import msgspec

from credimus.kernel.ids import BeliefId, ElectorateId, NodeId, RoundId
from credimus.state.operations import Finding, Strategy
from credimus.state.voting.verdict import Verdict


class Fact(msgspec.Struct, frozen=True, gc=False):
    """Common shape of state events."""


class MemberAdmitted(Fact, frozen=True):
    """A node joined the roster."""

    node: NodeId


class MemberLeft(Fact, frozen=True):
    """A node left the roster."""

    node: NodeId


class MemberExpelled(Fact, frozen=True):
    """A member was expelled: what descends from that takes nothing of it any more."""

    node: NodeId


class KeyRotated(Fact, frozen=True):
    """A member put a new key, and so a new id, in the place of its old one."""

    old: NodeId
    new: NodeId


class EquivocationProven(Fact, frozen=True):
    """Evidence shows that a member signed two blocks at one place, or gave two answers."""

    node: NodeId


class BeliefAsserted(Fact, frozen=True):
    """Somebody asserted a belief; `first` when nobody had before."""

    belief: BeliefId
    author: NodeId
    first: bool


class BeliefChanged(Fact, frozen=True):
    """Assertions or relations of a belief were taken back or removed."""

    belief: BeliefId


class RoundOpened(Fact, frozen=True):
    """A round on a belief can be voted in: proposal and electorate are known."""

    round: RoundId


class ProposalIgnored(Fact, frozen=True):
    """A proposal opened nothing: its electorate is not fair in the past of its block."""

    proposer: NodeId
    belief: BeliefId
    electorate: ElectorateId


class RoundDecided(Fact, frozen=True):
    """A certificate exists: a round's verdict climbed to accepted or rejected."""

    round: RoundId
    belief: BeliefId
    before: Verdict
    """The round's until now."""


class RoundExpired(Fact, frozen=True):
    """A round was closed without a decision; a certificate may still come."""

    round: RoundId
    belief: BeliefId
    before: Verdict
    """The round's until now."""


class RoundContested(Fact, frozen=True):
    """Two certificates of opposite outcome exist; the culprits voted both ways."""

    round: RoundId
    belief: BeliefId
    culprits: tuple[NodeId, ...]
    before: Verdict
    """The round's until now."""


class DoubleVote(Fact, frozen=True):
    """A member gave two different answers in one round, or closed it in two ways."""

    round: RoundId
    voter: NodeId


class RoundRefused(Fact, frozen=True):
    """An elector refused a round, signed."""

    round: RoundId
    elector: NodeId
    reason: str


class CheckpointAttested(Fact, frozen=True):
    """A member says which state it came to at a cut."""

    checkpoint: bytes
    member: NodeId


class CheckpointReached(Fact, frozen=True):
    """More than two thirds certify a checkpoint over the last one."""

    checkpoint: bytes


class MemberOutrun(Fact, frozen=True):
    """A member spoke of a checkpoint over one before our last: it may lack what certifies that."""

    member: NodeId


class BeliefsReconciled(Fact, frozen=True):
    """A member said how two beliefs accepted apart are brought together; nobody had said so, or
    what was said decided more."""

    first: BeliefId
    second: BeliefId
    rounds: tuple[RoundId, RoundId]
    strategy: Strategy
    finding: Finding
    author: NodeId


class ReconciliationWithdrawn(Fact, frozen=True):
    """A member took back how two beliefs are brought together, and now less holds of them."""

    first: BeliefId
    second: BeliefId
    rounds: tuple[RoundId, RoundId]
    strategy: Strategy
    """That prevailed before."""
    author: NodeId


MemberFact: TypeAlias = (
    MemberAdmitted | MemberLeft | MemberExpelled | KeyRotated | EquivocationProven
)
PlainFact: TypeAlias = (
    BeliefAsserted | BeliefChanged | ProposalIgnored
    | RoundOpened | RoundDecided | RoundExpired | RoundContested | DoubleVote | RoundRefused
    | CheckpointAttested | CheckpointReached
)  # fmt: skip
ToldFact: TypeAlias = MemberFact | PlainFact | BeliefsReconciled | ReconciliationWithdrawn
"""What users may read of."""
StateEvent: TypeAlias = ToldFact | MemberOutrun

MEMBER_CHANGES: frozenset[type] = frozenset(
    {MemberAdmitted, MemberLeft, MemberExpelled, KeyRotated}
)
"""What tells that others are members now."""

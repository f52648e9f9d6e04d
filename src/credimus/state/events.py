"""What a fold reports when a block changed what is agreed: facts for machines and for our own."""

from typing import TypeAlias

import msgspec

from credimus.kernel.ids import BeliefId, NodeId, RoundId


class Fact(msgspec.Struct, frozen=True, gc=False):
    """Common shape of state events."""


class MemberAdmitted(Fact):
    """A node joined the roster."""

    node: NodeId


class MemberLeft(Fact):
    """A node left the roster."""

    node: NodeId


class BeliefAsserted(Fact):
    """Somebody asserted a belief; `first` when nobody had before."""

    belief: BeliefId
    author: NodeId
    first: bool


class BeliefChanged(Fact):
    """Assertions or relations of a belief were taken back or removed."""

    belief: BeliefId


class RoundOpened(Fact):
    """A round on a belief can be voted in: proposal and electorate are known."""

    round: RoundId


class RoundDecided(Fact):
    """A certificate exists: a round's verdict climbed to accepted or rejected."""

    round: RoundId
    belief: BeliefId


class RoundExpired(Fact):
    """A round was closed without a decision; a certificate may still come."""

    round: RoundId
    belief: BeliefId


class RoundContested(Fact):
    """Two certificates of opposite outcome exist; the culprits voted both ways."""

    round: RoundId
    belief: BeliefId
    culprits: tuple[NodeId, ...]


class DoubleVote(Fact):
    """A member gave two different answers for one belief and attempt."""

    round: RoundId
    voter: NodeId


class RoundRefused(Fact):
    """An elector refused a round, signed."""

    round: RoundId
    elector: NodeId
    reason: str


StateEvent: TypeAlias = (
    MemberAdmitted | MemberLeft | BeliefAsserted | BeliefChanged | RoundOpened | RoundDecided
    | RoundExpired | RoundContested | DoubleVote | RoundRefused
)  # fmt: skip

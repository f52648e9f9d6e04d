"""What a caller can ask a node to write, and the answer."""

from typing import TypeAlias

import msgspec

from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import BeliefId, NodeId, RoundId
from credimus.protocol.checkpointing.interface import BorrowProof, LendProof
from credimus.protocol.delivery.interface import Mode
from credimus.protocol.dissemination.urgency import Urgency
from credimus.protocol.partition.interface import Standing
from credimus.protocol.reunion.interface import Asked
from credimus.state.member_operations import ALL_POWERS, Expose, Powers
from credimus.state.operations import Choice, Evidence, Relation, Rules


class Command(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Common shape; `author` is a hosted member, the node itself when None."""

    author: NodeId | None = None
    urgency: Urgency = Urgency.NORMAL
    """How soon others are to know; local, nobody signs it."""


class AssertBelief(Command, frozen=True):
    """State a belief; opens a round on it unless one is open or it is accepted."""

    content: str
    category: str | None = None
    """Chosen by the categorizer when None."""
    confidence: int = MILLION
    """Millionths."""
    evidence: tuple[Evidence, ...] = ()
    ttl_ms: int = 0
    propose: bool = True
    """Whether to open a round at all."""
    rules: Rules | None = None
    electors: tuple[NodeId, ...] | None = None
    """Who votes; the whole fleet when None."""
    readers: tuple[str, ...] = ()
    """Members who alone can read it, by name or id, or `all` for those of now; none for an open
    belief. The author is a reader always."""


class ShareBelief(Command, frozen=True):
    """Let further members read an enclosed belief."""

    belief: BeliefId
    readers: tuple[str, ...]


class ProposeBelief(Command, frozen=True):
    """Open a new attempt on a known belief."""

    belief: BeliefId
    rules: Rules | None = None
    electors: tuple[NodeId, ...] | None = None


class CastVote(Command, frozen=True):
    """Answer in the open round of a belief."""

    belief: BeliefId
    choice: Choice
    confidence: int = MILLION
    reason: str = ""
    round: RoundId | None = None
    """Which round is meant; the last on the belief when None."""
    evaluated: bool = False
    """Whether an evaluator of the node answers, and no caller: that goes on in a partition."""


class RetractBelief(Command, frozen=True):
    """Take back the author's own assertions of a belief."""

    belief: BeliefId
    reason: str = ""


class RelateBeliefs(Command, frozen=True):
    """State how one belief bears on another."""

    source: BeliefId
    relation: Relation
    target: BeliefId


class AdmitMember(Command, frozen=True):
    """Make the holder of a key a member."""

    public_key: bytes
    name: str
    address: str = ""
    powers: Powers = ALL_POWERS
    """What it may say, at most what the author may."""


class GrantPowers(Command, frozen=True):
    """Give a member other powers; for founders that lead their fleet."""

    member: NodeId
    powers: Powers


class RotateKey(Command, frozen=True):
    """Put a new key in the place of the author's; the author writes no more after it."""

    public_key: bytes
    proof: bytes
    """The new key's signature of `rotation_message` (state/membership/evidence.py)."""


class ExposeMember(Command, frozen=True):
    """Prove that a member equivocated."""

    exposure: Expose


class ExpelMember(Command, frozen=True):
    """Say that a member is to go; enough by itself where evidence speaks for it."""

    member: NodeId
    reason: str = ""


class LeaveFleet(Command, frozen=True):
    """Leave the roster."""

    reason: str = ""


class SendMessage(Command, frozen=True):
    """Send an application's message to members; nothing of it enters the lace."""

    to: tuple[NodeId, ...]
    payload: bytes
    mode: Mode = Mode.EXACTLY_ONCE
    ttl_ms: int | None = None
    """How long it is tried; as the node is set when None."""
    key: bytes = b""
    """The caller's own name for it: the same again is not sent again. Empty for none."""


class FinishMessage(Command, frozen=True):
    """Say that this node's application has finished with a message."""

    sender: NodeId
    number: int
    result: bytes = b""
    """For the sender."""


class BeginReunion(Command, frozen=True):
    """Bring together what was decided apart, by the plan that was looked at."""

    plan: bytes
    """Its id."""
    asked: Asked


class UndoReunion(Command, frozen=True):
    """Take back what the last reunion has said."""


class ShareProof(Command, frozen=True):
    """Ask peers for the kept certificate of a belief, or answer one that asked."""

    what: BorrowProof | LendProof


OnMembers: TypeAlias = AdmitMember | GrantPowers | RotateKey | ExposeMember | ExpelMember
PlainCommand: TypeAlias = (
    AssertBelief
    | ShareBelief
    | ProposeBelief
    | RetractBelief
    | RelateBeliefs
    | LeaveFleet
    | OnMembers
)
"""What is written as it is said."""
MessageCommand: TypeAlias = SendMessage | FinishMessage
ReunionCommand: TypeAlias = BeginReunion | UndoReunion
AnyCommand: TypeAlias = PlainCommand | CastVote | MessageCommand | ReunionCommand | ShareProof


class Written(msgspec.Struct, frozen=True, gc=False):
    """A command's operations stand in the open block; `Sealed` tells when they are durable."""

    author: NodeId
    belief: BeliefId | None = None
    round: RoundId | None = None
    """The round that the command opened or voted in, if any."""
    message: int = 0
    """The number of the message that the command sent, if any; nothing of it is in a block."""
    standing: Standing | None = Standing.NORMAL
    """What it can count on while the fleet is split; None when it is not remembered."""
    reason: str = ""
    """Why the standing is not normal, in words."""

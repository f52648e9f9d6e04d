"""What checkpointing says, what it hears, and its settings."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.ids import BeliefId, BlockId, NodeId
from credimus.kernel.instant import MILLISECOND, SECOND
from credimus.lace.frontier import PeerBehind
from credimus.protocol.checkpointing.proof import CheckpointProof
from credimus.state.events import CheckpointAttested, CheckpointReached, MemberOutrun
from credimus.state.keeping.checkpoints import Checkpoint
from credimus.state.keeping_operations import Attest, Certify, Quote
from credimus.state.operation import Id

HOUR_MS = 3_600_000


class CheckpointConfig(msgspec.Struct, frozen=True, kw_only=True):
    """When checkpoints are taken, and how long things are kept."""

    enabled: bool = True
    """Whether this node proposes, attests and certifies. What more than two thirds certify is
    followed all the same, so that nobody falls out of the fleet."""
    interval_ms: int = 6 * HOUR_MS
    """By stamps, from the time of one checkpoint to that of the next. Range above 0. [guess: four a
    day]"""
    keep_ms: int = 24 * HOUR_MS
    """Blocks younger than this stay: for certificates, for the audit log, and for members that come
    back. Range above 0. [seed: retention 24 h]"""
    retention_ms: int = 24 * HOUR_MS
    """How long after its end an undecided, rejected or contested belief is kept. A checkpoint that
    keeps less is not attested. Range 0 to ten years. [seed: 24 h]"""
    look_ns: int = 5 * SECOND
    """Between two looks whether one is due. [guess]"""
    attempt_ns: int = 30 * SECOND
    """How long the member whose turn it is may take, before the turn of the next; each attempt is
    longer by that. [guess: some thousand blocks are folded meanwhile]"""
    slice_count: int = 16
    """Blocks that are folded at once beside the node's work, if they are small."""
    slice_operations: int = 256
    """Operations after which no further block is folded at once: those of a busy fleet hold some
    hundred. [guess: a few ms]"""
    slice_pause_ns: int = 20 * MILLISECOND
    """Between two such slices. [guess: a tenth of the node's time]"""


Reader: TypeAlias = Callable[[Sequence[BlockId]], list[bytes]]
"""The wires of some held blocks, in this order; those that are not durable yet are left out."""


class WordsSaid(msgspec.Struct, frozen=True, gc=False):
    """Members attested or certified something."""

    facts: list[CheckpointAttested | CheckpointReached]


class SayWord(msgspec.Struct, frozen=True, gc=False):
    """A member says something of a checkpoint in its next block."""

    author: NodeId
    operation: Attest | Certify | Quote


class CheckpointRefused(msgspec.Struct, frozen=True, gc=False):
    """A proposed checkpoint is not what our blocks give, or keeps less than we want kept."""

    proposer: NodeId
    checkpoint: bytes
    reason: str


class CheckpointTaken(msgspec.Struct, frozen=True, gc=False):
    """A certified checkpoint took effect: what it lets go is gone, and blocks below it may go."""

    identifier: bytes
    checkpoint: Checkpoint
    block_count: int
    """Blocks that this node lets go."""


class CheckpointDisputed(msgspec.Struct, frozen=True, gc=False):
    """More than two thirds certify a state that our blocks do not give: this node does not follow.

    Either a third of the members lie, or one of us has a bug."""

    identifier: bytes
    reason: str


class ProofSought(msgspec.Struct, frozen=True, gc=False):
    """A member wants the kept certificate of a belief: whoever keeps them is to answer."""

    peer: NodeId
    belief: BeliefId


class ProofBorrowed(msgspec.Struct, frozen=True, gc=False):
    """A member answered with a kept certificate, not verified yet; empty where it keeps none."""

    peer: NodeId
    belief: BeliefId
    content: bytes


CheckpointEvent: TypeAlias = (
    CheckpointRefused | CheckpointTaken | CheckpointDisputed | ProofSought | ProofBorrowed
)


# --- passing checkpoints on: messages between peers


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Common shape: MessagePack arrays [tag, ...]."""


class SnapshotOffer(Message, frozen=True, tag=19):
    """The sender let go blocks that the receiver lacks; this is its checkpoint."""

    proof: CheckpointProof
    byte_count: Annotated[int, Meta(ge=1, le=limits.SNAPSHOT_BYTES_MAX)]


class SnapshotWanted(Message, frozen=True, tag=20):
    """Asks for the part of a snapshot that begins here."""

    checkpoint: Annotated[bytes, Meta(min_length=32, max_length=32)]
    offset: Annotated[int, Meta(ge=0, le=limits.SNAPSHOT_BYTES_MAX)]


class SnapshotPart(Message, frozen=True, tag=21):
    """Some bytes of a snapshot."""

    checkpoint: Annotated[bytes, Meta(min_length=32, max_length=32)]
    offset: Annotated[int, Meta(ge=0, le=limits.SNAPSHOT_BYTES_MAX)]
    content: Annotated[bytes, Meta(max_length=limits.SNAPSHOT_PART_BYTES_MAX)]


class KeptWanted(Message, frozen=True, tag=17):
    """Asks for the blocks that are kept below the cut of a checkpoint."""

    checkpoint: Annotated[bytes, Meta(min_length=32, max_length=32)]


class ProofWanted(Message, frozen=True, tag=18):
    """Asks for the kept certificate of a belief."""

    belief: Id


class ProofGiven(Message, frozen=True, tag=22):
    """A kept certificate; empty where the sender keeps none."""

    belief: Id
    content: Annotated[bytes, Meta(max_length=limits.PROOF_BYTES_MAX)]
    """Its text, by zlib."""


SnapshotMessage: TypeAlias = (
    SnapshotOffer | SnapshotWanted | SnapshotPart | KeptWanted | ProofWanted | ProofGiven
)


# --- and their inputs


class PeersBehind(msgspec.Struct, frozen=True, gc=False):
    """Peers pulled from below our cut."""

    facts: list[PeerBehind]


class MembersOutrun(msgspec.Struct, frozen=True, gc=False):
    """Members spoke of a checkpoint over one before our last."""

    facts: list[MemberOutrun]


class OfferCame(msgspec.Struct, frozen=True, gc=False):
    """A peer offers its checkpoint."""

    peer: NodeId
    offer: SnapshotOffer


class PartWanted(msgspec.Struct, frozen=True, gc=False):
    """A peer asks for a part."""

    peer: NodeId
    wanted: SnapshotWanted


class PartCame(msgspec.Struct, frozen=True, gc=False):
    """A part came."""

    peer: NodeId
    part: SnapshotPart


class KeptAsked(msgspec.Struct, frozen=True, gc=False):
    """A peer asks for what is kept."""

    peer: NodeId
    wanted: KeptWanted


FetchingInput: TypeAlias = (
    PeersBehind | MembersOutrun | OfferCame | PartWanted | PartCame | KeptAsked
)


class ProofAsked(msgspec.Struct, frozen=True, gc=False):
    """A peer asks for a kept certificate."""

    peer: NodeId
    wanted: ProofWanted


class ProofCame(msgspec.Struct, frozen=True, gc=False):
    """A peer gives one, or says that it keeps none."""

    peer: NodeId
    given: ProofGiven


class BorrowProof(msgspec.Struct, frozen=True, gc=False):
    """Our caller wants the certificate of a belief, and these peers may keep one."""

    belief: BeliefId
    peers: tuple[NodeId, ...]


class LendProof(msgspec.Struct, frozen=True, gc=False):
    """The answer to a peer's question."""

    peer: NodeId
    belief: BeliefId
    content: bytes


LendingInput: TypeAlias = ProofAsked | ProofCame | BorrowProof | LendProof


class GiveBlocks(msgspec.Struct, frozen=True, gc=False):
    """A peer is to be sent these blocks."""

    peer: NodeId
    ids: tuple[BlockId, ...]


class SnapshotFetched(msgspec.Struct, frozen=True, gc=False):
    """A certified checkpoint is here, newer than ours: the node is to begin from it."""

    proof: CheckpointProof
    image: bytes
    number: int

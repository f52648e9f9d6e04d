"""Who hears what: three tables, and nothing else joins the machines."""

from collections.abc import Callable
from typing import Any

from credimus.kernel.ids import NodeId
from credimus.lace.frontier import PeerBehind
from credimus.node.events import ForkSeen
from credimus.protocol.checkpointing.interface import (
    CheckpointTaken,
    KeptAsked,
    KeptWanted,
    MembersOutrun,
    OfferCame,
    PartCame,
    PartWanted,
    PeersBehind,
    ProofAsked,
    ProofCame,
    ProofGiven,
    ProofWanted,
    SnapshotOffer,
    SnapshotPart,
    SnapshotWanted,
    WordsSaid,
)
from credimus.protocol.delivery.interface import (
    Answer,
    AnswerCame,
    Envelope,
    EnvelopeCame,
    PeersReturned,
)
from credimus.protocol.dissemination.interface import (
    Graft,
    IHave,
    Neighbour,
    Prune,
    Relay,
)
from credimus.protocol.dissemination.interface import Told as SpreadingTold
from credimus.protocol.guard.interface import PeerIgnored
from credimus.protocol.membership.interface import (
    Ack,
    MessageCame,
    Notice,
    PeerAlive,
    PeerDead,
    Ping,
    PingFor,
    Relayed,
    RosterChanged,
)
from credimus.protocol.partition.interface import FleetChanged, Told
from credimus.protocol.recovery.interface import (
    AskCame,
    HeadsAsked,
    HeadsHeld,
    HeldCame,
    SnapshotPut,
)
from credimus.protocol.sync.interface import (
    Beacon,
    BeaconSeen,
    Digest,
    DigestSeen,
    Pull,
    PullAsked,
    PullsUnanswered,
)
from credimus.protocol.vigilance.interface import (
    Accusation,
    Claim,
    NamesIgnored,
    SignedCame,
    Suspected,
    Suspicion,
    Withheld,
)
from credimus.protocol.voting.interface import ReviewAsked, RoundsChanged
from credimus.protocol.vouching.interface import MembersChanged
from credimus.state.events import (
    BeliefAsserted,
    BeliefsReconciled,
    CheckpointAttested,
    CheckpointReached,
    DoubleVote,
    MemberOutrun,
    RoundContested,
    RoundDecided,
    RoundExpired,
    RoundOpened,
)


def _suspected(facts: list[DoubleVote | ForkSeen]) -> Suspected:
    return Suspected(
        [
            Suspicion(fact.author, fork=fact.blocks)
            if isinstance(fact, ForkSeen)
            else Suspicion(fact.voter, round=fact.round)
            for fact in facts
        ]
    )


TAKES: dict[type, tuple[str, Callable[[NodeId, Any], Any]]] = {
    Beacon: ("sync", lambda peer, message: BeaconSeen(peer, message.frontier)),
    Digest: ("sync", DigestSeen),
    Pull: ("sync", PullAsked),
    Ping: ("membership", MessageCame),
    Ack: ("membership", MessageCame),
    PingFor: ("membership", MessageCame),
    Relayed: ("membership", MessageCame),
    Notice: ("membership", MessageCame),
    IHave: ("dissemination", SpreadingTold),
    Graft: ("dissemination", SpreadingTold),
    Prune: ("dissemination", SpreadingTold),
    Relay: ("dissemination", SpreadingTold),
    Neighbour: ("dissemination", SpreadingTold),
    SnapshotOffer: ("snapshots", OfferCame),
    SnapshotWanted: ("snapshots", PartWanted),
    SnapshotPart: ("snapshots", PartCame),
    KeptWanted: ("snapshots", KeptAsked),
    ProofWanted: ("proofs", ProofAsked),
    ProofGiven: ("proofs", ProofCame),
    HeadsAsked: ("recovery", AskCame),
    HeadsHeld: ("recovery", HeldCame),
    Envelope: ("delivery", lambda _, message: EnvelopeCame(message)),
    Answer: ("delivery", lambda _, message: AnswerCame(message)),
    Claim: ("vigilance", SignedCame),
    Accusation: ("vigilance", SignedCame),
}
"""Message of a peer -> the machine that takes it, and its input; ingress takes blocks."""

HEARS: tuple[tuple[str, frozenset[type], Callable[[list[Any]], Any]], ...] = (
    (
        "voting",
        frozenset({RoundOpened, RoundDecided, RoundExpired, RoundContested}),
        RoundsChanged,
    ),
    ("vigilance", frozenset({ForkSeen, DoubleVote}), _suspected),
    ("checkpoints", frozenset({CheckpointAttested, CheckpointReached}), WordsSaid),
    ("snapshots", frozenset({PeerBehind}), PeersBehind),
    ("snapshots", frozenset({MemberOutrun}), MembersOutrun),
    ("recovery", frozenset({SnapshotPut}), lambda facts: facts[0]),
    (
        "vigilance",
        frozenset({PeerIgnored}),
        lambda facts: NamesIgnored([fact.peer for fact in facts]),
    ),
    (
        "vigilance",
        frozenset({PullsUnanswered}),
        lambda facts: Withheld([fact.peer for fact in facts]),
    ),
    (
        "delivery",
        frozenset({PeerAlive}),
        lambda facts: PeersReturned(tuple(fact.peer for fact in facts)),
    ),
    ("voting", frozenset({BeliefsReconciled}), ReviewAsked),
    ("vouching", frozenset({CheckpointTaken}), lambda _: MembersChanged()),
    (
        "partition",
        frozenset(
            {
                PeerAlive,
                PeerDead,
                BeliefAsserted,
                BeliefsReconciled,
                RoundDecided,
                RoundExpired,
                RoundContested,
            }
        ),
        Told,
    ),
)
"""Machine, the facts and events that it listens to, and its input made of some of them."""

FOLLOWS: tuple[tuple[str, Callable[[tuple[NodeId, ...]], Any]], ...] = (
    ("membership", RosterChanged),
    ("partition", FleetChanged),
    ("vouching", lambda _: MembersChanged()),
)
"""Machine, and its input made of the ids of all members, whenever the roster has changed."""

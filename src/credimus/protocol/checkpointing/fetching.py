"""Gets a checkpoint from a peer that let go the blocks we lack, and gives ours to others.

    a peer pulls from below our cut   we offer our checkpoint, with its certificate
    a member speaks of a checkpoint over an earlier one   we quote what it may not hold
    an offer comes, and we are behind we ask for the snapshot, part by part, from whoever offers it
    all parts are there               fingerprint and certificate are checked; the node begins anew,
                                      and asks for the blocks that certificates need

What is trusted: more than two thirds of the electors that the checkpoint names, and, by a node that
knows members, more than a third of those. Who knows the founding alone trusts the members that its
ticket led to, as it does for their addresses.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, assert_never

from credimus.kernel import limits
from credimus.kernel.effects import Effects, Send
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import SECOND, Instant, Now, after, earliest
from credimus.lace.block import read_header
from credimus.lace.lace import Lace
from credimus.protocol.checkpointing.cutting import last_below
from credimus.protocol.checkpointing.interface import (
    FetchingInput,
    GiveBlocks,
    KeptAsked,
    KeptWanted,
    MembersOutrun,
    OfferCame,
    PartCame,
    PartWanted,
    PeersBehind,
    SayWord,
    SnapshotFetched,
    SnapshotOffer,
    SnapshotPart,
    SnapshotWanted,
)
from credimus.protocol.checkpointing.proof import (
    Base,
    CheckpointProof,
    Word,
    certifiers,
    check_quorum,
    quote,
)
from credimus.state.fleet import FleetState, snapshot_fingerprint
from credimus.state.keeping.checkpoints import checkpoint_id

FetchingEffects: TypeAlias = Effects[Any, Any, SnapshotFetched | GiveBlocks | SayWord]
RETRY_NS = SECOND
ASKED_MAX = 10
_OFFER_PAUSE_NS = 5 * SECOND


class Fetching:
    """One node's side of passing checkpoints on.

    Args:
        author: who speaks here.

    `base` is what this node keeps of its last checkpoint; the node sets it.
    """

    def __init__(self, lace: Lace, state: FleetState, author: NodeId) -> None:
        self._lace = lace
        self._state = state
        self._author = author
        self.base: Base | None = None
        self.lacks_kept: Callable[[], bool] = _no
        """Whether some block that is to be kept below the cut is not held; the node sets it."""
        self._offered: dict[NodeId, Instant] = {}
        self._shown = b""
        """The snapshot that they were offered."""
        self._quoted: set[Word] = set()
        """Words of our certificate that were quoted."""
        self._gave: dict[NodeId, Instant] = {}
        self._keeper: NodeId | None = None
        self._keeper_due: Instant | None = None
        self._keeper_asked = 0
        self._proof: CheckpointProof | None = None
        self._peer: NodeId | None = None
        self._size = 0
        self._got = bytearray()
        self._due: Instant | None = None
        self._asked = 0

    def handle(self, event: FetchingInput, now: Now) -> FetchingEffects:
        """Take one input.

        Raises:
            PeerFault: `bad-checkpoint`, `malformed`, `bad-signature`: what came is let go.
        """
        match event:
            case PeersBehind(facts):
                effects: FetchingEffects = Effects()
                for fact in facts:
                    self._offer(fact.peer, now, effects)
                return effects
            case MembersOutrun():
                return self._quote()
            case OfferCame(peer, offer):
                return self._consider(peer, offer, now)
            case PartWanted(peer, wanted):
                return self._give(peer, wanted)
            case PartCame(peer, part):
                return self._take(peer, part, now)
            case KeptAsked(peer, wanted):
                return self._give_kept(peer, wanted, now)
            case _:
                assert_never(event)

    def deadline(self) -> Instant | None:
        """When to ask again."""
        return earliest(self._due, self._keeper_due)

    def tick(self, now: Now) -> FetchingEffects:
        """Ask again for what did not come; give up after some times."""
        if self._keeper_due is not None and now.instant >= self._keeper_due:
            return self._ask_keeper(now)
        if self._due is None or now.instant < self._due:
            return Effects()
        if self._asked >= ASKED_MAX:
            self._drop()
            return Effects()
        return self._ask(now)

    @property
    def progress(self) -> tuple[int, int] | None:
        """Bytes fetched, and of how many; None when nothing is fetched."""
        return None if self._proof is None else (len(self._got), self._size)

    def _offer(self, peer: NodeId, now: Now, effects: FetchingEffects) -> None:
        base = self.base
        if base is None:
            return
        if base.proof.said.snapshot != self._shown:  # a new one is news to who got the last
            self._shown = base.proof.said.snapshot
            self._offered.clear()
        if _is_free(self._offered, peer, now):
            effects.send.append(Send(peer, SnapshotOffer(base.proof, len(base.image))))

    def _quote(self) -> FetchingEffects:
        """Quote those words of our certificate that others may never hold: who said them was
        exposed since, and nobody takes its blocks any more. Each once."""
        roster = self._state.roster
        members = roster.current
        if self.base is None or self._author not in members or self._author in members.sidelined:
            return Effects()
        self._quoted = {word for word in self._quoted if word in self.base.proof.words}
        effects: FetchingEffects = Effects()
        for word in self.base.proof.words if members.sidelined else ():
            author = read_header(word.header).author
            if author in members.sidelined and word not in self._quoted:
                self._quoted.add(word)
                effects.emit.append(SayWord(self._author, quote(word, roster.keys[author])))
        return effects

    def _consider(self, peer: NodeId, offer: SnapshotOffer, now: Now) -> FetchingEffects:
        said = offer.proof.said
        last = last_below(said.cut)
        heads = {author: self._lace.head(author) for author in last}
        behind = any(
            (held := heads[author]) is None or held.sequence < sequence
            for author, sequence in last.items()
        )
        if not behind or self._state.roster.founding is None:
            return Effects()
        if self._proof is not None and checkpoint_id(self._proof.said) != checkpoint_id(said):
            return Effects()  # one at a time; a stalled one is dropped by the clock
        if self._proof is None:
            self._proof, self._size = offer.proof, offer.byte_count
            self._got.clear()
        self._peer, self._asked = peer, 0
        return self._ask(now)

    def _ask(self, now: Now) -> FetchingEffects:
        proof, peer = self._proof, self._peer
        if proof is None or peer is None:
            return Effects()
        self._asked += 1
        self._due = after(now.instant, RETRY_NS)
        wanted = SnapshotWanted(checkpoint_id(proof.said), len(self._got))
        return Effects(send=[Send(peer, wanted)])

    def _give(self, peer: NodeId, wanted: SnapshotWanted) -> FetchingEffects:
        base = self.base
        if base is None or checkpoint_id(base.proof.said) != wanted.checkpoint:
            return Effects()
        part = base.image[wanted.offset : wanted.offset + limits.SNAPSHOT_PART_BYTES_MAX]
        return Effects(send=[Send(peer, SnapshotPart(wanted.checkpoint, wanted.offset, part))])

    def _take(self, peer: NodeId, part: SnapshotPart, now: Now) -> FetchingEffects:
        proof = self._proof
        if (
            proof is None
            or peer != self._peer
            or part.checkpoint != checkpoint_id(proof.said)
            or part.offset != len(self._got)
            or not part.content
        ):
            return Effects()
        self._got += part.content
        self._asked = 0
        if len(self._got) < self._size:
            return self._ask(now)
        image = bytes(self._got)
        self._drop()
        state = self._checked(proof, image)
        if state.checkpoints.number <= self._state.checkpoints.number:
            return Effects()  # ours has come into force meanwhile
        self._keeper, self._keeper_due, self._keeper_asked = peer, after(now.instant, RETRY_NS), 0
        return Effects(emit=[SnapshotFetched(proof, image, state.checkpoints.number)])

    def _checked(self, proof: CheckpointProof, image: bytes) -> FleetState:
        """The state of a snapshot that is what its certificate says.

        Raises:
            PeerFault: `bad-checkpoint`, `malformed`, `bad-signature`.
        """
        if snapshot_fingerprint(image) != proof.said.snapshot:
            raise PeerFault("bad-checkpoint", "a snapshot is not the one that is certified")
        state = FleetState.restored(image)
        roster, mine = state.roster, self._state.roster
        if roster.fleet != mine.fleet or roster.founding != mine.founding:
            raise PeerFault("bad-checkpoint", "a snapshot is that of another fleet")
        found = certifiers(proof, mine.fleet, roster.keys)
        check_quorum(proof, found)
        known = mine.current.by_id
        if len(known) > 1 and 3 * sum(one in found for one in known) <= len(known):
            raise PeerFault(
                "bad-checkpoint", "too few of the members that we know certify a checkpoint"
            )
        return state

    def _ask_keeper(self, now: Now) -> FetchingEffects:
        """Ask who gave the snapshot for what is kept below its cut, as long as that lacks."""
        base, peer = self.base, self._keeper
        if base is None or peer is None or self._keeper_asked >= ASKED_MAX or not self.lacks_kept():
            self._keeper = self._keeper_due = None
            return Effects()
        self._keeper_asked += 1
        self._keeper_due = after(now.instant, 2 * _OFFER_PAUSE_NS)
        return Effects(send=[Send(peer, KeptWanted(checkpoint_id(base.proof.said)))])

    def _give_kept(self, peer: NodeId, wanted: KeptWanted, now: Now) -> FetchingEffects:
        base = self.base
        if base is None or checkpoint_id(base.proof.said) != wanted.checkpoint:
            return Effects()
        if not _is_free(self._gave, peer, now):
            return Effects()
        kept = sorted(self._lace.below_cut(), key=lambda one: (one.stamp, one.id))
        ids = [one.id for one in kept][: limits.KEPT_GIVEN_MAX]
        return Effects(emit=[GiveBlocks(peer, (one,)) for one in ids])

    def _drop(self) -> None:
        self._proof = self._peer = self._due = None
        self._got = bytearray()
        self._asked = 0


def _is_free(times: dict[NodeId, Instant], peer: NodeId, now: Now) -> bool:
    """Whether a peer was not given something lately; notes that it is now."""
    last = times.get(peer)
    if last is not None and now.instant < after(last, _OFFER_PAUSE_NS):
        return False
    if len(times) >= limits.FRONTIER_HEADS_MAX:
        times.clear()
    times[peer] = now.instant
    return True


def _no() -> bool:
    return False

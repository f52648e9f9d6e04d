"""The line of checkpoints: each is certified over the one before, and there is one of each number.

    Attest    a member says which state it came to at a cut; at most once in an attempt
    Certify   it saw more than two thirds attest one checkpoint, and will attest no other
    Quote     somebody else said so
    certified more than two thirds said Certify of one checkpoint in one attempt

Why two steps: a member that certified is bound, so whatever a later attempt brings, no other
checkpoint of that number finds two thirds (as in Tendermint; `protocol/checkpointing` keeps the
rules that honest members follow). Thirds are taken of the electors as of the checkpoint before and
of those as of the cut, of both. What is said over another base than the last certified checkpoint
counts for nothing. Deliberately not here: cuts and blocks (the node looks whether a certified
checkpoint is what its own blocks give), and what is let go (each fold says that for its own).
"""

from collections.abc import Collection, Iterator

import msgspec

from credimus.kernel import limits
from credimus.kernel.codec import decoder, encode
from credimus.kernel.ids import BlockId, NodeId, fingerprint, node_id
from credimus.lace.frontier import Cut
from credimus.lace.lace import Place
from credimus.state.events import CheckpointAttested, CheckpointReached, MemberOutrun, StateEvent
from credimus.state.keeping.images import Image, read_image
from credimus.state.keeping_operations import Attest, Certify, Quote
from credimus.state.operation import Id


class Released(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """What one checkpoint let go: counts, and the Merkle root of the ids."""

    beliefs: int = 0
    rounds: int = 0
    assertions: int = 0
    other: int = 0
    """Words about rounds that nobody opened, and retractions."""
    root: bytes = b""
    """RFC 6962 root over the sorted ids of beliefs and rounds, 32 bytes."""


class Checkpoint(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False
):
    """A certified checkpoint, as the state remembers it."""

    number: int
    """1 for the first."""
    base: bytes
    """The id of the one before; empty for the first."""
    stamp: int
    """The greatest stamp in its cut: its own time, by which things are let go."""
    cut: Cut
    electors: tuple[Id, ...]
    retention_ms: int
    released: Released


class _Image(Image, frozen=True):
    id: bytes
    """Of the last one; empty in its own snapshot, which it names."""
    checkpoints: tuple[Checkpoint, ...]
    """The last ones, oldest first; of all but the last without cut and electors."""
    proposals: tuple[Attest, ...] = ()
    attested: tuple[tuple[int, bytes, Id], ...] = ()
    certified: tuple[tuple[int, bytes, Id], ...] = ()


class Checkpoints:
    """The fold of attestations over the last certified checkpoint.

    Invariant: what a snapshot holds of it is certified; what was said since is folded again.
    """

    def __init__(self) -> None:
        self.id = b""
        """The last certified checkpoint; empty before the first."""
        self._told: tuple[Checkpoint, ...] = ()
        self._proposals: dict[bytes, Attest] = {}
        self._attested: dict[tuple[int, bytes], dict[NodeId, None]] = {}
        self._certified: dict[tuple[int, bytes], dict[NodeId, None]] = {}
        self._words: dict[tuple[int, bytes], dict[BlockId, None]] = {}
        """The blocks that certify: not agreed state, only where to find the proof."""

    # --- asking

    @property
    def last(self) -> Checkpoint | None:
        """The last certified checkpoint."""
        return self._told[-1] if self._told else None

    @property
    def number(self) -> int:
        """How many were certified."""
        return self._told[-1].number if self._told else 0

    @property
    def is_reached(self) -> bool:
        """Whether some checkpoint over the last one is certified; nearly always False, at once."""
        return bool(self._certified) and bool(self.certified())

    def __iter__(self) -> Iterator[Checkpoint]:
        """The last ones, oldest first."""
        return iter(self._told)

    def proposal(self, identifier: bytes) -> Attest | None:
        """What a checkpoint over the last certified one says, or None."""
        return self._proposals.get(identifier)

    def attested_by(self, member: NodeId) -> list[tuple[int, bytes]]:
        """The attempts and checkpoints that a member attests, sorted."""
        return sorted(one for one, members in self._attested.items() if member in members)

    def certified_by(self, member: NodeId) -> list[tuple[int, bytes]]:
        """The attempts and checkpoints that a member certifies, sorted."""
        return sorted(one for one, members in self._certified.items() if member in members)

    def attested(self) -> list[tuple[int, bytes]]:
        """The attempts and checkpoints that more than two thirds attest, sorted."""
        return sorted(one for one in self._attested if self._suffices(one, self._attested[one]))

    def certified(self) -> list[tuple[int, bytes]]:
        """Those that more than two thirds certify, sorted: one, unless a third lie."""
        return sorted(one for one in self._certified if self._suffices(one, self._certified[one]))

    def proposed(self, attempt: int) -> list[tuple[NodeId, bytes]]:
        """Who attests what in an attempt, sorted."""
        return sorted(
            (member, identifier)
            for (number, identifier), members in self._attested.items()
            for member in members
            if number == attempt
        )

    def witnesses(self, identifier: bytes) -> list[NodeId]:
        """The members that certify a checkpoint, in any attempt, sorted."""
        return sorted(
            {
                member
                for (_, named), members in self._certified.items()
                for member in members
                if named == identifier
            }
        )

    def words(self, attempt: int, identifier: bytes) -> list[BlockId]:
        """Blocks in which members certify a checkpoint in an attempt, sorted."""
        return sorted(self._words.get((attempt, identifier), ()))

    # --- folding

    def note(self, said: Attest | Certify | Quote, place: Place) -> list[StateEvent]:
        """Fold a word; of what is quoted, where it was said is all that was not checked before."""
        match said:
            case Attest():
                return self.attest(said, place)
            case Certify():
                return self.certify(said, place, place.author)
            case Quote():
                word = _certify.decode(said.word.leaf)
                return self.certify(word, place, node_id(said.public_key))

    def attest(self, said: Attest, place: Place) -> list[StateEvent]:
        """Fold an attestation."""
        if said.base != self.id:
            return self._outrun(said.base, place.author)
        identifier = checkpoint_id(said)
        key = said.attempt, identifier
        self._proposals[identifier] = msgspec.structs.replace(said, attempt=0)
        self._attested.setdefault(key, {})[place.author] = None
        return self._reached(key) or [CheckpointAttested(identifier, place.author)]

    def certify(self, said: Certify, place: Place, author: NodeId) -> list[StateEvent]:
        """Fold a certification; it may come before the attestation that says what it is of.

        Args:
            place: of the block that says or shows it.
            author: who said it.
        """
        if said.base != self.id:
            return self._outrun(said.base, place.author) if author == place.author else []
        key = said.attempt, said.checkpoint
        self._certified.setdefault(key, {})[author] = None
        self._words.setdefault(key, {})[place.id] = None
        return self._reached(key)

    def advance(self, said: Attest, stamp: int, released: Released) -> None:
        """Begin anew over a checkpoint; its snapshot holds what this gives."""
        told = self._told[-limits.CHECKPOINTS_TOLD_MAX + 1 :]
        before = tuple(msgspec.structs.replace(one, cut=(), electors=()) for one in told)
        number = self.number + 1
        fresh = Checkpoint(
            number, self.id, stamp, said.cut, said.electors, said.retention_ms, released
        )
        self._told = (*before, fresh)
        self.id = b""
        self._proposals, self._attested, self._certified, self._words = {}, {}, {}, {}

    def name(self, snapshot: bytes) -> None:
        """Take the id that follows from the fingerprint of our own snapshot."""
        last = self.last
        if not self.id and last is not None:
            said = Attest(last.base, 0, last.cut, last.electors, last.retention_ms, snapshot)
            self.id = checkpoint_id(said)

    def fingerprint(self) -> bytes:
        """Of the line so far, and what is said over its end."""
        return fingerprint(b"credimus checkpoints", self.snapshot())

    def snapshot(self) -> bytes:
        """The line so far, and what is said over its end."""
        return encode(
            _Image(
                self.id,
                self._told,
                tuple(self._proposals[one] for one in sorted(self._proposals)),
                _rows(self._attested),
                _rows(self._certified),
            )
        )

    def restore(self, raw: bytes) -> None:
        """Become what was written; for a fold that is new.

        Raises:
            PeerFault: `malformed`.
        """
        image = read_image(raw, _image, "snapshot of the checkpoints")
        assert isinstance(image, _Image)  # noqa: S101 - what its decoder reads
        self.id, self._told = image.id, image.checkpoints
        self._proposals = {checkpoint_id(said): said for said in image.proposals}
        for held, rows in ((self._attested, image.attested), (self._certified, image.certified)):
            for attempt, identifier, member in rows:
                held.setdefault((attempt, identifier), {})[NodeId(member)] = None

    # --- private

    def _outrun(self, base: bytes, author: NodeId) -> list[StateEvent]:
        return [MemberOutrun(author)] if any(base == one.base for one in self._told) else []

    def _reached(self, key: tuple[int, bytes]) -> list[StateEvent]:
        members = self._certified.get(key)
        if members and self._suffices(key, members):
            return [CheckpointReached(key[1])]
        return []

    def _suffices(self, key: tuple[int, bytes], members: Collection[NodeId]) -> bool:
        proposal = self._proposals.get(key[1])
        if proposal is None:
            return False
        last = self.last
        every = [proposal.electors] if last is None else [proposal.electors, last.electors]
        return all(
            3 * sum(NodeId(one) in members for one in electors) > 2 * len(electors)
            for electors in every
        )


_image = decoder(_Image)
_certify = decoder(Certify)


def _rows(said: dict[tuple[int, bytes], dict[NodeId, None]]) -> tuple[tuple[int, bytes, Id], ...]:
    return tuple(sorted((*key, member) for key, members in said.items() for member in members))


def checkpoint_id(said: Attest) -> bytes:
    """The id of what is attested: all of it but the attempt; 32 bytes."""
    named = encode((said.base, said.cut, said.electors, said.retention_ms, said.snapshot))
    return fingerprint(b"credimus checkpoint", named)

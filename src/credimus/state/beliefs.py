"""What is believed: one OR-Set of claims, assertions and relations, each under its author's dot.

    assert, relate    insert a dot
    retract           discards dots of the same author, seen or not
    a rejection       discards the earlier dots that its verdict operation lists

Invariant: the state depends on the set of folded operations alone. Two different claims under one
dot (an equivocator's) void each other. Where a verdict operation lists a dot that has not come, it
waits in `_doomed` until the dot is seen, because only the claim itself shows whether it belongs to
the rejected belief and is older. Dooms follow from rounds and claims, and are never more than the
verdict operations list, which are kept anyway.
"""

from collections.abc import Collection, Iterator
from sys import intern

import msgspec

from credimus.crdt import ORSet
from credimus.kernel.codec import decoder, encode
from credimus.kernel.hlc import LOGICAL_BITS
from credimus.kernel.ids import BeliefId, BlockId, NodeId, fingerprint
from credimus.kernel.portions import Portions, portions
from credimus.lace.lace import Place
from credimus.state.events import BeliefAsserted, BeliefChanged, StateEvent
from credimus.state.identity import belief_id
from credimus.state.keeping.images import BeliefImage, BeliefsImage, read_image
from credimus.state.operations import Assert, DotName, Evidence, Relate, Relation, Retract


class Assertion(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=1):
    """One author's statement of a belief."""

    content: str
    category: str
    confidence: int
    stamp: int
    evidence: tuple[Evidence, ...]
    ttl_ms: int


class Link(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=2):
    """One author's statement that a belief bears on another."""

    source: BeliefId
    relation: Relation
    target: BeliefId
    stamp: int

    @property
    def ends(self) -> tuple[BeliefId, Relation, BeliefId]:
        """What is related to what, and how."""
        return self.source, self.relation, self.target


class Belief:
    """A statement that somebody asserted at least once. Treat as frozen."""

    __slots__ = ("category", "content", "id", "origin", "origin_block")

    def __init__(
        self, identifier: BeliefId, said: Assert, origin: "Origin", block: BlockId
    ) -> None:
        self.id = identifier
        self.content = said.content
        self.category = intern(said.category)
        self.origin = origin
        self.origin_block = block


Origin = tuple[int, NodeId, int]
"""Stamp, author and counter of the first assertion, by stamp: fixes how the belief is written."""


class Beliefs:
    """The fold of claims."""

    def __init__(self) -> None:
        self._claims: ORSet[bytes, Assertion | Link] = ORSet(b"")
        self._beliefs: dict[BeliefId, Belief] = {}
        self._links: dict[BeliefId, dict[bytes, None]] = {}
        self._doomed: dict[tuple[bytes, int], dict[BeliefId, int]] = {}
        self._retractions: dict[NodeId, list[tuple[int, str, tuple[int, ...]]]] = {}
        self._counters: dict[NodeId, int] = {}
        self.thinned: set[BeliefId] = set()
        """Of which something ended, when last something was let go: to be told, not agreed."""

    def __len__(self) -> int:
        return len(self._beliefs)

    def __iter__(self) -> Iterator[Belief]:
        return iter(self._beliefs.values())

    def get(self, identifier: BeliefId) -> Belief | None:
        """The belief, also after all its assertions were removed; None when nobody asserted it."""
        return self._beliefs.get(identifier)

    # --- folding

    def add(self, said: Assert, place: Place) -> tuple[BeliefAsserted, *tuple[StateEvent, ...]]:
        """Fold an assertion; tells of it first."""
        author, counter = place.author, said.counter
        identifier = belief_id(said.content, said.category)
        origin = (place.stamp, author, counter)
        category = intern(said.category)
        known = self._beliefs.get(identifier)
        if known is None or (origin <= known.origin and _is_earlier(origin, said, place, known)):
            self._beliefs[identifier] = Belief(identifier, said, origin, place.id)
        content = known.content if known and known.content == said.content else said.content
        claim = Assertion(
            content, category, said.confidence, place.stamp, said.evidence, said.ttl_ms
        )
        voided = self._insert(author, counter, identifier, claim)
        if self._doomed:
            self._settle_doom(author, counter)
        return BeliefAsserted(identifier, author, known is None), *voided

    def relate(self, said: Relate, place: Place) -> list[StateEvent]:
        """Fold a relation."""
        source, target = BeliefId(said.source), BeliefId(said.target)
        key = link_key(source, said.relation, target)
        claim = Link(source, said.relation, target, place.stamp)
        voided = self._insert(place.author, said.counter, key, claim)
        self._doomed.pop((place.author, said.counter), None)
        self._links.setdefault(source, {})[key] = None
        self._links.setdefault(target, {})[key] = None
        return [BeliefChanged(source), *voided]

    def retract(self, said: Retract, place: Place) -> list[StateEvent]:
        """Fold a retraction; only the author's own dots can be named."""
        self._retractions.setdefault(place.author, []).append(
            (place.stamp, said.reason, said.counters)
        )
        changed: dict[BeliefId, None] = {}
        for counter in said.counters:
            gone = self._claims.discard(place.author, counter)
            self._doomed.pop((place.author, counter), None)
            if gone is not None:
                changed[_of(gone)] = None
        return [BeliefChanged(belief) for belief in changed]

    def remove_rejected(
        self, belief: BeliefId, before_stamp: int, dots: tuple[DotName, ...]
    ) -> bool:
        """Fold the removal that a rejection lists. Returns whether anything went.

        Args:
            before_stamp: that of the block which lists it: what was asserted later stays.
        """
        removed = False
        for dot in dots:
            claim = self._claims.record_at(dot.author, dot.counter)
            if claim is None and not self._claims.saw(dot.author, dot.counter):
                dooms = self._doomed.setdefault((dot.author, dot.counter), {})
                dooms[belief] = max(before_stamp, dooms.get(belief, 0))
            elif (
                isinstance(claim, Assertion)
                and claim.stamp < before_stamp
                and belief_id(claim.content, claim.category) == belief
            ):
                self._claims.discard(dot.author, dot.counter)
                removed = True
        return removed

    # --- asking

    def claims_made(self, author: NodeId) -> int:
        """The greatest counter that an author has given a claim; 0 before the first."""
        return self._counters.get(author, 0)

    def assertions(self, identifier: BeliefId) -> list[tuple[NodeId, int, Assertion]]:
        """The live assertions as (author, counter, assertion), in order of dots."""
        found = []
        for author, counter in self._claims.dots(identifier):
            claim = self._claims.record_at(author, counter)
            if isinstance(claim, Assertion):
                found.append((NodeId(author), counter, claim))
        return found

    def stance(self, identifier: BeliefId, author: NodeId) -> Assertion | None:
        """An author's newest live assertion of a belief."""
        return self.stances(identifier, author)[0]

    def stances(self, identifier: BeliefId, author: NodeId) -> tuple[Assertion | None, int]:
        """An author's newest live assertion, and the greatest confidence of all, in millionths."""
        own: Assertion | None = None
        boldest = 0
        for who, claim in self._claims.voices(identifier):
            if type(claim) is Assertion:
                boldest = max(boldest, claim.confidence)
                if who == author and (own is None or claim.stamp > own.stamp):
                    own = claim
        return own, boldest

    def history(self, identifier: BeliefId) -> list[tuple[int, NodeId, int]]:
        """The confidence history: (stamp, author, millionths) of live assertions, oldest first."""
        return sorted(
            (claim.stamp, author, claim.confidence)
            for author, _, claim in self.assertions(identifier)
        )

    def confidence(self, identifier: BeliefId) -> int:
        """The mean over authors of their newest live confidence, in millionths; 0 without any."""
        newest: dict[NodeId, int] = {}
        for _, author, confidence in self.history(identifier):
            newest[author] = confidence
        return sum(newest.values()) // len(newest) if newest else 0

    def links(self, identifier: BeliefId) -> list[Link]:
        """The live relations from and to a belief, each once, in order of their keys."""
        if identifier not in self._links:
            return []
        found = []
        for key in sorted(self._links.get(identifier, ())):
            claims = self._claims.records(key)
            if claims and isinstance(claims[0], Link):
                found.append(claims[0])
        return found

    def links_by(self, author: NodeId, key: bytes) -> list[int]:
        """The counters under which an author states a relation."""
        return [counter for who, counter in self._claims.dots(key) if who == author]

    def contradictions(self, identifier: BeliefId) -> list[BeliefId]:
        """The beliefs that some live relation says contradict this one, sorted."""
        opposed = {
            link.target if link.source == identifier else link.source
            for link in self.links(identifier)
            if link.relation is Relation.CONTRADICTS
        }
        return sorted(opposed)

    def to_bytes(self) -> bytes:
        """The OR-Set of claims, canonical."""
        return self._claims.to_bytes()

    def merge_claims(self, claims: ORSet[bytes, Assertion | Link]) -> None:
        """Join another replica's set of claims into ours, as a snapshot does.

        Invariant: gives the same set as folding that replica's claims and retractions, whoever lied
        in them. What a rejection removes of claims that are here is for the rounds to say.
        """
        self._claims.merge(claims)

    @property
    def claims(self) -> ORSet[bytes, Assertion | Link]:
        """The set itself, for snapshots and deltas; do not change it."""
        return self._claims

    # --- letting go

    def expire(self, stamp: int) -> dict[BeliefId, int]:
        """Remove the assertions whose own life is over at a stamp; returns how many of each."""
        ended: dict[BeliefId, int] = {}
        for belief in self._beliefs:
            for author, counter, claim in self.assertions(belief):
                if claim.ttl_ms and claim.stamp + (claim.ttl_ms << LOGICAL_BITS) <= stamp:
                    self._claims.discard(author, counter)
                    ended[belief] = ended.get(belief, 0) + 1
        self.thinned = set(ended)
        return ended

    def let_go(self, beliefs: Collection[BeliefId], before_stamp: int) -> tuple[int, int]:
        """Forget beliefs with their claims, earlier relations to what is not there, and earlier
        retractions; returns how many claims and how many retractions.

        The causal context stays: what was seen is not taken for new when it comes again.
        """
        dots = [dot for belief in beliefs for dot in self._claims.dots(belief)]
        for belief in beliefs:
            del self._beliefs[belief]
        for key in sorted({key for keys in self._links.values() for key in keys}):
            for dot, claim in zip(self._claims.dots(key), self._claims.records(key), strict=True):
                ends = (claim.source, claim.target) if isinstance(claim, Link) else ()
                if claim.stamp < before_stamp and any(end not in self._beliefs for end in ends):
                    dots.append(dot)
                    self.thinned.update(ends[:1])
        for dot in dots:
            self._claims.discard(dot.replica, dot.counter)
        for end, keys in list(self._links.items()):
            self._links[end] = {key: None for key in keys if key in self._claims}
            if not self._links[end]:
                del self._links[end]
        for name, dooms in list(self._doomed.items()):
            self._doomed[name] = {one: at for one, at in dooms.items() if at >= before_stamp}
            if not self._doomed[name]:
                del self._doomed[name]
        return len(dots), self._drop_retractions(before_stamp)

    def fingerprint(self) -> bytes:
        """Of everything agreed about beliefs."""
        origins = sorted(
            (belief.id, belief.origin, belief.content) for belief in self._beliefs.values()
        )
        retracted = sorted((who, sorted(what)) for who, what in self._retractions.items())
        return fingerprint(b"credimus beliefs", self.to_bytes(), encode(origins), encode(retracted))

    def snapshot(self) -> Portions[bytes]:
        """All of it, canonical."""
        beliefs: list[BeliefImage] = []
        for some in portions(sorted(self._beliefs)):
            for one in map(self._beliefs.__getitem__, some):
                said = one.content, one.category, *one.origin, one.origin_block
                beliefs.append(BeliefImage(one.id, *said))
            yield len(some)
        doomed = sorted(
            (author, counter, belief, stamp)
            for (author, counter), dooms in self._doomed.items()
            for belief, stamp in dooms.items()
        )
        retractions = sorted(
            (author, *one) for author, said in self._retractions.items() for one in said
        )
        return encode(
            BeliefsImage(
                self.to_bytes(), tuple(beliefs), tuple(doomed), tuple(retractions),
                tuple(sorted(self._counters.items())),
            )
        )  # fmt: skip

    def restore(self, raw: bytes) -> Portions[None]:
        """Become what was written; for a fold that is new.

        Raises:
            PeerFault: `malformed`.
        """
        image = read_image(raw, _image, "snapshot of the beliefs")
        assert isinstance(image, BeliefsImage)  # noqa: S101 - what its decoder reads
        self._claims = ORSet.from_bytes(image.claims, record_type=Assertion | Link)
        for some in portions(image.beliefs):
            for one in some:
                said = Assert(max(1, one.counter), one.content, one.category, 0)
                origin = one.stamp, NodeId(one.author), one.counter
                identifier = BeliefId(one.id)
                self._beliefs[identifier] = Belief(identifier, said, origin, BlockId(one.block))
            yield len(some)
        for author, counter, belief, stamp in image.doomed:
            self._doomed.setdefault((author, counter), {})[BeliefId(belief)] = stamp
        for author, stamp, reason, counters in image.retractions:
            self._retractions.setdefault(NodeId(author), []).append((stamp, reason, counters))
        self._counters = {NodeId(author): counter for author, counter in image.counters}
        for key, records in self._claims.items():
            for claim in records:
                if isinstance(claim, Link):
                    self._links.setdefault(claim.source, {})[key] = None
                    self._links.setdefault(claim.target, {})[key] = None

    def _drop_retractions(self, before_stamp: int) -> int:
        count = 0
        for author, said in list(self._retractions.items()):
            kept = [one for one in said if one[0] >= before_stamp]
            count += len(said) - len(kept)
            self._retractions[author] = kept
            if not kept:
                del self._retractions[author]
        return count

    def _insert(
        self, author: NodeId, counter: int, key: bytes, claim: Assertion | Link
    ) -> list[StateEvent]:
        """Take a claim in; tells of another under its dot that it voids, and that voids it."""
        if counter > self._counters.get(author, 0):
            self._counters[author] = counter
        elif (held := self._claims.record_at(author, counter)) is not None:
            voids = self._claims.insert(author, counter, key, claim)
            return [BeliefChanged(_of(held))] if voids else []
        self._claims.insert(author, counter, key, claim)
        return []

    def _settle_doom(self, author: NodeId, counter: int) -> None:
        dooms = self._doomed.pop((author, counter), None)
        claim = self._claims.record_at(author, counter)
        if (
            dooms
            and isinstance(claim, Assertion)
            and claim.stamp < dooms.get(belief_id(claim.content, claim.category), 0)
        ):
            self._claims.discard(author, counter)


_image = decoder(BeliefsImage)


def link_key(source: BeliefId, relation: Relation, target: BeliefId) -> bytes:
    """The key of a relation in the set of claims; longer than a belief's, so they never meet."""
    return b"%c%b%b" % (relation, source, target)


def _of(claim: Assertion | Link) -> BeliefId:
    """The belief whose view a claim is part of."""
    if isinstance(claim, Link):
        return claim.source
    return belief_id(claim.content, claim.category)


def _is_earlier(origin: Origin, said: Assert, place: Place, known: Belief) -> bool:
    """Whether an assertion, not known to be later, comes first: an equivocator's two may tie."""
    if origin < known.origin:
        return True
    return (said.content, place.id) < (known.content, known.origin_block)

"""What came before what it refers to, kept until that comes, so that no order can be seen."""

from collections.abc import Iterable
from typing import Any, TypeAlias

from credimus.kernel.codec import encode
from credimus.kernel.ids import BeliefId, ElectorateId, NodeId, RoundId
from credimus.state.keeping.images import (
    EarlyImage,
    drop_earlier,
    image_of_early,
    image_of_unopened,
)
from credimus.state.membership.members import Members
from credimus.state.operations import Choice, Propose, Vote

Early: TypeAlias = tuple[NodeId, int, Any]
"""Author, stamp and operation of something that came before its round."""
Unopened: TypeAlias = tuple[NodeId, int, Propose, Members]
"""Author and stamp of a proposal that opens nothing yet, and the view of its past."""
UnopenedImage: TypeAlias = tuple[tuple[bytes, int, Propose, bytes], ...]
Void: TypeAlias = tuple[BeliefId, int, int]
"""Belief, attempt and greatest stamp of proposals of one round that count for nothing."""
VoidImage: TypeAlias = tuple[tuple[bytes, bytes, int, int], ...]


class Waiting:
    """Words about rounds that nobody opened, and proposals that can not be judged yet, or count for
    nothing."""

    __slots__ = ("_void_on", "early", "unasserted", "unopened", "void")

    def __init__(self) -> None:
        self.early: dict[RoundId, list[Early]] = {}
        self.unopened: dict[ElectorateId, list[Unopened]] = {}
        """Proposals that wait for their electorate."""
        self.unasserted: dict[BeliefId, list[Unopened]] = {}
        """Proposals that wait for the category of their belief."""
        self.void: dict[RoundId, Void] = {}
        """Rounds that somebody proposed in vain: who voted on one before a checkpoint showed that
        keeps its word, also over a restart."""
        self._void_on: dict[tuple[BeliefId, int], list[RoundId]] = {}

    def keep(self, identifier: RoundId, *said: Any) -> None:
        """Author, stamp and word about a round that does not exist."""
        self.early.setdefault(identifier, []).append(said)

    def for_electorate(self, entry: Unopened) -> None:
        """A proposal whose electorate is not published."""
        self.unopened.setdefault(ElectorateId(entry[2].electorate), []).append(entry)

    def for_category(self, entry: Unopened) -> None:
        """A proposal whose belief is not known."""
        self.unasserted.setdefault(BeliefId(entry[2].belief), []).append(entry)

    def ignore(self, identifier: RoundId, void: Void) -> None:
        """A proposal that counts for nothing."""
        known = self.void.get(identifier)
        if known is None:
            self._void_on.setdefault(void[:2], []).append(identifier)
        if known is None or known[2] < void[2]:
            self.void[identifier] = void

    def said_in_vain(self, author: NodeId, belief: BeliefId, attempt: int) -> Choice | None:
        """An answer of a member on such a proposal; the first by round, where there are more."""
        said = (
            word.choice
            for identifier in sorted(self._void_on.get((belief, attempt), ()))
            for who, _, word in self.early.get(identifier, ())
            if who == author and isinstance(word, Vote)
        )
        return next(said, None)

    def let_go(self, before_stamp: int) -> int:
        """Forget what was said before a stamp; returns how much."""
        every: tuple[dict[Any, list[Any]], ...] = self.early, self.unopened, self.unasserted
        void = {one: said for one, said in self.void.items() if said[2] >= before_stamp}
        count = len(self.void) - len(void)
        self.void, self._void_on = {}, {}
        for identifier, said in void.items():
            self.ignore(identifier, said)
        return count + sum(drop_earlier(entries, before_stamp) for entries in every)

    def electorates(self) -> set[ElectorateId]:
        """Those that some proposal waits for, or waits with."""
        return {ElectorateId(said.electorate) for _, _, said, _ in self._proposals()}

    def lists(self) -> tuple[list[Any], list[Any]]:
        """All of it for a fingerprint, sorted: words, then proposals."""
        early = sorted(
            (identifier, sorted(encode(entry) for entry in entries))
            for identifier, entries in self.early.items()
        )
        unopened = sorted(
            (identifier, sorted(encode((*said, past.key)) for *said, past in entries))
            for identifier, entries in (*self.unopened.items(), *self.unasserted.items())
        )
        return early, unopened

    def images(self) -> tuple[EarlyImage, UnopenedImage]:
        """What waits, for a snapshot: words, then proposals."""
        return image_of_early(self.early), image_of_unopened(self._proposals())

    def void_image(self) -> VoidImage:
        """The void proposals, for a snapshot: round, belief, attempt, stamp."""
        return tuple((one, *self.void[one]) for one in sorted(self.void))

    def recall_void(self, void: VoidImage) -> None:
        """Take up what `void_image` gave."""
        for identifier, belief, attempt, stamp in void:
            self.ignore(RoundId(identifier), (BeliefId(belief), attempt, stamp))

    def recall(
        self, early: EarlyImage, unopened: UnopenedImage, published: Iterable[ElectorateId]
    ) -> None:
        """Take up what `images` gave.

        Args:
            published: the electorates there are; what waits with one, waits for a category.
        """
        for identifier, author, stamp, said in early.entries():
            self.keep(RoundId(identifier), NodeId(author), stamp, said)
        known, views = frozenset(published), dict[bytes, Members]()
        for author, stamp, proposal, past in unopened:
            view = views[past] = views.get(past) or Members.read(past)
            entry = NodeId(author), stamp, proposal, view
            if ElectorateId(proposal.electorate) in known:
                self.for_category(entry)
            else:
                self.for_electorate(entry)

    def _proposals(self) -> Iterable[Unopened]:
        every = (*self.unopened.values(), *self.unasserted.values())
        return (entry for entries in every for entry in entries)

"""The lace in memory: which blocks are held, how they depend on each other, what a peer lacks.

Only headers' facts are kept here, some 400 bytes a block; the bytes of blocks stay in the store.

Deliberately not here: signatures and membership (node/taking/ingress.py), meaning (state/), disk
(runtime/).
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from heapq import merge
from itertools import islice

from credimus.kernel import limits
from credimus.kernel.errors import InternalError, NotFound
from credimus.kernel.ids import BlockId, NodeId, short
from credimus.lace.block import Header
from credimus.lace.chains import Chains, by_stamp
from credimus.lace.frontier import Cut, Frontier
from credimus.lace.place import Place, check_follows

__all__ = ["Lace", "Place"]


def _no(place: Place) -> bool:  # noqa: ARG001 - none
    return False


class Lace:
    """A DAG of blocks: whoever holds one beyond the cut holds its predecessors, bytes and all.

    Of a head of the cut perhaps only the name is known, from the checkpoint: it has a place, but is
    not *in* the lace.

    Invariant: a block's stamp is greater than those of its predecessors, so that (stamp, id) is a
    linear extension of the causal order.
    """

    __slots__ = (
        "_below", "_chains", "_names", "_places", "_tips", "newcomers", "passed_over",
    )  # fmt: skip

    def __init__(self) -> None:
        self._below: dict[NodeId, int] = {}
        self.newcomers: list[Place] | None = None
        """What is added, for who put a list here."""
        self._places: dict[BlockId, Place] = {}
        self._chains = Chains(self._places)
        self._tips: dict[BlockId, None] = {}
        self._names: dict[BlockId, None] = {}  # heads of the cut of which no more is known
        self.passed_over: frozenset[NodeId] = frozenset()
        """Authors whose blocks are held only where others build on them; the node says who."""

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, block_id: object) -> bool:
        """Whether a block is held, not its name alone."""
        return block_id in self._places and block_id not in self._names

    def place(self, block_id: BlockId) -> Place:
        """Where a held block stands.

        Raises:
            NotFound: `unknown-block`.
        """
        found = self._places.get(block_id)
        if found is None:
            raise NotFound("unknown-block", f"block {short(block_id)} is not held here")
        return found

    def get(self, block_id: BlockId) -> Place | None:
        """Where a block stands, or None when it is not held."""
        return self._places.get(block_id)

    def missing(self, header: Header, *, names_suffice: bool = False) -> list[BlockId]:
        """The predecessors of a header that are not held.

        Args:
            names_suffice: whether those count as held of which the name alone is known.
        """
        places = self._places
        named = (*header.parents, header.previous) if header.previous else header.parents
        missing = [one for one in named if one not in places]
        if self._names and not names_suffice:
            missing += [one for one in named if one in self._names]
        return missing

    def check(self, header: Header) -> None:
        """Refuse a header that contradicts its predecessors, all of which are held.

        Raises:
            PeerFault: `wrong-chain`, `stamp-not-after-parents`.
        """
        previous = self._places[header.previous] if header.previous else None
        check_follows(header, previous, [self._places[one] for one in header.parents])

    def add(self, block_id: BlockId, header: Header) -> Place:
        """Hold a checked block. Adding it again changes nothing.

        Raises:
            InternalError: `gap-in-lace`, when a predecessor is not held.
        """
        places = self._places
        if block_id in places:
            return places[block_id]
        if self.missing(header, names_suffice=True):
            raise InternalError("gap-in-lace", f"block {short(block_id)} came before a parent")
        place = places[block_id] = Place(block_id, header)
        if header.previous:  # one copy of each id in memory, however many blocks name it
            previous = places[header.previous]
            place.previous, place.author = previous.id, previous.author
        place.parents = tuple([places[parent].id for parent in header.parents])
        self._chains.put(place)
        tips = self._tips
        if header.previous:
            tips.pop(header.previous, None)
        for parent in header.parents:
            tips.pop(parent, None)
        tips[block_id] = None
        if self.newcomers is not None:
            self.newcomers.append(place)
        return place

    # --- letting a prefix go

    def is_below(self, author: NodeId, sequence: int) -> bool:
        """Whether a place of a chain is below the cut of the last checkpoint."""
        return sequence <= self._below.get(author, 0)

    def closure(self, cut: Cut) -> list[Place]:
        """The held blocks at and before the heads of a cut, in causal order.

        Raises:
            NotFound: `unknown-block`, when a head is not held.
        """
        seen: dict[BlockId, Place] = {}
        waiting = [self.place(head.block) for head in cut]
        while waiting:
            place = waiting.pop()
            if place.id not in seen:
                seen[place.id] = place
                held = map(self._places.get, place.predecessors())
                waiting += [one for one in held if one is not None]
        return sorted(seen.values(), key=by_stamp)

    def is_behind(self, frontier: Frontier) -> bool:
        """Whether the holder of a frontier lacks blocks below our cut."""
        reached: dict[NodeId, int] = {}
        for head in frontier.heads if self._below else ():
            reached[head.author] = max(head.sequence, reached.get(head.author, 0))
        return any(reached.get(author, 0) < last for author, last in self._below.items())

    def keep(self, place: Place) -> None:
        """Hold a block below the cut, for later blocks refer to it."""
        held = self._places.setdefault(place.id, place)
        held.previous, held.parents = place.previous, place.parents
        self._names.pop(place.id, None)

    def names(self, count: int) -> list[BlockId]:
        """Heads of the cut of which the name alone is known, at most `count`."""
        return list(islice(self._names, count))

    def let_go(self, cut: Cut, is_kept: Callable[[Place], bool] = _no) -> list[BlockId]:
        """Hold nothing below a cut but its heads, what later blocks name, and some to be kept;
        returns what went. Cost: linear in what is held."""
        for head in cut:
            self._below[head.author] = max(self._below.get(head.author, 0), head.sequence)
            if head.block not in self._places:
                self._places[head.block] = Place.of_head(head)
                self._names[head.block] = None
                self._tips[head.block] = None  # who begins here has seen all of the cut
        beyond = self.beyond_cut()
        heads = {head.block for head in cut}
        named = {*heads, *(one for place in beyond for one in place.predecessors())}
        below = self.below_cut()
        gone = [one.id for one in below if one.id not in named and not is_kept(one)]
        for place in below:
            if place.id not in heads:
                place.forget_left()
        for one in gone:
            del self._places[one]
            self._tips.pop(one, None)
            self._names.pop(one, None)
        self._chains.begin(cut, beyond)
        return gone

    @property
    def beyond_count(self) -> int:
        """How many blocks are held beyond the cut; all, before there is one."""
        return len(self._places) - (len(self.below_cut()) if self._below else 0)

    def below_cut(self) -> list[Place]:
        """What is still held below the cut."""
        held = self._places.values()
        return [one for one in held if self.is_below(one.author, one.sequence)]

    def beyond_cut(self) -> list[Place]:
        """What is held beyond the cut, in causal order."""
        held = self._places.values()
        beyond = (one for one in held if not self.is_below(one.author, one.sequence))
        return sorted(beyond, key=by_stamp)

    # --- what one block says about others

    def fork_at(self, place: Place) -> BlockId | None:
        """Another block of the same author and sequence number, if one is held."""
        return self._chains.fork_at(place)

    def happened_before(self, one: BlockId, other: BlockId) -> bool:
        """Whether `one` is in the causal past of `other`; a block is not in its own past.

        Cost: the blocks between the two stamps.
        Raises:
            NotFound: `unknown-block`.
        """
        goal = self.place(one)
        seen: set[BlockId] = set()
        waiting = [self.place(other)]
        while waiting:
            for predecessor in waiting.pop().predecessors():
                if predecessor == one:
                    return True
                if predecessor not in seen:
                    seen.add(predecessor)
                    place = self._places.get(predecessor)  # None below a checkpoint
                    if place is not None and place.stamp > goal.stamp:
                        waiting.append(place)
        return False

    def concurrent(self, one: BlockId, other: BlockId) -> bool:
        """Whether neither of two different blocks is in the other's causal past."""
        return (
            one != other
            and not self.happened_before(one, other)
            and not self.happened_before(other, one)
        )

    # --- the edge

    def tips(
        self,
        author: NodeId,
        count: int | None = limits.BLOCK_PARENTS_MAX,
        news: Collection[BlockId] = (),
    ) -> tuple[BlockId, ...]:
        """Blocks of others without known successors, sorted: the parents of the author's next one.

        At most `count`, oldest known first; the rest waits for the next block. Names alone are none
        of them: whoever lacks such a block could get it from nobody who builds on it.

        Args:
            news: held blocks to pass over with all that came after them, as if none had come; what
                they name stands in for them.
        """
        tips: Iterable[BlockId] = self._tips
        if news:
            named = (one for block in news for one in self._places[block].predecessors())
            known = (one for one in dict.fromkeys((*tips, *named)) if one in self._places)
            tips = (one for one in known if one not in news)  # some went with a checkpoint
        names = self._names
        others = (one for one in tips if self._places[one].author != author and one not in names)
        return tuple(sorted(islice(others, count)))

    def beginning(self) -> tuple[BlockId, ...]:
        """The oldest block that is held, the founding; empty where there is none. Cost: linear."""
        held = (place for place in self._places.values() if place.id not in self._names)
        first = min(held, key=by_stamp, default=None)
        return () if first is None else (first.id,)

    def loose_ends(self, authors: Collection[NodeId]) -> list[BlockId]:
        """The blocks of some authors on which nothing that is held builds yet, oldest first."""
        return [tip for tip in self._tips if self._places[tip].author in authors]

    def forks(self) -> Iterator[tuple[NodeId, BlockId, BlockId]]:
        """For each author of a fork beyond the cut, two of its blocks at one place."""
        return self._chains.forks()

    def head(self, author: NodeId) -> Place | None:
        """The author's last block on the branch that was seen first, or None."""
        return self._chains.head(author)

    def authors(self) -> list[NodeId]:
        """Everyone who signed a held block, sorted."""
        return self._chains.authors()

    def frontier(self) -> Frontier:
        """The last block of every branch of every chain; where they are more than a frontier
        holds, every author has one before anybody has two."""
        return self._chains.heads.frontier(self._places)

    @property
    def heads_sum(self) -> bytes:
        """The first 16 bytes of the ids of all heads, added as numbers. Cost: none."""
        return self._chains.heads.sum

    def lacks(self, frontier: Frontier) -> list[BlockId]:
        """The heads of a frontier that are not held here and are to be."""
        return [
            head.block
            for head in frontier.heads
            if head.block not in self._places and head.author not in self.passed_over
        ]

    def beyond(self, frontier: Frontier, count: int | None = None) -> list[Place]:
        """The held blocks that the holder of a frontier lacks, in causal order, at most `count`."""
        return list(islice(merge(*self._chains.beyond(frontier), key=by_stamp), count))

    def in_causal_order(self) -> Iterator[Place]:
        """Every held block, predecessors first; the same order on every node."""
        return iter(sorted(self._places.values(), key=by_stamp))

    def walk(
        self, stamp: int, author: NodeId | None = None, *, backwards: bool = False
    ) -> Iterator[Place]:
        """Held blocks stamped at or after `stamp`, in causal order; backwards those at or before
        it, against that order.

        Args:
            author: whose; everybody's when None.

        Cost: one look into each chain, then by what is taken; the whole chain of a forked author.
        """
        authors = self.authors() if author is None else [author]
        lanes = [self._chains.lane(one, stamp, backwards=backwards) for one in authors]
        return merge(*lanes, key=by_stamp, reverse=backwards)

"""The chains of all authors and their forks: who wrote what after what, what a peer lacks of it.

Deliberately not here: how chains depend on each other (lace.py).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from operator import attrgetter

from credimus.kernel.ids import BlockId, NodeId
from credimus.lace.frontier import Cut, Frontier, Head
from credimus.lace.heads import Heads
from credimus.lace.place import Place

by_stamp = attrgetter("stamp", "id")
"""The linear extension of the causal order that all nodes share."""


class Chains:
    """An index over held blocks.

    Args:
        places: all that is held; who owns it puts each block here, too.
    """

    __slots__ = ("_by_author", "_first", "_forked", "_places", "heads")

    def __init__(self, places: Mapping[BlockId, Place]) -> None:
        self._places = places
        self._by_author: dict[NodeId, list[BlockId]] = {}  # by sequence; the first block seen there
        self._forked: dict[NodeId, list[BlockId]] = {}  # the others
        self._first: dict[NodeId, int] = {}  # the sequence of the first block of each chain here
        self.heads = Heads()

    def put(self, place: Place) -> None:
        """A block is held, predecessors first."""
        author = place.author
        chain = self._by_author.setdefault(author, [])
        if len(chain) + self._first.get(author, 1) == place.sequence:
            chain.append(place.id)
        else:
            self._forked.setdefault(author, []).append(place.id)
        self.heads.put(place)

    def begin(self, cut: Cut, beyond: Iterable[Place]) -> None:
        """Begin anew from the heads of a cut, with what is held beyond it, in causal order."""
        self._by_author, self._forked, self._first, self.heads = {}, {}, {}, Heads()
        for head in sorted(cut, key=lambda one: -one.sequence):
            self._first.setdefault(head.author, head.sequence)
            self.put(self._places[head.block])
        for place in beyond:
            self.put(place)

    def authors(self) -> list[NodeId]:
        """Everyone who has a chain here, sorted."""
        return sorted(self._by_author)

    def head(self, author: NodeId) -> Place | None:
        """The author's last block on the branch that was seen first, or None."""
        first = self.heads.first(author)
        return None if first is None else self._places[first]

    def fork_at(self, place: Place) -> BlockId | None:
        """Another block of the same author and sequence number, if one is held."""
        chain = self._by_author.get(place.author, ())
        at = place.sequence - self._first.get(place.author, 1)
        if not 0 <= at < len(chain):  # below a checkpoint no more is known of it
            return None
        if chain[at] != place.id:
            return chain[at]
        for other in self._forked.get(place.author, ()):
            if self._places[other].sequence == place.sequence:
                return other
        return None

    def forks(self) -> Iterator[tuple[NodeId, BlockId, BlockId]]:
        """For each author of a fork, two of its blocks at one place."""
        for author in sorted(self._forked):
            pairs = ((self.fork_at(self._places[one]), one) for one in self._forked[author])
            yield from islice(((author, one, other) for one, other in pairs if one), 1)

    def lane(self, author: NodeId, stamp: int, *, backwards: bool) -> Iterator[Place]:
        """An author's blocks stamped at or after `stamp`, in causal order; backwards those at or
        before it, against that order."""
        places, chain = self._places, self._by_author.get(author, [])
        if author in self._forked:
            both = (*chain, *self._forked[author])
            chain = [one.id for one in sorted((places[one] for one in both), key=by_stamp)]
        if backwards:
            end = bisect_right(chain, stamp, key=lambda one: places[one].stamp)
            return (places[chain[at]] for at in range(end - 1, -1, -1))
        begin = bisect_left(chain, stamp, key=lambda one: places[one].stamp)
        return (places[chain[at]] for at in range(begin, len(chain)))

    def beyond(self, frontier: Frontier) -> list[Iterator[Place]]:
        """What the holder of a frontier lacks, by author, each in causal order."""
        known: dict[NodeId, list[Head]] = {}
        for head in frontier.heads:
            known.setdefault(head.author, []).append(head)
        return [self._beyond(author, known.get(author, [])) for author in self.authors()]

    def _beyond(self, author: NodeId, heads: Iterable[Head]) -> Iterator[Place]:
        places, chain = self._places, self._by_author[author]
        forked = self._forked.get(author)
        if not forked:
            skipped = self._first.get(author, 1) - 1
            reached = 0
            for head in heads:
                held = places.get(head.block)
                if held is not None:  # its own sequence: what a peer writes beside it may be false
                    reached = max(reached, held.sequence - skipped if held.author == author else 0)
                elif head.sequence - skipped > len(chain):
                    reached = len(chain)  # the peer is ahead, or on a branch that it will show us
            return (places[block_id] for block_id in islice(chain, max(0, reached), None))
        covered: set[BlockId] = set()
        for head in heads:
            step: BlockId = head.block
            while step in places and step not in covered:
                covered.add(step)
                step = places[step].previous
        rest = [places[one] for one in (*chain, *forked) if one not in covered]
        return iter(sorted(rest, key=by_stamp))

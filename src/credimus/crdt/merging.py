"""The join of two dot stores: per replica, whole runs at a time.

An absent dot is read with the other side's context, as in every OR-Set without tombstones: seen
there and not live means removed there; not seen there means new here. One rule is added for authors
that lie: two contents under one dot void each other, so that for each dot
unseen < a content < removed, with the contents side by side, is a lattice, and the join stays one.
Source: Bieniusa et al., "An optimized conflict-free replicated set" (RR-8083, 2012), section 3;
Almeida, Shoker, Baquero, "Delta state replicated data types" (JPDC 2018), section 7.
"""

from itertools import chain, compress, repeat
from operator import ne
from typing import Any, NamedTuple, TypeVar

from credimus.crdt import runs
from credimus.crdt.dot import REPLICAS_MAX
from credimus.crdt.store import ABSENT, DotStore, packed
from credimus.kernel.errors import UsageError

K = TypeVar("K")
V = TypeVar("V")


def join(mine: DotStore[K, V], theirs: DotStore[K, V]) -> bool:
    """Make `mine` the least upper bound of both. Returns whether it changed.

    Raises:
        UsageError: `too-many-replicas`, before anything is changed.

    Cost: linear in the dots of `theirs` (its context's runs, or when those are sparse, both sides'
    live dots); for a delta that is the size of the delta.
    """
    unknown = [name for name in theirs.names if name and name not in mine.index_of]
    if len(mine.names) + len(unknown) > REPLICAS_MAX:
        raise UsageError("too-many-replicas", f"both sets together exceed {REPLICAS_MAX} replicas.")
    known, fresh = _Dots([], []), _Dots([], [])
    saw_more = False
    for their_index, name in enumerate(theirs.names):
        seen_there = theirs.seen(their_index)
        if not seen_there:
            continue
        index = mine.intern(name)
        shift = index - their_index
        seen_here = mine.seen(index)
        if seen_here == seen_there:  # most replicas of most joins
            known.add_ours(_worth_a_look(mine, index, seen_here), shift)
            continue
        shared = runs.intersection(seen_there, seen_here) if seen_here else []
        if shared:
            known.add_ours(_worth_a_look(mine, index, shared), shift)
        news = runs.difference(seen_there, shared) if shared else seen_there
        if news:
            saw_more = True
            fresh.add_theirs(theirs.live_within(their_index, news), shift)
            for low, end in runs.pairs(news):
                mine.see(index, low, end)
    lost = _settle(mine, theirs, known)
    _take(mine, theirs, fresh)
    return saw_more or lost


class _Dots(NamedTuple):
    """Packed dots as either side numbers its replicas, in one order."""

    ours: list[int]
    theirs: list[int]

    def add_ours(self, dots: list[int], shift: int) -> None:
        self.ours.extend(dots)
        self.theirs.extend([dot - shift for dot in dots] if shift else dots)

    def add_theirs(self, dots: list[int], shift: int) -> None:
        self.ours.extend([dot + shift for dot in dots] if shift else dots)
        self.theirs.extend(dots)


def _worth_a_look(mine: DotStore[K, V], index: int, seen: runs.Bounds) -> list[int]:
    """All of one replica's dots in some runs, or where few are live, those."""
    if runs.count(seen) > 4 * len(mine.record_of):
        return mine.live_within(index, seen)
    return list(packed(index, seen))


def _settle(mine: DotStore[K, V], theirs: DotStore[K, V], known: _Dots) -> bool:
    """Among dots that both saw: drop what is removed there, and what has another content there."""
    differing = _differing(mine, theirs, known.ours, known.theirs)
    gone = [dot for dot in differing if dot in mine.record_of]
    for dot in gone:
        mine.unlink(dot)
    mine.note_gone(gone)
    return bool(gone)


def _differing(
    mine: DotStore[K, V], theirs: DotStore[K, V], ours: list[int], others: list[int]
) -> list[int]:
    """Those of our dots whose presence, key or record is not the same on the other side."""
    absent = repeat(ABSENT)
    columns: tuple[tuple[dict[int, Any], dict[int, Any]], ...] = (
        (mine.record_of, theirs.record_of),
        (mine.key_of, theirs.key_of),
    )
    found = (
        compress(ours, map(ne, map(here.get, ours, absent), map(there.get, others, absent)))
        for here, there in columns
    )
    return list(dict.fromkeys(chain.from_iterable(found)))


def _take(mine: DotStore[K, V], theirs: DotStore[K, V], fresh: _Dots) -> None:
    """Link what was not seen here and is live there."""
    keys = list(map(theirs.key_of.__getitem__, fresh.theirs))
    mine.link_all(fresh.ours, keys, list(map(theirs.record_of.__getitem__, fresh.theirs)))

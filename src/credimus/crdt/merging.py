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
from typing import Any, TypeVar

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
    changed = False
    for their_index, name in enumerate(theirs.names):
        seen_there = theirs.seen(their_index)
        if not seen_there:
            continue
        index = mine.intern(name)
        seen_here = mine.seen(index)
        known = runs.intersection(seen_there, seen_here)
        if known:
            changed |= _settle(mine, theirs, known, (index, their_index))
        news = runs.difference(seen_there, known) if known else seen_there
        if news:
            changed = True
            _take(mine, theirs, news, (index, their_index))
    return changed


def _settle(
    mine: DotStore[K, V], theirs: DotStore[K, V], known: runs.Bounds, indices: tuple[int, int]
) -> bool:
    """Among dots that both saw: drop what is removed there, and what has another content there."""
    index, their_index = indices
    shift = their_index - index
    if runs.count(known) > 4 * len(mine.record_of):
        ours = mine.live_within(index, known)
    else:
        ours = list(packed(index, known))
    others = [dot + shift for dot in ours] if shift else ours
    differing = _differing(mine, theirs, ours, others)
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


def _take(
    mine: DotStore[K, V], theirs: DotStore[K, V], news: runs.Bounds, indices: tuple[int, int]
) -> None:
    """See the dots of these runs, and link those that are live on the other side."""
    index, their_index = indices
    others = theirs.live_within(their_index, news)
    shift = index - their_index
    dots = [dot + shift for dot in others] if shift else others
    for low, end in runs.pairs(news):
        mine.see(index, low, end)
    keys = list(map(theirs.key_of.__getitem__, others))
    mine.link_all(dots, keys, list(map(theirs.record_of.__getitem__, others)))

"""Where to cut, and whose turn it is to say so. Pure."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from credimus.kernel import limits
from credimus.kernel.ids import BlockId, NodeId, fingerprint
from credimus.lace.frontier import Cut, CutHead
from credimus.lace.lace import Lace


def cut_at(lace: Lace, stamp: int, least: int = 1) -> Cut | None:
    """The cut of all held blocks stamped at or before `stamp`, or None where it has no news.

    It is closed under predecessors, because those have smaller stamps. None, too, when there are
    more chains than a cut names.

    Args:
        least: blocks that must be new below it.
    """
    heads: list[CutHead] = []
    news = 0
    for author in lace.authors():
        covered: set[BlockId] = set()
        for place in lace.walk(stamp, author, backwards=True):
            if place.id not in covered:  # else another block of its branch is later
                heads.append(place.head())
            news += not lace.is_below(author, place.sequence)
            covered.add(place.previous)
    if news < least or len(heads) > limits.CUT_HEADS_MAX:
        return None
    return tuple(sorted(heads, key=lambda head: (head.author, head.block)))


def is_cut_held(lace: Lace, cut: Cut) -> bool:
    """Whether all heads of a cut are held where it says, and it covers what is below our own."""
    for head in cut:
        place = lace.get(head.block)
        if place is None or place.head() != head:
            return False
    last = last_below(cut)
    return all(last.get(one.author, 0) >= one.sequence for one in lace.below_cut())


def last_below(cut: Cut) -> dict[NodeId, int]:
    """The greatest sequence below a cut, by author."""
    last: dict[NodeId, int] = {}
    for head in cut:
        last[head.author] = max(head.sequence, last.get(head.author, 0))
    return last


def turn_of(base: bytes, attempt: int, members: Iterable[NodeId]) -> NodeId | None:
    """Who proposes in an attempt: each elector draws by fingerprint, the smallest speaks."""
    return _first_of(base, attempt, tuple(members))


@lru_cache(maxsize=64)
def _first_of(base: bytes, attempt: int, members: tuple[NodeId, ...]) -> NodeId | None:
    return min(members, key=lambda one: _draw(base, attempt, one), default=None)


def _draw(base: bytes, attempt: int, member: NodeId) -> bytes:
    return fingerprint(b"credimus turn", base, attempt.to_bytes(4, "big"), member)


def stamp_at(cut: Sequence[CutHead]) -> int:
    """A checkpoint's own time: the greatest stamp below its cut."""
    return max(head.stamp for head in cut)

"""Sets of counters as sorted runs: a flat list of bounds [low, end, low, end, ...], ends excluded.

A gap costs two ints however long the run beside it is, so a hostile or an ancient context can not
grow with the numbers it names. Bounds strictly increase: touching runs are one run, which makes the
list canonical. A counter is inside when an odd number of bounds is at most that counter.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

Bounds = list[int]


def contains(bounds: Sequence[int], counter: int) -> bool:
    """Whether the counter is in one of the runs. Cost: logarithmic in the runs."""
    return bisect_right(bounds, counter) & 1 == 1


def insert(bounds: Bounds, low: int, end: int) -> None:
    """Add the counters from `low` to `end`, `end` excluded, in place; an empty run adds nothing."""
    if low >= end:
        return
    first = bisect_left(bounds, low)
    last = bisect_right(bounds, end)
    fresh = [] if first & 1 else [low]
    if not last & 1:
        fresh.append(end)
    bounds[first:last] = fresh


def pairs(bounds: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Each run as (low, end), in order."""
    return zip(bounds[::2], bounds[1::2], strict=True)


def union(left: Sequence[int], right: Sequence[int]) -> Bounds:
    """The counters in either."""
    result: Bounds = []
    for low, end in sorted([*pairs(left), *pairs(right)]):
        if not result or low > result[-1]:
            result += (low, end)
        elif end > result[-1]:
            result[-1] = end
    return result


def difference(left: Sequence[int], right: Sequence[int]) -> Bounds:
    """The counters in `left` that are not in `right`. Cost: one pass over both."""
    result: Bounds = []
    others = list(pairs(right))
    at = 0
    for run_low, end in pairs(left):
        low = run_low
        while at < len(others) and others[at][1] <= low:
            at += 1
        look = at
        while look < len(others) and others[look][0] < end:
            if others[look][0] > low:
                result += (low, others[look][0])
            low = max(low, others[look][1])
            look += 1
        if low < end:
            result += (low, end)
    return result


def intersection(left: Sequence[int], right: Sequence[int]) -> Bounds:
    """The counters in both."""
    return difference(left, difference(left, right))


def count(bounds: Sequence[int]) -> int:
    """How many counters the runs hold."""
    return sum(bounds[1::2]) - sum(bounds[::2])


def of(counters: Sequence[int]) -> Bounds:
    """The runs of strictly increasing counters. Cost: one pass, short when there are few runs."""
    if not counters:
        return []
    low, last = counters[0], counters[-1]
    if last - low + 1 == len(counters):
        return [low, last + 1]
    result = [low]
    previous = low
    for counter in counters:
        if counter > previous + 1:
            result += (previous + 1, counter)
        previous = counter
    result.append(previous + 1)
    return result

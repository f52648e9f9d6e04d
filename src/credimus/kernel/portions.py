"""Long work that can be done a portion at a time, beside other work: a generator that yields how
many items it has done since, and returns what it came to."""

from collections.abc import Collection, Generator, Iterator
from typing import TypeAlias, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Portions: TypeAlias = Generator[int, None, Result]

PORTION = 64
"""Items between two chances to pause. [measured: 1 to 3 ms, of rounds]"""


def whole(work: Portions[Result]) -> Result:
    """All of it at once."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def portions(items: Collection[Item]) -> Iterator[list[Item]]:
    """The items in lists of a portion each, in their order."""
    every = list(items)
    return (every[first : first + PORTION] for first in range(0, len(every), PORTION))

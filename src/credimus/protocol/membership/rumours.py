"""What is passed on along with other messages: each item a bounded number of times, fresh first.

Source: Das, Gupta, Motivala, "SWIM" (DSN 2002), 4.1: lambda log n times suffice for all to hear;
those sent least go first.
"""

from collections.abc import Callable, Hashable
from heapq import nsmallest
from typing import Generic, TypeVar

from credimus.kernel import limits

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


class Rumours(Generic[Key, Item]):
    """Items that are still to be passed on."""

    __slots__ = ("_heard_count", "_items", "times")

    def __init__(self) -> None:
        self.times = 1
        """How often each is passed on."""
        self._items: dict[Key, tuple[int, int, Item]] = {}
        self._heard_count = 0

    def __len__(self) -> int:
        return len(self._items)

    def put(self, key: Key, item: Item) -> None:
        """Pass this on, in place of what has the key; when there are too many, the stalest goes."""
        self._heard_count += 1
        self._items.pop(key, None)
        if len(self._items) >= limits.RUMOURS_MAX:
            del self._items[max(self._items, key=self._order)]
        self._items[key] = (0, -self._heard_count, item)

    def drop(self, unwanted: Callable[[Key], bool]) -> None:
        """Pass on no more what has such a key."""
        for key in [one for one in self._items if unwanted(one)]:
            del self._items[key]

    def take(self, count: int) -> list[Item]:
        """At most `count` items, those passed on least and latest heard first."""
        taken = []
        for key in nsmallest(count, self._items, key=self._order):
            sent, heard, item = self._items.pop(key)
            taken.append(item)
            if sent + 1 < self.times:
                self._items[key] = (sent + 1, heard, item)
        return taken

    def _order(self, key: Key) -> tuple[int, int]:
        return self._items[key][:2]

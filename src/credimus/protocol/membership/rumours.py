"""What is passed on along with other messages: each item a bounded number of times, fresh first.

Source: Das, Gupta, Motivala, "SWIM" (DSN 2002), 4.1: lambda log n times suffice for all to hear;
those sent least go first.
"""

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Any, Generic, TypeVar

from credimus.kernel import limits

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


class Rumours(Generic[Key, Item]):
    """Items that are still to be passed on."""

    __slots__ = ("_heard_count", "_items", "_order", "times")

    def __init__(self) -> None:
        self.times = 1
        """How often each is passed on."""
        self._items: dict[Key, tuple[int, int, Item]] = {}
        self._order: list[tuple[int, int, Any]] = []
        """A heap of (times sent, minus when heard, key); what does not match its item is stale."""
        self._heard_count = 0

    def __len__(self) -> int:
        return len(self._items)

    def put(self, key: Key, item: Item) -> None:
        """Pass this on, in place of what has the key; when there are too many, the stalest goes."""
        self._heard_count += 1
        self._items.pop(key, None)
        if len(self._items) >= limits.RUMOURS_MAX:
            del self._items[max(self._items, key=lambda one: self._items[one][:2])]
        self._set(key, (0, -self._heard_count, item))

    def remove(self, key: Key) -> None:
        """Pass on no more what has this key, if anything has."""
        self._items.pop(key, None)

    def clear(self) -> None:
        """Pass on nothing more."""
        self._items.clear()
        self._order.clear()

    def take(self, count: int) -> list[Item]:
        """At most `count` items, those passed on least and latest heard first."""
        taken: list[tuple[Key, tuple[int, int, Item]]] = []
        while self._order and len(taken) < count:
            sent, heard, key = heappop(self._order)
            known = self._items.get(key)
            if known is not None and known[:2] == (sent, heard):
                taken.append((key, known))
        for key, (sent, heard, item) in taken:
            del self._items[key]
            if sent + 1 < self.times:
                self._set(key, (sent + 1, heard, item))
        return [known[2] for _, known in taken]

    def _set(self, key: Key, known: tuple[int, int, Item]) -> None:
        self._items[key] = known
        heappush(self._order, (known[0], known[1], key))
        if len(self._order) > 2 * len(self._items) + _STALE_MAX:
            self._order = [(one[0], one[1], name) for name, one in self._items.items()]
            heapify(self._order)


_STALE_MAX = 64
"""Stale places of the heap, beside as many as there are items, before it is made anew. [guess]"""

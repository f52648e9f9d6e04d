"""Containers that can not grow past a limit and say what they let go."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key")
Item = TypeVar("Item")


class BoundedMap(Generic[Key, Item]):
    """A map that lets go of its oldest entry when it is full.

    Invariant: at most `limit` entries; iteration is in order of insertion.
    """

    __slots__ = ("_items", "_limit", "dropped_count")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: dict[Key, Item] = {}
        self.dropped_count = 0

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, key: Key) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[Key]:
        return iter(self._items)

    def items(self) -> Iterable[tuple[Key, Item]]:
        """Keys and items, in order of insertion."""
        return self._items.items()

    def values(self) -> Iterable[Item]:
        """Items, in order of insertion."""
        return self._items.values()

    def get(self, key: Key) -> Item | None:
        """The item, or None."""
        return self._items.get(key)

    def put(self, key: Key, item: Item) -> tuple[Key, Item] | None:
        """Insert or replace (a replaced key keeps its age). Returns what was let go, if
        anything."""
        gone = None
        if key not in self._items and len(self._items) >= self._limit:
            oldest = next(iter(self._items))
            gone = oldest, self._items.pop(oldest)
            self.dropped_count += 1
        self._items[key] = item
        return gone

    def take(self, key: Key) -> Item | None:
        """Remove and return the item, or None."""
        return self._items.pop(key, None)

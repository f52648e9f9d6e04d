"""Operations in short, as a certificate shows them: without what their reader knows.

Known are the ids of round and belief, those of whom an operation before this one admitted, and
numbers that take five bytes and stood there once. In the place of such an item stands a MessagePack
extension of type 0, whose one byte says which of the known ones it is. What is written in another
than the shortest form is shown as a byte string.

Deliberately not here: which operations are shown (showing.py), and in which order (excerpt.py).
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import msgspec

from credimus.kernel.codec import decode, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import node_id

Item: TypeAlias = bytes | int
_TYPE = 0
_ITEMS_MAX = 256
_DEPTH_MAX = 8  # operations have four
_LONG_MIN = 1 << 16
"""Numbers below it take three bytes at most, as the extension does."""
_KEYS = {1: 3, 2: 1, 17: 1, 18: 1, 24: 1}
"""By tag, the place of the public key in what makes members: found, admit, appoint, rotate, vouch.
"""
_any: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder()


class Known:
    """What a reader of a proof knows so far, in order.

    Args:
        told: the ids of round and belief, as the text tells them.
    """

    __slots__ = ("_items", "_places")

    def __init__(self, told: Iterable[bytes]) -> None:
        self._items: list[Item] = []
        self._places: dict[Item, int] = {}
        for one in told:
            self._learn(one)

    def shortened(self, raw: bytes) -> Any:
        """What an operation says, with as much left out as can be; it is known from then on."""
        said = _any.decode(raw)
        in_short = _walk(said, self._short, _DEPTH_MAX) if encode(said) == raw else raw
        self._meet(raw)
        return in_short

    def expanded(self, said: Any) -> bytes:
        """The bytes of an operation that was shortened; it is known from then on.

        Raises:
            PeerFault: `malformed`.
        """
        raw = said if type(said) is bytes else encode(_walk(said, self._whole, _DEPTH_MAX))
        self._meet(raw)
        return raw

    def _short(self, one: Any) -> Any:
        if type(one) is not bytes and not _is_long(one):
            return one
        place = self._places.get(one)
        if place is not None:
            return msgspec.msgpack.Ext(_TYPE, bytes((place,)))
        if _is_long(one):
            self._learn(one)
        return one

    def _whole(self, one: Any) -> Any:
        if type(one) is not msgspec.msgpack.Ext:
            if _is_long(one):
                self._learn(one)
            return one
        place = bytes(one.data)
        if one.code != _TYPE or len(place) != 1 or place[0] >= len(self._items):
            raise PeerFault("malformed", "an operation names what its reader can not know")
        return self._items[place[0]]

    def _meet(self, raw: bytes) -> None:
        """Learn the id of whom an operation makes a member, or says that it is one."""
        said = decode(raw, _any, "an operation")
        at = _KEYS.get(said[0]) if type(said) is list and said and type(said[0]) is int else None
        key = said[at] if at is not None and at < len(said) else None
        if type(key) is bytes:
            self._learn(node_id(key))

    def _learn(self, one: Item) -> None:
        if one not in self._places and len(self._items) < _ITEMS_MAX:
            self._places[one] = len(self._items)
            self._items.append(one)


def _is_long(one: Any) -> bool:
    return type(one) is int and bool(one >= _LONG_MIN)


def _walk(said: Any, change: Callable[[Any], Any], depth: int) -> Any:
    if type(said) is not list:
        return change(said)
    if not depth:
        raise PeerFault("malformed", "an operation in a certificate is nested too deep")
    return [_walk(one, change, depth - 1) for one in said]

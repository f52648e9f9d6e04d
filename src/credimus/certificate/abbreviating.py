"""Operations in short, as a certificate shows them: without what their reader knows.

Known are the ids of round and belief, those of whom an operation before this one admitted, and
numbers that take five bytes and stood there once. In the place of such an item stands a MessagePack
extension of type 0, whose one or two bytes say which of the known ones it is. An operation that
stood there before, as where several members vouch for the same ones, is a number: which it was.
What is written in another than the shortest form is shown as a byte string.

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
_ITEMS_MAX = 1 << 16
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

    __slots__ = ("_items", "_places", "_said", "_said_at")

    def __init__(self, told: Iterable[bytes]) -> None:
        self._items: list[Item] = []
        self._places: dict[Item, int] = {}
        self._said: list[bytes] = []
        """Operations, but those that were told by their number."""
        self._said_at: dict[bytes, int] = {}
        for one in told:
            self._learn(one)

    def shortened(self, raw: bytes) -> Any:
        """What an operation says, with as much left out as can be; it is known from then on."""
        if raw in self._said_at:
            return self._said_at[raw]
        said = _any.decode(raw)
        in_short = _walk(said, self._short, _DEPTH_MAX) if encode(said) == raw else raw
        self._meet(raw)
        return in_short

    def expanded(self, said: Any) -> bytes:
        """The bytes of an operation that was shortened; it is known from then on.

        Raises:
            PeerFault: `malformed`.
        """
        if type(said) is int:
            if not 0 <= said < len(self._said):
                raise PeerFault("malformed", "an operation is told by a number that none has")
            return self._said[said]
        raw = said if type(said) is bytes else encode(_walk(said, self._whole, _DEPTH_MAX))
        self._meet(raw)
        return raw

    def _short(self, one: Any) -> Any:
        if type(one) is not bytes and not _is_long(one):
            return one
        place = self._places.get(one)
        if place is not None:
            return msgspec.msgpack.Ext(_TYPE, _written(place))
        if _is_long(one):
            self._learn(one)
        return one

    def _whole(self, one: Any) -> Any:
        if type(one) is not msgspec.msgpack.Ext:
            if _is_long(one):
                self._learn(one)
            return one
        data = bytes(one.data)
        place = int.from_bytes(data[:2], "big")
        if one.code != _TYPE or data != _written(place) or place >= len(self._items):
            raise PeerFault("malformed", "an operation names what its reader can not know")
        return self._items[place]

    def _meet(self, raw: bytes) -> None:
        """Learn an operation, and the id of whom it makes a member, or says that it is one."""
        self._said_at.setdefault(raw, len(self._said))
        self._said.append(raw)
        said = decode(raw, _any, "an operation")
        at = _KEYS.get(said[0]) if type(said) is list and said and type(said[0]) is int else None
        key = said[at] if at is not None and at < len(said) else None
        if type(key) is bytes:
            self._learn(node_id(key))

    def _learn(self, one: Item) -> None:
        if one not in self._places and len(self._items) < _ITEMS_MAX:
            self._places[one] = len(self._items)
            self._items.append(one)


def _written(place: int) -> bytes:
    """A place in one byte where it fits, else in two."""
    return place.to_bytes(1 if place < 1 << 8 else 2, "big")


def _is_long(one: Any) -> bool:
    return type(one) is int and bool(one >= _LONG_MIN)


def _walk(said: Any, change: Callable[[Any], Any], depth: int) -> Any:
    if type(said) is not list:
        return change(said)
    if not depth:
        raise PeerFault("malformed", "an operation in a certificate is nested too deep")
    return [_walk(one, change, depth - 1) for one in said]

"""Operations in short, as a certificate shows them: without the ids that their reader knows.

In the place of such an id stands a MessagePack extension of type 0, whose one byte says which of
the known ids it is. What is written in another than the shortest form is shown as a byte string.

Deliberately not here: which ids are known (verifying.py, showing.py).
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from credimus.kernel.codec import encode
from credimus.kernel.errors import PeerFault

_TYPE = 0
_NAMES_MAX = 256
_DEPTH_MAX = 8  # operations have four
_any: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder()


def shortened(raw: bytes, names: Sequence[bytes]) -> Any:
    """What an operation says, with as many of its ids left out as can be."""
    said = _any.decode(raw)
    if encode(said) != raw:
        return raw
    places = {name: place for place, name in reversed([*enumerate(names)][:_NAMES_MAX])}

    def short(one: object) -> object:
        place = places.get(one) if type(one) is bytes else None
        return one if place is None else msgspec.msgpack.Ext(_TYPE, bytes((place,)))

    return _walk(said, short, _DEPTH_MAX)


def expanded(said: Any, names: Sequence[bytes]) -> bytes:
    """The bytes of an operation that was shortened.

    Raises:
        PeerFault: `malformed`.
    """
    if type(said) is bytes:
        return said

    def whole(one: object) -> object:
        if type(one) is not msgspec.msgpack.Ext:
            return one
        place = bytes(one.data)
        if one.code != _TYPE or len(place) != 1 or place[0] >= len(names):
            raise PeerFault("malformed", "an operation names an id that its reader can not know")
        return names[place[0]]

    return encode(_walk(said, whole, _DEPTH_MAX))


def _walk(said: Any, change: Callable[[object], object], depth: int) -> Any:
    if type(said) is not list:
        return change(said)
    if not depth:
        raise PeerFault("malformed", "an operation in a certificate is nested too deep")
    return [_walk(one, change, depth - 1) for one in said]

"""One codec for all that travels or is fingerprinted: MessagePack arrays of msgspec structs.

Equal values give equal bytes: structs are arrays in field order, integers are minimal, there are no
maps and no floats. Decoding is strict: a wrong type, a missing or a surplus field is refused.
"""

from typing import Any, TypeVar

import msgspec

from credimus.kernel.errors import PeerFault

Value = TypeVar("Value")

_encoder = msgspec.msgpack.Encoder()
encode = _encoder.encode
"""The canonical bytes of a value."""


def decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    """A reusable strict decoder for one type; keep it at module level."""
    return msgspec.msgpack.Decoder(kind, strict=True)


def decode(bytes_: bytes, using: msgspec.msgpack.Decoder[Value], what: str) -> Value:
    """The value these bytes hold.

    Raises:
        PeerFault: `malformed`, naming `what`, for any bytes that are not exactly such a value.
    """
    try:
        return using.decode(bytes_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise PeerFault("malformed", f"{what} can not be read: {problem}") from None

"""What all operations share: their shape, and the types of their fields."""

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from credimus.kernel import limits
from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import ID_BYTES

Id: TypeAlias = Annotated[bytes, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
PublicKey: TypeAlias = Annotated[bytes, Meta(min_length=32, max_length=32)]
Millionths: TypeAlias = Annotated[int, Meta(ge=0, le=MILLION)]
UnitsPerSecond: TypeAlias = Annotated[int, Meta(ge=0, le=limits.UNITS_PER_S_MAX)]
Counter: TypeAlias = Annotated[int, Meta(ge=1, lt=1 << 40)]
Reason: TypeAlias = Annotated[str, Meta(max_length=limits.REASON_BYTES_MAX)]
Name: TypeAlias = Annotated[str, Meta(max_length=limits.NAME_BYTES_MAX)]
Mask: TypeAlias = Annotated[bytes, Meta(max_length=limits.ELECTORATE_MEMBERS_MAX // 8)]
CategoryName: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=limits.CATEGORY_BYTES_MAX, pattern=r"^[a-z][a-z0-9._-]*\Z")
]


class Struct(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Common shape of operations: frozen arrays, strict when read."""

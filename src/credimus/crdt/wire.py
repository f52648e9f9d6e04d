"""The canonical bytes of an OR-Set: a small header, then columns.

    size     4 bytes, big-endian: bytes of the header
    header   MessagePack [version, replicas, keys, records]
               replicas: [[name, seen, live], ...] in order of name, only those with seen dots;
                 seen and live are runs of counters, flat: [low, end, low, end, ...], end excluded
               keys, records: [kind, width, length], one description for each column
    columns  keys, then records, each: lengths, then the items end to end, in order of dot

An item is the bytes themselves (kind 0, when all items of the column are bytes) or its MessagePack
(kind 1). Lengths are little-endian of the least width (1, 2, 4 or 8 bytes) that holds the longest;
when all are one length that is not 0, the width is 0 and the header holds it. So the dots of a set
of which nothing was removed cost nothing, and one element of any set at least one byte: a short
message can not make a large set.
"""

import struct
from collections.abc import Sequence
from io import BytesIO
from itertools import repeat
from typing import Any, NamedTuple, TypeVar

import msgspec

from credimus.crdt import runs
from credimus.crdt.context import check_bounds, check_names
from credimus.crdt.dot import REPLICAS_MAX, STRIDE
from credimus.crdt.store import DotStore, packed
from credimus.kernel import codec
from credimus.kernel.errors import PeerFault

K = TypeVar("K")
V = TypeVar("V")

_FORM = 1
_RAW, _ENCODED = 0, 1
_FORMATS = {1: "B", 2: "H", 4: "I", 8: "Q"}
_WHAT = "OR-Set"

_Column = tuple[int, int, int]
_Row = tuple[bytes, list[int], list[int]]
_HEADER = codec.decoder(tuple[int, list[_Row], _Column, _Column])


class Types(NamedTuple):
    """What the items of a set are, as msgspec understands types."""

    key: Any
    record: Any


def write(store: DotStore[K, V]) -> bytes:
    """The canonical bytes. Cost: linear; least when dots arrived in canonical order."""
    rows: list[_Row] = []
    order: list[int] = []
    for name, index, dots in store.in_order():
        seen = store.seen(index)
        if seen:
            rows.append((name, seen, _runs_of(dots, seen)))
            order += dots
    if order == list(store.record_of):
        key_items, record_items = list(store.key_of.values()), list(store.record_of.values())
    else:
        key_items = list(map(store.key_of.__getitem__, order))
        record_items = list(map(store.record_of.__getitem__, order))
    keys, key_lengths, key_parts = _column(key_items)
    records, record_lengths, record_parts = _column(record_items)
    front = _front((_FORM, rows, keys, records))
    # One list for the one large join: touching every record once more is what costs.
    record_parts.insert(0, front + key_lengths + b"".join(key_parts) + record_lengths)
    return b"".join(record_parts)


def _front(header: tuple[int, list[_Row], _Column, _Column]) -> bytes:
    encoded = codec.encode(header)
    return len(encoded).to_bytes(4, "big") + encoded


def _runs_of(dots: list[int], seen: runs.Bounds) -> runs.Bounds:
    if len(dots) == runs.count(seen):
        return seen
    return runs.of([dot // STRIDE for dot in dots])


def _column(items: list[Any]) -> tuple[_Column, bytes, list[bytes]]:
    """The description, the lengths and the parts of a column; the parts are the caller's."""
    kind, parts = _RAW, items
    try:
        lengths = list(map(bytes.__len__, items))  # refuses all but bytes
    except TypeError:
        kind, parts = _ENCODED, [codec.encode(item) for item in items]
        lengths = list(map(len, parts))
    if lengths and _all_are(lengths[-1], lengths):
        return (kind, 0, lengths[0]), b"", parts
    width = _width(max(lengths, default=0))
    return (kind, width, 0), struct.pack(f"<{len(lengths)}{_FORMATS[width]}", *lengths), parts


def _all_are(length: int, lengths: Sequence[int]) -> bool:
    """Whether all lengths are this one, and it is not 0."""
    return 0 < length == lengths[0] and lengths.count(length) == len(lengths)


def _width(longest: int) -> int:
    return next(width for width in _FORMATS if longest >> (8 * width) == 0)


def read(raw: bytes, owner: bytes, types: Types) -> DotStore[Any, Any]:
    """The store that these bytes hold, for an owner's own adds.

    Raises:
        PeerFault: `malformed`, for any bytes that `write` does not write.

    Cost: linear in the bytes.
    """
    stream = BytesIO(raw)
    header = stream.read(int.from_bytes(stream.read(4), "big"))
    form, rows, key_column, record_column = codec.decode(header, _HEADER, _WHAT)
    if form != _FORM:
        raise PeerFault("malformed", f"{_WHAT}: form {form} is not known, only {_FORM}.")
    count = _check_rows(rows)
    keys = _items(stream, len(raw), count, (key_column, types.key))
    records = _items(stream, len(raw), count, (record_column, types.record))
    if stream.tell() != len(raw) or not raw.startswith(
        _front((form, rows, key_column, record_column))
    ):
        raise PeerFault("malformed", f"{_WHAT}: surplus bytes, or not the canonical header.")
    store: DotStore[Any, Any] = DotStore(owner)
    dots: list[int] = []
    for name, seen, live in rows:
        index = store.intern(name)
        for low, end in runs.pairs(seen):
            store.see(index, low, end)
        dots += packed(index, live)
    try:
        store.fill(dots, keys, records)
    except TypeError:
        raise PeerFault("malformed", f"{_WHAT}: a key can not be hashed.") from None
    return store


def _check_rows(rows: list[_Row]) -> int:
    """How many live dots the rows declare."""
    check_names([name for name, _, _ in rows], _WHAT)
    if len(rows) >= REPLICAS_MAX:
        raise PeerFault("malformed", f"{_WHAT}: {len(rows)} replicas are too many.")
    for _, seen, live in rows:
        check_bounds(seen, _WHAT)
        if live:
            check_bounds(live, _WHAT)
        if runs.difference(live, seen):
            raise PeerFault("malformed", f"{_WHAT}: a live dot was not seen.")
    return sum(runs.count(live) for _, _, live in rows)


def _items(stream: BytesIO, size: int, count: int, what: tuple[_Column, Any]) -> list[Any]:
    """The items of the column that begins here."""
    (kind, width, length), kind_of = what
    left = size - stream.tell()
    if width == 0:
        if length < 1 or count < 1 or count * length > left:
            raise PeerFault("malformed", f"{_WHAT}: a column's length does not fit.")
        parts = list(map(stream.read, repeat(length, count)))
    else:
        if width not in _FORMATS or length or count * width > left:
            raise PeerFault("malformed", f"{_WHAT}: a column's width does not fit.")
        lengths = struct.unpack(f"<{count}{_FORMATS[width]}", stream.read(count * width))
        longest = max(lengths, default=0)
        if width != _width(longest) or (count and _all_are(longest, lengths)):
            raise PeerFault("malformed", f"{_WHAT}: a column has not its least width.")
        if sum(lengths) > left - count * width:
            raise PeerFault("malformed", f"{_WHAT}: a column is cut short.")
        parts = list(map(stream.read, lengths))
    if kind == _RAW and (kind_of is bytes or kind_of is Any):
        return parts
    return _converted(parts, kind, kind_of)


def _converted(parts: list[bytes], kind: int, kind_of: Any) -> list[Any]:
    """The items as values of their type."""
    try:
        if kind == _RAW:
            return [msgspec.convert(part, kind_of, strict=True) for part in parts]
        using = codec.decoder(kind_of)
        items = [codec.decode(part, using, _WHAT) for part in parts]
    except msgspec.ValidationError as problem:
        raise PeerFault("malformed", f"{_WHAT}: an item can not be read: {problem}") from None
    if kind != _ENCODED or set(map(type, items)) <= {bytes}:
        raise PeerFault("malformed", f"{_WHAT}: a column is not of the canonical kind.")
    if any(codec.encode(item) != part for item, part in zip(items, parts, strict=True)):
        raise PeerFault("malformed", f"{_WHAT}: an item is not in its canonical bytes.")
    return items

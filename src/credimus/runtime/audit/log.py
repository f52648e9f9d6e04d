"""Who did what, when: the blocks of the log as entries in causal order, a page at a time.

The lace is the audit trail; nothing is kept beside it. A page reads a bounded number of blocks and
operations, so it may end before it is full; its cursor goes on from there.
"""

from collections.abc import Iterator

import msgspec

from credimus.kernel import limits
from credimus.kernel.errors import UsageError
from credimus.kernel.hlc import STAMP_MAX, stamp_of
from credimus.kernel.ids import BeliefId, NodeId
from credimus.lace.block import open_wire
from credimus.lace.lace import Place
from credimus.node.node import Node
from credimus.runtime.audit.entries import Entry, entries_of
from credimus.runtime.audit.kinds import Kind
from credimus.runtime.store.interface import Store
from credimus.state.operations import read_operations

_WALL_MS_MAX = (1 << 47) - 1


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted; every condition given must hold."""

    author: NodeId | None = None
    kind: Kind | None = None
    belief: BeliefId | None = None
    since_ms: int = 0
    """Milliseconds since the epoch, by stamps; included."""
    until_ms: int = _WALL_MS_MAX
    """Included."""
    newest_first: bool = True
    limit: int = 100
    cursor: str | None = None
    """From `AuditPage.cursor`, asked for with the same conditions."""


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some entries."""

    entries: list[tuple[Place, Entry]]
    cursor: str | None
    """Gives the next page; None when nothing is left."""


Mark = tuple[int, bytes, int]
"""Stamp and id of a block, and the place of an entry in it."""


def audit(node: Node, store: Store, query: AuditQuery) -> AuditPage:
    """A page of the log.

    Cost: at most LOG_BLOCKS_MAX blocks read, some 50 us each, and LOG_ENTRIES_MAX entries.

    Raises:
        UsageError: `bad-cursor`.
        StorageError: `corrupt`.
    """
    after = None if query.cursor is None else _read_cursor(query.cursor)
    found: list[tuple[Place, Entry]] = []
    looked_at, mark = 0, after
    for count, (place, entries) in enumerate(_blocks(node, store, query, after)):
        for entry in entries:
            looked_at += 1
            mark = (place.stamp, place.id, entry.place)
            if _is_meant(query, entry):
                found.append((place, entry))
            if len(found) >= query.limit or looked_at >= limits.LOG_ENTRIES_MAX:
                return AuditPage(entries=found, cursor=_cursor(mark))
        if count + 1 >= limits.LOG_BLOCKS_MAX and mark is not None:
            return AuditPage(entries=found, cursor=_cursor(mark))
    return AuditPage(entries=found, cursor=None)


def _blocks(
    node: Node, store: Store, query: AuditQuery, after: Mark | None
) -> Iterator[tuple[Place, list[Entry]]]:
    """The blocks in question, each with its entries beyond the mark, in the order asked for."""
    backwards = query.newest_first
    first = stamp_of(min(query.since_ms, _WALL_MS_MAX))
    last = min(stamp_of(min(query.until_ms, _WALL_MS_MAX) + 1) - 1, STAMP_MAX)
    begin = after[0] if after is not None else last if backwards else first
    for place in node.lace.walk(begin, query.author, backwards=backwards):
        here = place.stamp, place.id
        if not first <= place.stamp <= last:
            if place.stamp < first if backwards else place.stamp > last:
                return
            continue
        if after is not None and (here > after[:2] if backwards else here < after[:2]):
            continue
        wires = store.wires([place.id])
        if not wires:  # taken, but the disk is full
            continue
        entries = entries_of(read_operations(open_wire(wires[0]).body), node.state)
        if backwards:
            entries.reverse()
        if after is not None and here == after[:2]:
            at = after[2]
            entries = [one for one in entries if (one.place < at if backwards else one.place > at)]
        yield place, entries


def _is_meant(query: AuditQuery, entry: Entry) -> bool:
    return (query.kind is None or entry.kind == query.kind) and (
        query.belief is None or query.belief in (entry.belief, entry.other)
    )


def _cursor(mark: Mark) -> str:
    return f"{mark[0]:x}-{mark[1].hex()}-{mark[2]}"


def _read_cursor(cursor: str) -> Mark:
    stamp, _, rest = cursor.partition("-")
    block, _, place = rest.partition("-")
    try:
        mark = int(stamp, 16), bytes.fromhex(block), int(place)
    except ValueError:
        mark = -1, b"", -1
    if not 0 <= mark[0] <= STAMP_MAX or mark[2] < 0 or cursor != _cursor(mark):
        raise UsageError(
            "bad-cursor", "The cursor is not one that we gave; repeat the query without it."
        )
    return mark

"""The rows of the reachability matrix: whom each member hears, packed, passed on, and put together.

Every message that carries rows takes those that changed lately first, and others in turn: so a
newcomer learns all of them, and a lost one comes again.
"""

from collections.abc import Callable

from credimus.kernel import limits
from credimus.kernel.ids import NodeId, fingerprint
from credimus.kernel.instant import Now
from credimus.protocol.membership.interface import Row
from credimus.protocol.membership.reachability import Reachability
from credimus.protocol.membership.rumours import Rumours


class RowStore:
    """The newest row of each member, of one roster; another roster begins anew."""

    def __init__(self, own: NodeId) -> None:
        self._own = own
        self._members: tuple[NodeId, ...] = ()
        self._place: dict[NodeId, int] = {}
        self._roster = b""
        self._rows: dict[NodeId, Row] = {}
        self._read: dict[NodeId, tuple[Row, frozenset[NodeId], frozenset[NodeId]]] = {}
        """What each row says; read when it is first asked for."""
        self._turns: list[NodeId] = []
        self._version = 0
        self.change_count = 0
        """How often a row has changed, or the roster."""
        self.fresh: Rumours[NodeId, Row] = Rumours()

    def follow(self, members: tuple[NodeId, ...]) -> None:
        """The roster changed; `members` is sorted. In a large fleet no rows are told."""
        self.change_count += 1
        self._members = members if len(members) <= limits.ROW_MEMBERS_MAX else ()
        self._place = {one: place for place, one in enumerate(self._members)}
        self._roster = fingerprint(b"credimus roll", *members)[:8]
        self._rows.clear()
        self._read.clear()
        self._turns.clear()
        self.fresh.clear()

    def take(self, row: Row, now: Now) -> None:
        """Hear a row; what is old, of another roster or from the future is passed over."""
        member = NodeId(row.member)
        if row.roster != self._roster or member not in self._place:
            return
        if row.version > now.wall_ms + limits.SKEW_MS_MAX:
            return
        if member == self._own:  # a version that we have not made: the next one is above it
            self._version = max(self._version, row.version)
            return
        known = self._rows.get(member)
        if known is None or known.version < row.version:
            self._put(member, row)

    def tell(
        self, hears: Callable[[NodeId], bool], through: Callable[[NodeId], bool], now: Now
    ) -> None:
        """Make our own row, when it differs from the last, or somebody told another in our name."""
        if self._own not in self._place:
            return
        own = self._rows.get(self._own)
        bits = self._packed(hears), self._packed(through)
        if own is not None and (own.hears, own.through) == bits and own.version >= self._version:
            return
        self._version = max(now.wall_ms, self._version + 1)
        self._put(self._own, Row(self._own, self._version, self._roster, *bits))

    def next(self) -> tuple[Row, ...]:
        """Rows for a message: fresh ones, then a few of the others in turn."""
        chosen = self.fresh.take(limits.ROWS_MAX)
        for _ in range(min(_REMINDERS - len(chosen), len(self._turns))):
            member = self._turns.pop(0)
            self._turns.append(member)
            row = self._rows[member]
            if row not in chosen:
                chosen.append(row)
        return tuple(chosen)

    def matrix(self, is_there: Callable[[NodeId], bool]) -> Reachability:
        """The rows of all members that are there; what the others said last is over."""
        read = {one: self._read_row(one) for one in self._rows if is_there(one)}
        return Reachability(
            self._members,
            {one: hears for one, (_, hears, _) in read.items()},
            {one: through for one, (_, _, through) in read.items()},
        )

    def _read_row(self, member: NodeId) -> tuple[Row, frozenset[NodeId], frozenset[NodeId]]:
        row, read = self._rows[member], self._read.get(member)
        if read is None or read[0] is not row:
            own = frozenset((member,))
            hears, through = self._unpacked(row.hears), self._unpacked(row.through)
            read = self._read[member] = row, hears - own, through - own
        return read

    def _put(self, member: NodeId, row: Row) -> None:
        if member not in self._rows:
            self._turns.append(member)
        self.change_count += 1
        self._rows[member] = row
        self.fresh.put(member, row)

    def _packed(self, is_set: Callable[[NodeId], bool]) -> bytes:
        bits = sum(1 << place for place, one in enumerate(self._members) if is_set(one))
        return bits.to_bytes((bits.bit_length() + 7) // 8, "little")

    def _unpacked(self, packed: bytes) -> frozenset[NodeId]:
        bits = int.from_bytes(packed, "little")
        return frozenset(one for place, one in enumerate(self._members) if bits >> place & 1)


_REMINDERS = 2
"""Rows of one message that are not fresh, so that newcomers hear them. [guess]"""

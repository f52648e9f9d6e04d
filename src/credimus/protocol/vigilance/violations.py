"""What was found against whom: a bounded history, and the accusations of others.

An accusation is one member's word. It counts with those of others: of members that are neither
exposed nor expelled, nor quarantined here, nor the accused; and only while it is fresh.

    vigilance/found/MEMBER-KIND    what this node found, of kinds that are signed, on disk
"""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.effects import Record
from credimus.kernel.errors import PeerFault, StorageError
from credimus.kernel.ids import ID_BYTES, NodeId
from credimus.kernel.instant import Instant, Now
from credimus.protocol.vigilance.interface import Charge, Kind, Violation

FOUND: Final = "vigilance/found"
"""The family of what is kept on disk."""


class _Row(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What is kept on disk of one member and kind."""

    count: int
    first_ms: int
    last_ms: int
    detail: str


class _Found(msgspec.Struct):
    """What this node itself found."""

    count: int
    first_ms: int
    last_ms: int
    detail: str
    told: Instant | None
    """When it was last told in this life."""


class Violations:
    """All that is held against members, by member and kind.

    Args:
        again_ns: what is found again within so long is counted, not told.
        fresh_ns: how long an accusation counts.
    """

    def __init__(self, again_ns: int, fresh_ns: int) -> None:
        self._again_ns = again_ns
        self._fresh_ns = fresh_ns
        self._found: BoundedMap[tuple[NodeId, Kind], _Found] = BoundedMap(limits.VIOLATIONS_MAX)
        self._gone: list[tuple[NodeId, Kind]] = []
        """What had to make room, and is on disk yet."""
        self._accusers: BoundedMap[tuple[NodeId, Kind], dict[NodeId, _Heard]] = BoundedMap(
            limits.VIOLATIONS_MAX
        )

    def note(self, member: NodeId, kind: Kind, detail: str, now: Now) -> bool:
        """Count what this node found. Returns whether it is news: to be told."""
        found = self._found.get((member, kind))
        if found is None:
            found = _Found(0, now.wall_ms, now.wall_ms, detail, None)
            gone = self._found.put((member, kind), found)
            if gone is not None and gone[0][1].is_signed:
                self._gone.append(gone[0])
        found.count += 1
        found.last_ms, found.detail = now.wall_ms, detail
        if found.told is not None and now.instant - found.told < self._again_ns:
            return False
        found.told = now.instant
        return True

    def records(self, member: NodeId, kind: Kind) -> list[Record]:
        """What is to be kept on disk now that this was found: nothing of what came in a name, or
        others could have this node write."""
        gone, self._gone = self._gone, []
        records = [Record(_key(*one), None) for one in gone]
        found = self._found.get((member, kind))
        if found is not None and kind.is_signed:
            row = _Row(found.count, found.first_ms, found.last_ms, found.detail)
            records.append(Record(_key(member, kind), encode(row)))
        return records

    def recall(self, facts: Iterable[tuple[str, bytes]]) -> None:
        """Take up what an earlier life kept.

        Raises:
            StorageError: `corrupt`.
        """
        for key, value in facts:
            name, _, number = key.rpartition("/")[2].partition("-")
            try:
                member, kind = NodeId(bytes.fromhex(name)), Kind(int(number))
                row: _Row = decode(value, _row, "record")
                if len(member) != ID_BYTES:
                    raise ValueError("it names no member")  # noqa: TRY301 - as any other wrong
            except (ValueError, PeerFault) as problem:
                raise StorageError("corrupt", f"{key[:80]} can not be read: {problem}") from None
            found = _Found(row.count, row.first_ms, row.last_ms, row.detail, None)
            self._found.put((member, kind), found)

    def accuse(self, charge: Charge, now: Now) -> bool:
        """Take a member's word. Returns whether it is new, or was stale."""
        accusers = self._accusers.get((charge.accused, charge.kind))
        if accusers is None:
            accusers = {}
            self._accusers.put((charge.accused, charge.kind), accusers)
        before = accusers.get(charge.accuser)
        if before is None and len(accusers) >= limits.ACCUSERS_MAX:
            return False
        accusers[charge.accuser] = _Heard(now.instant, now.wall_ms, charge.detail)
        return before is None or now.instant - before.at >= self._fresh_ns

    def accusers(
        self, member: NodeId, kind: Kind, now: Instant, counts: Callable[[NodeId], bool]
    ) -> tuple[NodeId, ...]:
        """Who accuses a member of a kind now, of those who count; sorted."""
        heard = self._accusers.get((member, kind)) or {}
        return tuple(
            sorted(
                one
                for one, what in heard.items()
                if now - what.at < self._fresh_ns and one != member and counts(one)
            )
        )

    def has_found(self, member: NodeId, kind: Kind) -> bool:
        """Whether this node itself found something of that kind."""
        return (member, kind) in self._found

    def all(self, now: Now, counts: Callable[[NodeId], bool], needed: int) -> list[Violation]:
        """The whole history, the newest first."""
        keys = dict.fromkeys([*self._found, *self._accusers])
        listed = []
        for member, kind in keys:
            accusers = self.accusers(member, kind, now.instant, counts)
            found = self._found.get((member, kind))
            if found is None and not accusers:
                continue
            heard = [
                one for who, one in (self._accusers.get((member, kind)) or {}).items()
                if who in accusers
            ]  # fmt: skip
            times = [one.wall_ms for one in heard]
            if found is not None:
                times += [found.first_ms, found.last_ms]
            listed.append(
                Violation(
                    member=member,
                    kind=kind,
                    count=0 if found is None else found.count,
                    first_ms=min(times),
                    last_ms=max(times),
                    detail=heard[0].detail if found is None else found.detail,
                    accusers=accusers,
                    witnessed=len(accusers) + (found is not None) >= needed,
                )
            )
        return sorted(listed, key=lambda one: (-one.last_ms, one.member, one.kind))


class _Heard(msgspec.Struct, frozen=True):
    """One member's word, when it came."""

    at: Instant
    wall_ms: int
    detail: str


def _key(member: NodeId, kind: Kind) -> str:
    return f"{FOUND}/{member.hex()}-{int(kind)}"


_row = decoder(_Row)

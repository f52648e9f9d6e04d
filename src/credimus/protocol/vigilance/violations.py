"""What was found against whom: a bounded history, and the accusations of others.

An accusation is one member's word. It counts with those of others: of members that are neither
exposed nor expelled, nor quarantined here, nor the accused; and only while it is fresh.
"""

from collections.abc import Callable

import msgspec

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Instant, Now
from credimus.protocol.vigilance.interface import Charge, Kind, Violation


class _Found(msgspec.Struct):
    """What this node itself found."""

    count: int
    first_ms: int
    last_ms: int
    detail: str
    told: Instant
    """When it was last told."""


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
        self._accusers: BoundedMap[tuple[NodeId, Kind], dict[NodeId, _Heard]] = BoundedMap(
            limits.VIOLATIONS_MAX
        )

    def note(self, member: NodeId, kind: Kind, detail: str, now: Now) -> bool:
        """Count what this node found. Returns whether it is news: to be told."""
        found = self._found.get((member, kind))
        if found is None:
            found = _Found(0, now.wall_ms, now.wall_ms, detail, now.instant)
            self._found.put((member, kind), found)
        found.count += 1
        found.last_ms, found.detail = now.wall_ms, detail
        if found.count > 1 and now.instant - found.told < self._again_ns:
            return False
        found.told = now.instant
        return True

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

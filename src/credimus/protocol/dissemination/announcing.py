"""Announcements: ours that wait to leave, and those of neighbours that wait for their block."""

from collections.abc import Sequence
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.bounded import BoundedMap
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Instant
from credimus.protocol.dissemination.recent import Entry


class Outbox:
    """What is to be announced, by neighbour. What a neighbour has meanwhile is taken out."""

    def __init__(self) -> None:
        self._waiting: dict[NodeId, dict[bytes, Entry]] = {}
        self._due: dict[NodeId, Instant] = {}

    def put(self, peer: NodeId, entry: Entry, due: Instant) -> bool:
        """Announce a block to a neighbour at that time, or with what leaves before; False when too
        many wait, and it never will be."""
        waiting = self._waiting.setdefault(peer, {})
        if len(waiting) >= limits.ANNOUNCED_MAX:
            return False
        waiting[entry.short] = entry
        self._due[peer] = min(due, self._due.get(peer, due))
        return True

    def has_it(self, peer: NodeId, short: bytes) -> None:
        """A neighbour need not be told of a block."""
        waiting = self._waiting.get(peer)
        if waiting is not None and waiting.pop(short, None) is not None and not waiting:
            self.forget(peer)

    def forget(self, peer: NodeId) -> None:
        """A neighbour is none any more, or has all."""
        self._waiting.pop(peer, None)
        self._due.pop(peer, None)

    def take(self, at: Instant) -> list[tuple[NodeId, list[Entry]]]:
        """What leaves now."""
        due = [peer for peer, when in self._due.items() if when <= at]
        taken = [(peer, list(self._waiting[peer].values())) for peer in due]
        for peer in due:
            self.forget(peer)
        return taken

    def deadline(self) -> Instant | None:
        """When the next leaves."""
        return min(self._due.values()) if self._due else None


class _Missing(NamedTuple):
    due: Instant
    patience_ns: int
    announcers: tuple[NodeId, ...]
    asked_count: int = 0


class Awaited:
    """Blocks that neighbours have announced and nobody has pushed, and when to ask whom."""

    def __init__(self, grafts_max: int) -> None:
        self._grafts_max = grafts_max
        self._missing: BoundedMap[bytes, _Missing] = BoundedMap(limits.ANNOUNCED_MAX)
        self._next_due: Instant | None = None

    def __len__(self) -> int:
        return len(self._missing)

    def announced(self, short: bytes, peer: NodeId, at: Instant, patience_ns: int) -> None:
        """A neighbour holds a block that we lack: it is asked for when our patience is over, and
        from the next announcer after twice as long."""
        due = Instant(at + patience_ns)
        known = self._missing.get(short)
        if known is None:
            self._missing.put(short, _Missing(due, patience_ns, (peer,)))
            self._next_due = due if self._next_due is None else min(due, self._next_due)
        elif peer not in known.announcers and len(known.announcers) < limits.NEIGHBOURS_MAX:
            self._missing.put(short, known._replace(announcers=(*known.announcers, peer)))

    def came(self, short: bytes) -> Sequence[NodeId]:
        """It is here; who announced it."""
        missing = self._missing.take(short)
        return () if missing is None else missing.announcers

    def take(self, at: Instant) -> dict[NodeId, list[bytes]]:
        """Whom to ask now, for what; each block is asked of its announcers in turn."""
        asked: dict[NodeId, list[bytes]] = {}
        if self._next_due is None or self._next_due > at:
            return asked
        for short, missing in list(self._missing.items()):
            if missing.due > at:
                continue
            if missing.asked_count >= self._grafts_max:
                self._missing.take(short)
                continue
            peer = missing.announcers[missing.asked_count % len(missing.announcers)]
            asked.setdefault(peer, []).append(short)
            due = Instant(at + 2 * missing.patience_ns)
            self._missing.put(short, missing._replace(due=due, asked_count=missing.asked_count + 1))
        self._next_due = min((one.due for _, one in self._missing.items()), default=None)
        return asked

    def deadline(self) -> Instant | None:
        """When to ask next."""
        return self._next_due if len(self._missing) else None

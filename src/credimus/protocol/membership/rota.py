"""Our place in the order of turns, and our next turn on our own clock."""

from collections.abc import Iterable

from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND, Instant, Now, after
from credimus.protocol.membership.turns import Turn, next_turn


class Rota:
    """The turns of one node."""

    def __init__(self, own: NodeId, period_ns: int) -> None:
        self._own = own
        self._period_ms = period_ns // MILLISECOND
        self._turn: Turn | None = None
        self._due: Instant | None = None
        self._taken_wall_ms = 0
        self.member_count = 1
        """Members in the ring, ourselves included."""

    def plan(self, others: Iterable[NodeId], now: Now) -> None:
        """Find the next turn in a ring of these and ourselves."""
        ring = sorted([self._own, *others])
        self.member_count = len(ring)
        since_ms = now.wall_ms
        if abs(self._taken_wall_ms - since_ms) <= self._period_ms:  # else the clock has jumped
            since_ms = max(since_ms, self._taken_wall_ms)
        self._turn = next_turn(ring, self._own, self._period_ms, since_ms)
        self._due = None
        if self._turn is not None:
            wait_ns = (self._turn.wall_ms - now.wall_ms) * MILLISECOND
            self._due = after(now.instant, wait_ns)

    def take(self, now: Now) -> NodeId | None:
        """Whom to probe now, if it is our turn; `plan` must follow."""
        if self._turn is None or self._due is None or self._due > now.instant:
            return None
        self._taken_wall_ms = self._turn.wall_ms
        return self._turn.target

    def deadline(self) -> Instant | None:
        """Our next turn."""
        return self._due

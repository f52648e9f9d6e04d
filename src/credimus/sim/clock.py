"""Virtual time: what happens next, in the order of (time, sequence).

Deliberately not here: any wall clock. A simulated second costs what its events cost, no more.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, TypeAlias

from credimus.kernel.instant import MILLISECOND, Instant, Now

EPOCH_MS = 1_800_000_000_000
"""What a clock without skew shows at virtual time 0, in ms since the Unix epoch."""

_Entry: TypeAlias = tuple[int, int, Callable[..., None], tuple[Any, ...]]


class Agenda:
    """The queue of all events of one simulation.

    Invariant: time never goes back; what is due at the same time happens in the order it was asked.
    """

    __slots__ = ("_asked_count", "_queue", "now_ns")

    def __init__(self) -> None:
        self.now_ns = 0
        self._asked_count = 0
        self._queue: list[_Entry] = []

    def __len__(self) -> int:
        return len(self._queue)

    def at(self, time_ns: int, action: Callable[..., None], *arguments: Any) -> None:
        """Do something at a time, or at once when that time is over."""
        self._asked_count += 1
        heappush(self._queue, (max(time_ns, self.now_ns), self._asked_count, action, arguments))

    def after(self, pause_ns: int, action: Callable[..., None], *arguments: Any) -> None:
        """Do something that much later."""
        self.at(self.now_ns + pause_ns, action, *arguments)

    def run_until(self, time_ns: int) -> None:
        """Let everything happen that is due until a time, that time included."""
        queue = self._queue
        while queue and queue[0][0] <= time_ns:
            self.now_ns, _, action, arguments = heappop(queue)
            action(*arguments)
        self.now_ns = max(self.now_ns, time_ns)

    def run_for(self, duration_ns: int) -> None:
        """Let a duration pass."""
        self.run_until(self.now_ns + duration_ns)


class WallClock:
    """How far one computer's wall clock is ahead of the true time, and how fast it drifts.

    Its monotonic clock is right: deadlines are kept, stamps go astray.
    """

    __slots__ = ("_drift_from_ns", "_drift_ppm", "_skew_ms", "usual_skew_ms")

    def __init__(self) -> None:
        self._skew_ms = 0
        self._drift_ppm = 0
        self._drift_from_ns = 0
        self.usual_skew_ms = 0
        """How far it is ahead when nothing is wrong with it."""

    def skew_ms(self, now_ns: int) -> int:
        """How far it is ahead at a time; negative when behind."""
        drifted_ns = (now_ns - self._drift_from_ns) * self._drift_ppm // 1_000_000
        return self._skew_ms + drifted_ns // MILLISECOND

    def jump(self, skew_ms: int) -> None:
        """Be that far ahead from now on, besides what it drifted."""
        self._skew_ms = skew_ms

    def drift(self, ppm: int, now_ns: int) -> None:
        """Run that much too fast from now on; negative: too slow."""
        self._skew_ms = self.skew_ms(now_ns)
        self._drift_ppm, self._drift_from_ns = ppm, now_ns

    def set_right(self) -> None:
        """End every fault of it."""
        self._skew_ms, self._drift_ppm = self.usual_skew_ms, 0


def moment(now_ns: int, skew_ms: int) -> Now:
    """What a node's two clocks show; `skew_ms` is how far its wall clock is ahead."""
    return Now(Instant(now_ns), EPOCH_MS + skew_ms + now_ns // MILLISECOND)

"""Wakes a driver when its node's next deadline has come.

A deadline is put off far more often than it comes: each probe has one, and is answered before. So
the timer is moved along: to wake for nothing costs a node at rest more than most that it has to do.
"""

import asyncio
import time
from collections.abc import Callable

from credimus.kernel.instant import Instant


class Alarm:
    """One timer of the event loop.

    Args:
        deadline: when the node wants to be woken next.
        wake: called then.
    """

    __slots__ = ("_at", "_deadline", "_timer", "_wake")

    def __init__(self, deadline: Callable[[], Instant | None], wake: Callable[[], None]) -> None:
        self._deadline = deadline
        self._wake = wake
        self._timer: asyncio.TimerHandle | None = None
        self._at: Instant | None = None
        """When it rings; None while it snoozes."""

    def set(self) -> None:
        """Wake at the deadline as it is now, unless it snoozes."""
        deadline = self._deadline()
        if self._timer is not None:
            if self._at is None or self._at == deadline:
                return
            self.cancel()
        if deadline is not None:
            self._at = deadline
            self._ring_in(max(0, deadline - time.monotonic_ns()) / 1e9)

    def snooze(self, seconds: float) -> None:
        """Wake after so long, and not before."""
        self.cancel()
        self._at = None
        self._ring_in(seconds)

    def cancel(self) -> None:
        """Wake nobody, until it is set again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring_in(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._wake()

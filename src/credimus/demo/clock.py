"""The seconds of a play. They pass as on the wall, but stand still while somebody holds them.

They stand still, too, while the whole machine does: so what follows one after the other in a
scenario does so in the play, however slow or busy the machine is.
"""

import asyncio
import heapq
import time
from collections.abc import Iterator
from contextlib import contextmanager

TICK_S = 0.01
"""How finely time passes, in s. [guess]"""
STRIDE_S_MAX = 0.1
"""The most that passes at once, in s: what is more, the machine stood still. [guess]"""


class Clock:
    """Begins at 0 s; passes while `run` runs."""

    def __init__(self) -> None:
        self.second = 0.0
        self._holds = 0
        self._count = 0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []

    async def run(self) -> None:
        """Let time pass, for ever."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            self.advance(now - last)
            last = now

    def advance(self, seconds: float) -> None:
        """Let so much time pass, if nobody holds it and the machine did not stand still."""
        if self._holds:
            return
        self.second += min(seconds, STRIDE_S_MAX)
        while self._waiting and self._waiting[0][0] <= self.second:
            future = heapq.heappop(self._waiting)[2]
            if not future.done():
                future.set_result(None)

    async def until(self, at: float) -> None:
        """Wait for a second of the play."""
        if at > self.second:
            self._count += 1
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (at, self._count, future))
            await future

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no time pass meanwhile."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1

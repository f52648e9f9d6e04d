"""An alarm wakes when something is due, and not when what was due has been put off."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from credimus.kernel.instant import MILLISECOND, Instant
from credimus.runtime.alarm import Alarm


class Sleeper:
    """Wants to be woken when it says, and counts how often it is."""

    def __init__(self) -> None:
        self.due: Instant | None = None
        self.wakings = 0
        self.alarm = Alarm(lambda: self.due, self._wake)

    def sleep(self, ms: float) -> None:
        self.due = Instant(time.monotonic_ns() + int(ms * MILLISECOND))

    def _wake(self) -> None:
        self.wakings += 1


def _play(scene: Callable[[Sleeper], Awaitable[None]]) -> Sleeper:
    sleeper = Sleeper()
    asyncio.run(_within(scene(sleeper)))
    return sleeper


async def _within(scene: Awaitable[None]) -> None:
    await scene


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await asyncio.sleep(0.001)


def test_it_wakes_once_for_a_deadline() -> None:
    async def scene(sleeper: Sleeper) -> None:
        sleeper.sleep(1)
        sleeper.alarm.set()
        sleeper.alarm.set()
        await _until(lambda: sleeper.wakings > 0)
        await asyncio.sleep(0.01)

    assert _play(scene).wakings == 1


def test_what_was_put_off_wakes_only_then() -> None:
    async def scene(sleeper: Sleeper) -> None:
        sleeper.sleep(1)
        sleeper.alarm.set()
        sleeper.sleep(60_000)
        sleeper.alarm.set()
        await asyncio.sleep(0.02)
        assert sleeper.wakings == 0
        sleeper.due = Instant(0)
        sleeper.alarm.set()
        await _until(lambda: sleeper.wakings > 0)

    assert _play(scene).wakings == 1


def test_an_earlier_deadline_comes_first() -> None:
    async def scene(sleeper: Sleeper) -> None:
        sleeper.sleep(60_000)
        sleeper.alarm.set()
        sleeper.sleep(1)
        sleeper.alarm.set()
        await _until(lambda: sleeper.wakings > 0)

    assert _play(scene).wakings == 1


def test_without_a_deadline_it_lets_sleep() -> None:
    async def scene(sleeper: Sleeper) -> None:
        sleeper.alarm.set()
        await asyncio.sleep(0.005)

    assert _play(scene).wakings == 0


def test_a_deadline_that_went_away_wakes_nobody() -> None:
    async def scene(sleeper: Sleeper) -> None:
        sleeper.sleep(1)
        sleeper.alarm.set()
        sleeper.due = None
        sleeper.alarm.set()
        await asyncio.sleep(0.02)

    assert _play(scene).wakings == 0


def test_snoozing_lets_no_deadline_through() -> None:
    async def scene(sleeper: Sleeper) -> None:
        sleeper.due = Instant(0)
        sleeper.alarm.set()
        sleeper.alarm.snooze(0.02)
        sleeper.alarm.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert sleeper.wakings == 0
        await _until(lambda: sleeper.wakings > 0)

    assert _play(scene).wakings == 1


def test_a_cancelled_alarm_is_silent() -> None:
    async def scene(sleeper: Sleeper) -> None:
        sleeper.due = Instant(0)
        sleeper.alarm.set()
        sleeper.alarm.cancel()
        await asyncio.sleep(0.005)

    assert _play(scene).wakings == 0

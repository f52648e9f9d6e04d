"""The seconds of a play."""

import asyncio

from credimus.demo.clock import STRIDE_S_MAX, Clock


def test_waiters_come_in_order_of_their_seconds() -> None:
    async def play() -> list[float]:
        clock, seen = Clock(), []

        async def wait(at: float) -> None:
            await clock.until(at)
            seen.append(at)

        tasks = [asyncio.create_task(wait(at)) for at in (0.3, 0.1, 0.2, 0.0)]
        for _ in range(5):
            await asyncio.sleep(0)
            clock.advance(0.07)
        await asyncio.gather(*tasks)
        return seen

    assert asyncio.run(play()) == [0.0, 0.1, 0.2, 0.3]


def test_no_time_passes_while_it_is_held() -> None:
    clock = Clock()
    clock.advance(0.05)
    with clock.held(), clock.held():
        clock.advance(0.05)
    clock.advance(0.02)
    assert round(clock.second, 3) == 0.07


def test_a_machine_that_stood_still_loses_no_time() -> None:
    clock = Clock()
    clock.advance(60.0)
    assert clock.second == STRIDE_S_MAX


def test_a_waiter_that_gave_up_is_passed_over() -> None:
    async def play() -> None:
        clock = Clock()
        waiting = asyncio.create_task(clock.until(0.05))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        clock.advance(0.1)

    asyncio.run(play())

"""One node of a replay on real processes: hosts its workers and proposes its share of the items."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from credimus.harness.node_process import Orders, quiet, read_settings, serve
from credimus.harness.orders import ChildSettings
from credimus.runtime.driver import Driver
from credimus.sim.replay.plan import ReplayOptions, ReplayPlan, outcome_of
from credimus.sim.replay.replay import fully_voted
from credimus.state.voting.verdict import Verdict

PATIENCE_S = 120.0


class Replaying:
    """Carries out the parent's orders: propose a chunk, then tell how it all ended."""

    def __init__(self, plan: ReplayPlan, index: int, driver: Driver) -> None:
        self._plan = plan
        self._index = index
        self._items = list(plan.contents)
        self._driver = driver

    async def order(self, driver: Driver, order: dict[str, Any]) -> dict[str, Any]:
        """Propose our share of a chunk and wait for everybody's votes on all of it, or end."""
        if "end" in order:
            return await self._end(driver)
        chunk = self._items[order["first"] : order["last"]]
        for item in chunk[self._index :: self._plan.options.nodes]:
            driver.submit(self._plan.assertion(item))
        return {"voted": await self._until(lambda: all(map(self._voted, chunk)))}

    def _voted(self, item: str) -> bool:
        rounds = self._driver.node.state.rounds.on(self._plan.beliefs[item])
        return fully_voted(rounds, self._plan.learns)

    async def _end(self, driver: Driver) -> dict[str, Any]:
        rounds = driver.node.state.rounds
        await self._until(lambda: not any(one.verdict is Verdict.OPEN for one in rounds))
        await quiet(driver, patience_s=1.0)
        verdicts: dict[str, Verdict] = {}
        credences: dict[str, int] = {}
        if self._index == 0:
            plan = self._plan
            verdicts, credences = outcome_of(driver.node.state, plan.beliefs, plan.voting)
        return {
            "verdicts": {item: int(verdict) for item, verdict in verdicts.items()},
            "credences": credences,
            "fingerprint": driver.node.state.fingerprint().hex(),
            "blocks": len(driver.node.lace),
        }

    async def _until(self, reached: Callable[[], bool]) -> bool:
        """Wait for something that steps bring about; False when it does not come in time."""
        stepped = asyncio.Event()
        end = self._driver.watch(stepped.set)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not reached():
                    await stepped.wait()
                    stepped.clear()
        except TimeoutError:
            return False
        finally:
            end()
        return True


def main() -> None:
    """Serve as the parent says."""
    settings = read_settings()
    options = msgspec.convert(settings[0].job["options"], ReplayOptions)
    plan = ReplayPlan(Path(settings[0].job["answers"]), None, options)

    def begin(settings: ChildSettings, driver: Driver) -> Orders:
        return Replaying(plan, settings.index, driver).order

    asyncio.run(serve(begin, plan.sheet(), settings))


if __name__ == "__main__":
    main()

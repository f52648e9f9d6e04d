"""One node of `bench decide`: proposes in a closed loop and notes when it sees verdicts."""

import asyncio
import resource
import time
from array import array
from dataclasses import asdict
from typing import Any

from credimus.harness.node_process import Orders, quiet, read_settings, serve
from credimus.harness.orders import ChildSettings
from credimus.kernel.ids import BeliefId
from credimus.node.commands import AssertBelief
from credimus.runtime.driver import Driver
from credimus.state.events import RoundDecided
from credimus.state.operations import Evidence


class Moments:
    """When things happened to beliefs; 24 bytes each, so that the measure weighs little itself."""

    def __init__(self) -> None:
        self._beliefs = bytearray()
        self._moments_ns = array("q")

    def add(self, belief: BeliefId, moment_ns: int) -> None:
        """Note one."""
        self._beliefs += belief
        self._moments_ns.append(moment_ns)

    def by_belief(self) -> dict[str, int]:
        """The last moment of each belief, by its id in hex."""
        return {
            self._beliefs[16 * i : 16 * i + 16].hex(): moment_ns
            for i, moment_ns in enumerate(self._moments_ns)
        }


class Load:
    """Some beliefs in flight, the next proposed when one is decided."""

    def __init__(self, settings: ChildSettings, driver: Driver) -> None:
        self._driver = driver
        self._index = settings.index
        self._number = 0
        self._latencies_ns: list[int] = []
        self._seen = Moments()
        self._proposed = Moments()
        driver.listen(self._hear)

    async def phase(self, driver: Driver, order: dict[str, Any]) -> dict[str, Any]:
        """Keep `in_flight` beliefs in flight until `until_ns`, then wait until all is quiet."""
        self._latencies_ns, self._proposed = [], Moments()
        begin = resource.getrusage(resource.RUSAGE_SELF)
        steps, blocks = driver.step_count, len(driver.node.lace)
        spent, wall_ns = asdict(driver.spent), time.monotonic_ns()
        await asyncio.gather(*(self._lane(order["until_ns"]) for _ in range(order["in_flight"])))
        left_s = (order["until_ns"] - time.monotonic_ns()) / 1e9
        await asyncio.sleep(max(0.0, left_s))
        wall_ns = time.monotonic_ns() - wall_ns
        now_spent = asdict(driver.spent)
        shares = {
            name.removesuffix("_ns"): (now_spent[name] - before) / wall_ns
            for name, before in spent.items()
        }
        await quiet(driver)
        # Not at the beginning: another may have begun before us, and its first be decided by now.
        seen, self._seen = self._seen, Moments()
        end = resource.getrusage(resource.RUSAGE_SELF)
        state = driver.node.state
        return {
            "cpu_s": end.ru_utime - begin.ru_utime + end.ru_stime - begin.ru_stime,
            "spent": shares,
            "rss_kib": end.ru_maxrss,
            "steps": driver.step_count - steps,
            "blocks": len(driver.node.lace) - blocks,
            "latencies_ns": self._latencies_ns,
            "proposed_ns": self._proposed.by_belief(),
            "seen_ns": seen.by_belief(),
            "fingerprint": state.fingerprint().hex(),
            "votes_missing": sum(
                one.voted.bit_count() != len(one.electorate) for one in state.rounds
            ),
        }

    def _hear(self, events: Any) -> None:
        moment = time.monotonic_ns()
        for event in events:
            if type(event) is RoundDecided:
                self._seen.add(event.belief, moment)

    async def _lane(self, until_ns: int) -> None:
        while (begun := time.monotonic_ns()) < until_ns:
            self._number += 1
            command = AssertBelief(
                content=f"route {self._number} of depot {self._index} is blocked by fallen trees",
                category="observation",
                confidence=900_000,
                evidence=(Evidence("sensor", f"camera {self._number % 40} frame {begun}"),),
            )
            receipt = self._driver.submit(command)
            self._proposed.add(receipt.belief, begun)
            await receipt.decided(timeout=20)
            self._latencies_ns.append(time.monotonic_ns() - begun)


def begin(settings: ChildSettings, driver: Driver) -> Orders:
    """The job of a node process."""
    return Load(settings, driver).phase


if __name__ == "__main__":
    asyncio.run(serve(begin, None, read_settings()))

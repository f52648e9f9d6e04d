"""One node of `bench/detection.py`: notes when it holds another for suspect and for dead."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from credimus.harness.node_process import Orders, read_settings, serve
from credimus.harness.orders import ChildSettings
from credimus.kernel.ids import NodeId
from credimus.protocol.membership.interface import PeerDead, PeerSuspected, Status
from credimus.runtime.driver import Driver

_BEFORE_S = 1.0
"""From the order to the stop: by then all nodes have theirs."""


class Watch:
    """What one node holds of the others."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._suspected_ns: dict[NodeId, int] = {}
        self._dead_ns: dict[NodeId, int] = {}
        driver.listen(self._hear)

    async def carry_out(self, driver: Driver, order: dict[str, Any]) -> dict[str, Any]:
        """Say who we are once all others are alive; or watch one that stops, or be it."""
        if "victim" not in order:
            return await self._settle(order["patience_s"])
        victim = NodeId(bytes.fromhex(order["victim"]))
        if driver.node.id == victim:
            await asyncio.sleep(_BEFORE_S)
            stopped_ns = time.monotonic_ns()
            time.sleep(order["still_s"])  # answers nobody, like a stopped process
            return {"stopped_ns": stopped_ns}
        self._suspected_ns.clear()
        self._dead_ns.clear()
        await asyncio.sleep(_BEFORE_S + order["still_s"])
        return {
            "suspected_ns": self._suspected_ns.get(victim),
            "dead_ns": self._dead_ns.get(victim),
            "wronged": len(self._dead_ns.keys() - {victim}),
        }

    async def _settle(self, patience_s: float) -> dict[str, Any]:
        node = self._driver.node
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            if all(one.status is Status.ALIVE for one in node.membership.snapshot()):
                break
            await asyncio.sleep(0.1)
        alive = sum(one.status is Status.ALIVE for one in node.membership.snapshot())
        return {"id": node.id.hex(), "alive": alive}

    def _hear(self, events: Sequence[object]) -> None:
        moment = time.monotonic_ns()
        for event in events:
            match event:
                case PeerSuspected(peer):
                    self._suspected_ns.setdefault(peer, moment)
                case PeerDead(peer):
                    self._dead_ns.setdefault(peer, moment)
                case _:
                    pass


def begin(_settings: ChildSettings, driver: Driver) -> Orders:
    """The job of a node process."""
    return Watch(driver).carry_out


if __name__ == "__main__":
    asyncio.run(serve(begin, None, read_settings()))

"""One node of `bench/detection.py`: notes when it holds another for suspect and for dead, and when
it has heard what another said."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from credimus.harness.node_process import Orders, read_settings, serve
from credimus.harness.orders import ChildSettings
from credimus.kernel.ids import NodeId
from credimus.node.commands import AssertBelief
from credimus.protocol.membership.interface import PeerDead, PeerSuspected, Status
from credimus.runtime.driver import Driver
from credimus.state.events import BeliefAsserted

_EACH_S = 2.0
"""Between two beliefs of one node: each finds the fleet at rest."""
_BEFORE_S = 1.0
"""From the order to the stop: by then all nodes have theirs."""


class Watch:
    """What one node holds of the others."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._suspected_ns: dict[NodeId, int] = {}
        self._dead_ns: dict[NodeId, int] = {}
        self._heard_ns: dict[str, int] = {}
        driver.listen(self._hear)

    async def carry_out(self, driver: Driver, order: dict[str, Any]) -> dict[str, Any]:
        """Say who we are once all others are alive; or state beliefs, or hear them; or watch one
        that stops, or be it."""
        if "patience_s" in order:
            return await self._settle(order["patience_s"])
        if "events" in order:
            return await self._speak(order)
        victim = NodeId(bytes.fromhex(order["victim"]))
        if driver.node.id == victim:
            await asyncio.sleep(_BEFORE_S)
            stopped_ns = time.monotonic_ns()
            if order["alone"]:
                time.sleep(order["still_s"])  # answers nobody, like a stopped process
            else:
                transport = driver.use(None)  # as mute, and the others of its process go on
                await asyncio.sleep(order["still_s"])
                driver.use(transport)
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

    async def _speak(self, order: dict[str, Any]) -> dict[str, Any]:
        """State some beliefs, one after the other, when we are the one; tell when each came."""
        self._heard_ns.clear()
        await asyncio.sleep(_BEFORE_S)
        said_ns: dict[str, int] = {}
        for number in range(order["events"]):
            if order["speaker"] == self._driver.node.id.hex():
                said = AssertBelief(content=f"event {number} of {order['speaker']}", propose=False)
                begun_ns = time.monotonic_ns()
                receipt = self._driver.submit(said)
                said_ns[(receipt.belief or b"").hex()] = begun_ns
            await asyncio.sleep(_EACH_S)
        await asyncio.sleep(_BEFORE_S)
        return {"said_ns": said_ns, "heard_ns": self._heard_ns}

    def _hear(self, events: Sequence[object]) -> None:
        moment = time.monotonic_ns()
        for event in events:
            match event:
                case PeerSuspected(peer):
                    self._suspected_ns.setdefault(peer, moment)
                case PeerDead(peer):
                    self._dead_ns.setdefault(peer, moment)
                case BeliefAsserted(belief, _, True):
                    self._heard_ns.setdefault(belief.hex(), moment)
                case _:
                    pass


def begin(_settings: ChildSettings, driver: Driver) -> Orders:
    """The job of a node process."""
    return Watch(driver).carry_out


if __name__ == "__main__":
    asyncio.run(serve(begin, None, read_settings()))

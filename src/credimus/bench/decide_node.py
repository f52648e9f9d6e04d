"""One node of `bench decide`: a real process that proposes, votes and notes when it sees verdicts.

Reads one JSON line with its settings, says `ready`, waits for `go`, and ends with a JSON line.
"""

import asyncio
import gc
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import BeliefId, FleetId
from credimus.node.commands import AssertBelief
from credimus.node.config import Config
from credimus.node.events import NodeEvent
from credimus.node.node import Node
from credimus.runtime.credentials import LinkPaths, load_node_key
from credimus.runtime.driver import Driver
from credimus.runtime.projector import Projector
from credimus.runtime.store.readmodel import ReadModels
from credimus.runtime.store.sqlite import SqliteStore
from credimus.runtime.transport.zenoh import ZenohConfig, ZenohTransport
from credimus.state.events import RoundDecided
from credimus.state.operations import Evidence

PROJECT_PERIOD_S = 0.5


class Settings(msgspec.Struct):
    """What the parent tells a node."""

    index: int
    folder: str
    fleet: str
    link: str
    listen: str
    peers: list[str]
    nodes: int


class Load:
    """A closed loop: some beliefs in flight, the next proposed when one is decided."""

    def __init__(self, driver: Driver, index: int) -> None:
        self._driver = driver
        self._index = index
        self._number = 0
        self.latencies_ns: list[int] = []
        self.seen_ns: dict[BeliefId, int] = {}
        self.proposed_ns: dict[BeliefId, int] = {}

    def hear(self, events: Any) -> None:
        """Note when a verdict becomes visible here."""
        moment = time.monotonic_ns()
        for event in events:
            if type(event) is RoundDecided:
                self.seen_ns[event.belief] = moment

    async def run(self, in_flight: int, until_ns: int) -> None:
        """Keep beliefs in flight until a moment."""
        await asyncio.gather(*(self._lane(until_ns) for _ in range(in_flight)))

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
            self.proposed_ns[receipt.belief] = begun
            await receipt.decided(timeout=20)
            self.latencies_ns.append(time.monotonic_ns() - begun)


async def main() -> None:
    """Run one node as the parent says."""
    settings = msgspec.json.decode(sys.stdin.readline(), type=Settings)
    folder = Path(settings.folder)
    store = SqliteStore(folder / "credimus.db")
    node = Node(
        FleetId(bytes.fromhex(settings.fleet)),
        [load_node_key(folder / "node.key")],
        Config(),
        Entropy(bytes([settings.index])),
    )
    node.restore(block.wire for block in store.blocks())
    driver = Driver(node, store)
    projector = Projector(node, ReadModels(store.database))
    projector.catch_up()
    load = Load(driver, settings.index)
    driver.listen(load.hear)
    driver.listen(projector.hear)
    transport = ZenohTransport(
        ZenohConfig(
            fleet=node.fleet,
            node=node.id,
            link=settings.link,  # type: ignore[arg-type]
            listen=settings.listen,
            peers=tuple(settings.peers),
            credentials=LinkPaths.inside(folder),
        ),
        driver.deliver,
        driver.pace.pause_s,
    )
    await transport.open()
    driver.start(transport)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    async with asyncio.timeout(20):
        while len(transport.neighbours()) < settings.nodes - 1:
            await asyncio.sleep(0.01)
    projecting = asyncio.create_task(_project(projector))
    say({"ready": settings.index})
    reader = asyncio.get_running_loop()
    while True:
        line = await reader.run_in_executor(None, sys.stdin.readline)
        order = json.loads(line)
        if "stop" in order:
            break
        say(await _phase(order, driver, load))
    projecting.cancel()
    driver.close()
    await transport.close()
    store.close()


async def _phase(order: dict[str, Any], driver: Driver, load: Load) -> dict[str, Any]:
    load.latencies_ns, load.seen_ns, load.proposed_ns = [], {}, {}
    begin = resource.getrusage(resource.RUSAGE_SELF)
    steps = driver.step_count
    blocks = len(driver.node.lace)
    if order["in_flight"]:
        await load.run(order["in_flight"], order["until_ns"])
    else:
        await asyncio.sleep(max(0, order["until_ns"] - time.monotonic_ns()) / 1e9)
    await _quiet(driver)
    end = resource.getrusage(resource.RUSAGE_SELF)
    state = driver.node.state
    return {
        "cpu_s": end.ru_utime - begin.ru_utime + end.ru_stime - begin.ru_stime,
        "rss_kib": end.ru_maxrss,
        "steps": driver.step_count - steps,
        "blocks": len(driver.node.lace) - blocks,
        "latencies_ns": load.latencies_ns,
        "proposed_ns": {belief.hex(): ns for belief, ns in load.proposed_ns.items()},
        "seen_ns": {belief.hex(): ns for belief, ns in load.seen_ns.items()},
        "fingerprint": state.fingerprint().hex(),
        "votes_missing": sum(one.voted.bit_count() != len(one.electorate) for one in state.rounds),
    }


async def _quiet(driver: Driver) -> None:
    """Wait until no block has come for half a second, at most ten."""
    for _ in range(20):
        before = len(driver.node.lace)
        await asyncio.sleep(0.5)
        if len(driver.node.lace) == before:
            return


async def _project(projector: Projector) -> None:
    while True:
        await asyncio.sleep(PROJECT_PERIOD_S)
        projector.flush()


def say(answer: dict[str, Any]) -> None:
    """One JSON line for the parent."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


Events = list[NodeEvent]

if __name__ == "__main__":
    asyncio.run(main())

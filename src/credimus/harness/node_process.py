"""The child's side: one real node, put together as the daemon does, that carries out orders."""

import asyncio
import gc
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from credimus.harness.orders import ChildSettings
from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import StorageError
from credimus.kernel.ids import FleetId
from credimus.lace.seal import SeedSigner
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.voting.interface import Evaluator
from credimus.runtime.driver import Driver
from credimus.runtime.feed import Feed
from credimus.runtime.identity.credentials import LinkPaths, load_node_key
from credimus.runtime.projector import Projector
from credimus.runtime.store.readmodel import ReadModels
from credimus.runtime.store.sqlite import SqliteStore
from credimus.runtime.transport.zenoh import ZenohConfig, ZenohTransport

LINKS_UP_S = 30.0
"""So long, and three seconds for each node, may it take until all are linked."""
_LOOK_S = 0.2
"""Between two looks whether they are."""

Orders = Callable[[Driver, dict[str, Any]], Awaitable[dict[str, Any]]]
Begin = Callable[[ChildSettings, Driver], Orders]


async def serve(begin: Begin, evaluator: Evaluator | None, settings: ChildSettings) -> None:
    """Run one node until the parent says stop.

    Args:
        begin: makes the job when the node stands; the job carries out each order.
        evaluator: how the node and its hosted members vote; the usual when None.
    """
    folder = Path(settings.folder)
    store = SqliteStore(folder / "credimus.db")
    signers = [load_node_key(folder / "node.key")]
    node = Node(
        FleetId(bytes.fromhex(settings.fleet)),
        [*signers, *(SeedSigner(bytes.fromhex(seed)) for seed in settings.hosted)],
        Config(voting=settings.voting),
        Entropy(bytes([settings.index])),
        evaluator,
    )
    projector = Projector(node, ReadModels(store.database))
    projector.restore(block.wire for block in store.blocks())
    driver = Driver(node, store)
    driver.listen(projector.note)
    driver.listen(Feed(node.id).note)
    job = begin(settings, driver)
    transport = _transport(settings, node, driver, folder)
    await transport.open()
    driver.start(transport)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    await _linked(transport, settings.index, settings.nodes)
    _answer({"dialled": True})
    await _linked(transport, settings.nodes - 1, settings.nodes)
    projecting = asyncio.create_task(projector.keep_up(driver.pace, _report))
    try:
        await _converse(driver, transport, job)
    finally:
        projecting.cancel()
        driver.close()
        await transport.close()
        store.close()


def read_settings() -> ChildSettings:
    """The parent's first line."""
    return msgspec.json.decode(sys.stdin.readline(), type=ChildSettings)


async def quiet(driver: Driver, patience_s: float = 0.5, rounds: int = 20) -> None:
    """Wait until no block has come for a while; at most `rounds` whiles."""
    for _ in range(rounds):
        before = len(driver.node.lace)
        await asyncio.sleep(patience_s)
        if len(driver.node.lace) == before:
            return


def _transport(settings: ChildSettings, node: Node, driver: Driver, folder: Path) -> ZenohTransport:
    return ZenohTransport(
        ZenohConfig(
            fleet=node.fleet,
            node=node.id,
            link=settings.link,  # type: ignore[arg-type]
            listen=settings.listen,
            peers=tuple(settings.peers),
            credentials=LinkPaths.inside(folder),
            nodes=settings.nodes,
        ),
        driver.deliver,
    )


async def _linked(transport: ZenohTransport, peers: int, nodes: int) -> None:
    """Wait until so many peers are linked."""
    async with asyncio.timeout(LINKS_UP_S + 3 * nodes):
        while len(transport.neighbours()) < peers:
            await asyncio.sleep(_LOOK_S)


async def _converse(driver: Driver, transport: ZenohTransport, job: Orders) -> None:
    loop = asyncio.get_running_loop()
    _answer({"ready": True})
    while True:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        order = json.loads(line) if line else {"stop": True}
        if "stop" in order:
            return
        answer = await job(driver, order)
        _answer({**answer, "messages": transport.counts.sent})


def _report(problem: StorageError) -> None:
    sys.stderr.write(f"read models: {problem.message}\n")


def _answer(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()

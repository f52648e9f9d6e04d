"""The child's side: real nodes, put together as the daemon does, that carry out orders."""

import asyncio
import gc
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

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


class _Running(NamedTuple):
    """A node that stands."""

    settings: ChildSettings
    store: SqliteStore
    driver: Driver
    transport: ZenohTransport
    projecting: "asyncio.Task[None]"
    job: Orders

    async def linked(self, peers: int) -> None:
        """Wait until so many peers are linked."""
        async with asyncio.timeout(LINKS_UP_S + 3 * self.settings.nodes):
            while len(self.transport.neighbours()) < peers:
                await asyncio.sleep(_LOOK_S)

    async def answer(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out an order."""
        return {**await self.job(self.driver, order), "messages": self.transport.counts.sent}

    async def end(self) -> None:
        """Stop and close."""
        self.projecting.cancel()
        self.driver.close()
        await self.transport.close()
        self.store.close()


async def serve(
    begin: Begin, evaluator: Evaluator | None, settings: Sequence[ChildSettings]
) -> None:
    """Run nodes until the parent says stop.

    Args:
        begin: makes the job when a node stands; the job carries out each order.
        evaluator: how the nodes and their hosted members vote; the usual when None.
    """
    running: list[_Running] = []
    for each in settings:  # in turn: many at once hold each other up until their dials are over
        running.append(await _start(begin, evaluator, each))
        await running[-1].linked(each.index)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    _answer({"dialled": True})
    for one in running:
        await one.linked(one.settings.nodes - 1)
    try:
        await _converse(running)
    finally:
        for one in running:
            await one.end()


async def _start(begin: Begin, evaluator: Evaluator | None, settings: ChildSettings) -> _Running:
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
    projecting = asyncio.create_task(projector.keep_up(driver.pace, _report))
    return _Running(settings, store, driver, transport, projecting, job)


def read_settings() -> list[ChildSettings]:
    """The parent's first line: a node of each."""
    return msgspec.json.decode(sys.stdin.readline(), type=list[ChildSettings])


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


async def _converse(running: Sequence[_Running]) -> None:
    loop = asyncio.get_running_loop()
    _answer({"ready": True})
    while True:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        orders = json.loads(line) if line else []
        if not orders:
            return
        answers = zip(running, orders, strict=True)
        _answer(await asyncio.gather(*(one.answer(order) for one, order in answers)))


def _report(problem: StorageError) -> None:
    sys.stderr.write(f"read models: {problem.message}\n")


def _answer(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()

"""Read models follow the node by themselves, and nobody is woken where nothing is to be written."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from credimus.kernel.entropy import Entropy
from credimus.kernel.errors import StorageError
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.instant import Instant, Now
from credimus.node.commands import AssertBelief
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.recovery.interface import SnapshotPut
from credimus.runtime import projector as module
from credimus.runtime.driver import Driver
from credimus.runtime.pace import Pace
from credimus.runtime.projector import Projector
from credimus.runtime.store.readmodel import ReadModels
from credimus.runtime.store.sqlite import SqliteStore
from credimus.state.fleet import FleetState
from strategies import FLEET, GENESIS, SIGNERS


class Busy(Pace):
    """Busy or not, as told."""

    is_busy = False


class Desk:
    """A node alone, its read models, and what went wrong with them."""

    def __init__(self, store: SqliteStore) -> None:
        self.node = node = Node(FLEET, SIGNERS[:1], Config(), Entropy(b"projector"))
        self.models = ReadModels(store.database)
        self.projector = Projector(node, self.models)
        self.projector.restore([GENESIS.wire])
        self.driver = Driver(node, store)
        self.driver.listen(self.projector.note)
        self.pace = Busy()
        self.failures: list[StorageError] = []

    async def say(self, content: str) -> None:
        await self.driver.submit(AssertBelief(content=content)).local()

    def written(self) -> set[str]:
        return {one.content for one in self.models.beliefs()}

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not is_so():
                await asyncio.sleep(0.001)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What changed is written at once."""
    monkeypatch.setattr(module, "PERIOD_S", 0.001)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "log.db")
    yield opened
    opened.close()


def _play(store: SqliteStore, scene: Callable[[Desk], Awaitable[None]]) -> None:
    async def play() -> None:
        desk = Desk(store)
        desk.driver.begin()
        keeping = asyncio.ensure_future(desk.projector.keep_up(desk.pace, desk.failures.append))
        try:
            await scene(desk)
        finally:
            keeping.cancel()
            desk.driver.close()

    asyncio.run(play())


def test_what_is_said_is_soon_in_the_read_models(store: SqliteStore) -> None:
    async def scene(desk: Desk) -> None:
        for content in ("it rains", "it pours"):
            await desk.say(content)
            await desk.until(lambda content=content: content in desk.written())

    _play(store, scene)


def test_nobody_looks_while_nothing_changes(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(desk: Desk) -> None:
        await desk.say("it rains")
        await desk.until(lambda: desk.projector.waiting_count == 0 and bool(desk.written()))
        await asyncio.sleep(0.01)
        looks: list[int] = []
        monkeypatch.setattr(Busy, "is_busy", property(lambda _: looks.append(1) or False))
        await asyncio.sleep(0.05)  # fifty periods
        assert not looks
        await desk.say("it pours")
        await desk.until(lambda: bool(looks))

    _play(store, scene)


def test_a_busy_node_writes_once_it_has_time(store: SqliteStore) -> None:
    async def scene(desk: Desk) -> None:
        desk.pace.is_busy = True
        await desk.say("it rains")
        await asyncio.sleep(0.02)
        assert not desk.written()
        desk.pace.is_busy = False
        await desk.until(lambda: desk.written() == {"it rains"})

    _play(store, scene)


def test_what_could_not_be_written_is_written_later(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = StorageError("disk-full", "there is no room")
    project, refusals = ReadModels.project, [full, full]

    def sometimes(self: ReadModels, *rows: object) -> None:
        if refusals:
            raise refusals.pop()
        project(self, *rows)  # type: ignore[arg-type]

    async def scene(desk: Desk) -> None:
        monkeypatch.setattr(ReadModels, "project", sometimes)
        await desk.say("it rains")
        await desk.until(lambda: desk.written() == {"it rains"})
        assert desk.failures == [full, full]

    _play(store, scene)


def test_what_a_snapshot_brought_is_soon_in_the_read_models(store: SqliteStore) -> None:
    """They lacked what nobody had folded here, also after a restart."""
    other = Node(FLEET, SIGNERS[:1], Config(), Entropy(b"other"))
    other.restore([GENESIS.wire])
    now = Now(Instant(0), wall_ms_of(other.clock.last))
    other.execute(AssertBelief(content="it rains"), now)
    other.collect(now)

    async def scene(desk: Desk) -> None:
        desk.node.state.adopt(FleetState.restored(other.state.snapshot()))
        desk.projector.note([SnapshotPut()])
        await desk.until(lambda: desk.written() == {"it rains"})

    _play(store, scene)

"""The stage of the API tests: one node without links, asked through ASGI."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from credimus.api.asgi import application
from credimus.runtime.daemon import Daemon
from credimus.runtime.evaluating.callback import Function
from credimus.runtime.home import Home
from credimus.runtime.joining.joining import Plan, found_home
from credimus.runtime.settings.settings import Settings, read_settings

PATIENCE_S = 8.0


class Desk:
    """A node and a client of its API."""

    def __init__(self, daemon: Daemon, client: httpx.AsyncClient) -> None:
        self.daemon = daemon
        self.client = client

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self.client.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def refusal(self, path: str, _status: int, _method: str = "POST", **body: Any) -> Any:
        """The problem document of a request that must be refused, and that it changed nothing."""
        before = self.blocks, self.open_count
        answer = await self.client.request(_method, path, json=body if _method == "POST" else None)
        assert answer.status_code == _status, answer.text
        assert_problem(answer)
        assert (self.blocks, self.open_count) == before
        return answer.json()

    @property
    def blocks(self) -> int:
        return self.daemon.store.block_count

    @property
    def open_count(self) -> bool:
        return self.daemon.node.authors[0].has_open


def assert_problem(answer: httpx.Response) -> None:
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"urn:credimus:error:{problem['code']}"
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert len(problem["detail"]) > 20, "a problem says what happened and what to do"


def founded(folder: Path) -> Home:
    home = Home(folder / "n0")
    found_home(home, "harbour", Plan(name="n0", listen=free_address(), api="127.0.0.1:0"))
    return home


def free_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def settings_of(home: Home, **voting: Any) -> Settings:
    settings = read_settings(home.config)
    return msgspec.structs.replace(
        settings, voting=msgspec.structs.replace(settings.voting, **voting)
    )


@asynccontextmanager
async def desk(
    home: Home, settings: Settings | None = None, callback: Function | None = None
) -> AsyncIterator[Desk]:
    daemon = Daemon.load(home, settings, callback)
    daemon.begin()
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(application(daemon)),
        base_url="http://node",
        headers={"Authorization": f"Bearer {daemon.token}"},
    )
    try:
        async with client:
            yield Desk(daemon, client)
    finally:
        await daemon.close()


def play(
    folder: Path, scene: Callable[[Desk], Awaitable[None]], home: Home | None = None, **voting: Any
) -> None:
    """Play a scene at the desk of a fleet's only member."""
    at = home or founded(folder)

    async def main() -> None:
        async with desk(at, settings_of(at, **voting)) as one:
            await scene(one)

    asyncio.run(asyncio.wait_for(main(), 60))


async def until(holds: Callable[[], bool]) -> None:
    """Return when it holds; fail when it does not within the bound."""

    async def poll() -> None:
        while not holds():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(poll(), PATIENCE_S)

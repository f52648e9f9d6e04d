"""A node that answers over real HTTP, in this process; synchronous callers ask it from a thread."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

from desk import founded, settings_of

from credimus.api.serving import _config, _Server, _until_started, listen, url_of
from credimus.library.judging import Ballot, Judge
from credimus.library.loading import loaded
from credimus.runtime.daemon import Daemon
from credimus.runtime.evaluating.inquiry import Inquiry
from credimus.runtime.home import Home

Result = TypeVar("Result")


def undecided(inquiry: Inquiry) -> Ballot | None:
    """A judge that leaves open what says so, and accepts all else."""
    return None if "undecided" in inquiry.content else Ballot("accept", 0.9, "told so")


@contextlib.asynccontextmanager
async def served(home: Home, judge: Judge = undecided) -> AsyncIterator[Daemon]:
    """The node of a folder, at work without links, with its API."""
    daemon = loaded(home, settings_of(home), judge)
    daemon.begin()
    listening = listen("127.0.0.1:0")
    daemon.url = url_of(listening)
    server = _Server(_config(daemon, None))
    serving = asyncio.create_task(server.serve([listening]))
    try:
        await _until_started(server, serving)
        yield daemon
    finally:
        daemon.dismiss()
        server.end()
        await serving
        listening.close()
        await daemon.close()


def ask(folder: Path, script: Callable[[Daemon], Result], home: Home | None = None) -> Result:
    """What a synchronous script comes to, run against a served node."""
    at = home or founded(folder)

    async def main() -> Result:
        async with served(at) as daemon:
            return await asyncio.to_thread(script, daemon)

    return asyncio.run(asyncio.wait_for(main(), 60))

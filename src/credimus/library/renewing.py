"""The lives of a node in this process: where it takes a new key, it begins again with that."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from threading import get_ident
from typing import TypeAlias

from credimus.api.shapes.members import KeyRotated
from credimus.kernel.errors import CredimusError, UsageError
from credimus.runtime.daemon import Daemon
from credimus.runtime.identity.credentials import Ask
from credimus.runtime.identity.rotating import rotate_running

Begin: TypeAlias = Callable[[Ask | None], Awaitable[Daemon]]
"""Loads and starts the node, with what gives its key's passphrase, if that is known."""


class Lives:
    """One node through all its keys; `daemon` is its life of now."""

    def __init__(self, daemon: Daemon, begin: Begin) -> None:
        self.daemon = daemon
        self._thread = get_ident()
        self._begin = begin
        self._turned = asyncio.Event()
        self._following = asyncio.get_running_loop().create_task(self._follow())

    def check_thread(self) -> None:
        """Refuse calls from another thread than the one in which the node runs.

        Raises:
            UsageError: `wrong-thread`; nothing was changed.
        """
        if get_ident() != self._thread:
            raise UsageError(
                "wrong-thread",
                "this node runs on the event loop of another thread. Call it there, with "
                "asyncio.run_coroutine_threadsafe(..., loop), or have `credimus up` run it and use "
                "credimus.connect.",
            )

    async def after(self, daemon: Daemon) -> None:
        """Wait until the node has begun again after this life.

        Raises:
            CredimusError: it could not; the folder has its new key, and can be opened again.
        """
        while self.daemon is daemon:
            turned = asyncio.ensure_future(self._turned.wait())
            await asyncio.wait({turned, self._following}, return_when=asyncio.FIRST_COMPLETED)
            turned.cancel()
            if self._following.done():
                self._following.result()

    async def end(self) -> None:
        """Stop the node, once a renewal that is under way is through."""
        if self.daemon.succeeded.is_set():
            try:
                await self.after(self.daemon)
            except CredimusError:  # the life before it is over already
                return
        self._following.cancel()
        await asyncio.gather(self._following, return_exceptions=True)
        await self.daemon.close()

    async def _follow(self) -> None:
        while True:
            await self.daemon.succeeded.wait()
            await self.daemon.close()
            self.daemon = await self._begin(self.daemon.successor_ask)
            self._turned.set()
            self._turned = asyncio.Event()


@asynccontextmanager
async def living(begin: Begin) -> AsyncIterator[Lives]:
    """A node that runs, through all its keys."""
    lives = Lives(await begin(None), begin)
    try:
        yield lives
    finally:
        await lives.end()


class KeyCalls:
    """The part of a node in this process that is about its key."""

    _lives: Lives | None

    async def rotate_key(self, passphrase: str | None = None) -> KeyRotated:
        """Give the node a new key; it is the same member, under a new id, when this returns.

        Readers of events and messages end as when a node stops (`stopping`): begin them again,
        events by the cursor of the last. Receipts of before tell nothing new; `belief` does.

        Args:
            passphrase: of a protected key; what the environment points to when None.

        Raises:
            Conflict: `rotation-under-way`, `not-a-member`.
            NotPermitted: `passphrase-missing`, `passphrase-wrong`.
            StorageError: nothing was rotated; with a full disk it is done when there is room.

        Example:
            >>> async with credimus.fleet_of(["scout"]) as fleet:
            ...     made = await fleet["scout"].rotate_key()
            ...     [made.new] == [one.id for one in fleet["scout"].members()]
            True
        """
        lives = self._lives
        assert lives is not None  # noqa: S101 - whoever opens a node follows it
        lives.check_thread()
        daemon = lives.daemon
        daemon.enter("key-rotating")
        made = await rotate_running(daemon, None if passphrase is None else passphrase.encode())
        await lives.after(daemon)
        return KeyRotated(old=made.old.hex(), new=made.new.hex())

"""Keeps the snapshot of each checkpoint, then drops the blocks below it, some at a time.

Deliberately not here: which blocks may go; the node says that when a checkpoint takes effect.
"""

import asyncio
from collections.abc import Callable, Iterable
from itertools import islice

from credimus.kernel.errors import StorageError
from credimus.kernel.ids import BlockId
from credimus.node.recovering.compacting import Compacting
from credimus.runtime.store.interface import Store
from credimus.runtime.store.snapshots import keep_snapshot

DROPPED_AT_ONCE = 256
"""Blocks in one transaction. [guess: some ms]"""
PAUSE_S = 0.1
"""Between two transactions. [guess]"""


class Pruning:
    """The store's side of one node's checkpoints."""

    def __init__(self, store: Store, compacting: Compacting) -> None:
        self._store = store
        self._compacting = compacting
        self.gone: dict[BlockId, None] = {}
        """Blocks that are still to be dropped, oldest first."""
        self._below: list[BlockId] = []
        """Blocks in a snapshot that was kept in this step."""
        self.events_told: Callable[[], int] = int
        """How many events were told so far, for readers who come back after a restart."""
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def keep(self) -> None:
        """Keep the snapshot that a step put into force, before the blocks of the step: some may
        build on what is held in it alone.

        Raises:
            StorageError: `disk-full` and others; nothing was kept or dropped.
        """
        compaction = self._compacting.waiting
        if compaction is not None:
            keep_snapshot(self._store, compaction.base, self.events_told())
            self._compacting.done()
            self._below += compaction.gone

    def follow(self) -> None:
        """Drop what is in the snapshot, once the step that put it into force is durable."""
        if self._below:
            self.add(self._below)
            self._below = []
            self.drop_some()

    def add(self, blocks: Iterable[BlockId]) -> None:
        """Blocks that may go."""
        self.gone |= dict.fromkeys(blocks)

    def spare(self, blocks: Iterable[BlockId]) -> None:
        """Blocks that came again, because what came late names them, stay."""
        for one in blocks if self.gone else ():
            self.gone.pop(one, None)

    def drop_some(self) -> None:
        """Drop some of the blocks that may go, and go on a little later."""
        self._timer = None
        if self._closed or not self.gone:
            return
        some = list(islice(self.gone, DROPPED_AT_ONCE))
        try:
            self._store.let_go(some)
        except StorageError:  # they go another time
            pass
        else:
            self.spare(some)
        if self.gone:
            self._timer = asyncio.get_running_loop().call_later(PAUSE_S, self.drop_some)

    def close(self) -> None:
        """Drop no more; what is left goes after the next start."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

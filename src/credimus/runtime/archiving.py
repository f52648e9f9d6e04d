"""Keeps certificates of accepted beliefs before the votes behind them go under a checkpoint.

Made beside the node's work, one at a time, once a verdict has half the age at which its blocks may
go; when that age comes near, faster. What is dropped: the oldest beyond the room in the settings,
and those of beliefs that a checkpoint let go. Deliberately not here: rejected and undecided
beliefs, which go themselves within the same time.
"""

import asyncio
import time
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from heapq import nsmallest

from credimus.certificate import Archive, make_certificate
from credimus.kernel import limits
from credimus.kernel.errors import Conflict, StorageError
from credimus.kernel.hlc import LOGICAL_BITS, stamp_of, wall_ms_of
from credimus.kernel.ids import BeliefId
from credimus.node.events import NodeEvent
from credimus.node.node import Node
from credimus.protocol.checkpointing.interface import CheckpointConfig, CheckpointTaken
from credimus.runtime.store.interface import FACT_BYTES_MAX, Fact, Store
from credimus.state.beliefs import Belief
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict

FAMILY = "proof"
IDLE = 9
"""Pause after each certificate, in times of what it took: a tenth of the node's time. [guess]"""
HURRIED = 3
"""The same in the last quarter of the time. [guess]"""
DUE_AT_ONCE = 256
"""Certificates between two looks. [guess: a second of work]"""
LOOKS = 48
"""Looks for new work while the time of a block runs out."""
_FORGOTTEN_AT_ONCE = 256


class Archiving:
    """The certificates that one node keeps.

    Args:
        room: how many are kept; 0 keeps none.
    """

    def __init__(self, node: Node, store: Store, config: CheckpointConfig, room: int) -> None:
        self._node = node
        self._store = store
        self._keep_ms = config.keep_ms
        self._room = room
        self.wall_ms: Callable[[], int] = _wall_ms
        """What this machine's clock shows."""
        self._known: dict[BeliefId, None] = {}
        """Beliefs of which there is no more to do: kept, or not certifiable here."""
        self._forget: deque[BeliefId] = deque()

    def find(self, belief: BeliefId) -> bytes | None:
        """The certificate of a belief that is kept, as text.

        Raises:
            StorageError: `corrupt`.
        """
        kept = self._store.recall(_key(belief))
        if kept is None:
            return None
        return zlib.decompressobj().decompress(kept, limits.CERTIFICATE_BYTES_MAX)

    def note(self, events: Sequence[NodeEvent]) -> None:
        """Hear what a checkpoint let go."""
        for event in events:
            if isinstance(event, CheckpointTaken):
                self._forget.extend(self._node.compacting.gone.beliefs)
                self._known.clear()  # nearly all are below its cut

    async def keep_up(self, failed: Callable[[StorageError], None]) -> None:
        """Look for work again and again, and do it."""
        pause_s = max(1.0, self._keep_ms / 1_000 / LOOKS)
        while self._room:
            try:
                self.forget_some()
                due = self.due(self.wall_ms())
                for belief, age_ms in due:
                    began = time.monotonic()
                    self.keep(belief)
                    times = HURRIED if 4 * age_ms > 3 * self._keep_ms else IDLE
                    await asyncio.sleep(times * (time.monotonic() - began))
                if len(due) == DUE_AT_ONCE:
                    continue
            except StorageError as problem:  # a full disk; again at the next look
                failed(problem)
            await asyncio.sleep(pause_s)

    def due(self, wall_ms: int) -> list[tuple[Belief, int]]:
        """Accepted beliefs whose certificates are to be kept now, each with the age of its round in
        ms, the oldest first, as many as are made at once. Cost: one look at each round."""
        state = self._node.state
        last = state.checkpoints.last
        since = 0 if last is None else last.stamp + 1
        until = stamp_of(max(0, wall_ms - self._keep_ms // 2))
        ripe = (
            one
            for one in state.rounds
            if one.verdict is Verdict.ACCEPTED
            and since <= one.opened_stamp <= until
            and one.belief not in self._known
            and self._lasts(one.belief, stamp_of(wall_ms))
        )
        return [
            (belief, wall_ms - wall_ms_of(one.opened_stamp))
            for one in nsmallest(DUE_AT_ONCE, ripe, _opened)
            if (belief := state.beliefs.get(one.belief)) is not None
        ]

    def keep(self, belief: Belief) -> None:
        """Make a certificate and keep it, unless there is one.

        Raises:
            StorageError: `disk-full` and others.
        """
        node, key = self._node, _key(belief.id)
        if self._store.recall(key) is None:
            archive = Archive(node.fleet, node.lace, node.state, self._store.wires)
            try:
                kept = packed(make_certificate(archive, belief))
            except Conflict:  # whoever asks for it is told why
                kept = b""
            if kept and len(kept) <= FACT_BYTES_MAX:
                self._store.append((), [Fact(key, kept, self._room)], synced=False)
        self._known[belief.id] = None

    def forget_some(self) -> None:
        """Drop what is kept of beliefs that are gone."""
        while self._forget:
            gone = [
                self._forget.popleft() for _ in range(min(_FORGOTTEN_AT_ONCE, len(self._forget)))
            ]
            self._store.append((), [Fact(_key(one), None) for one in gone], synced=False)

    def _lasts(self, belief: BeliefId, stamp: int) -> bool:
        """Whether some assertion of it has no end, or its end is still to come."""
        return any(
            not said.ttl_ms or said.stamp + (said.ttl_ms << LOGICAL_BITS) > stamp
            for _, _, said in self._node.state.beliefs.assertions(belief)
        )


def packed(text: bytes) -> bytes:
    """A certificate as it is kept: 1.6 kB in a fleet of five, 2.1 kB where it is busy.
    [measured: `kept_bytes` of `credimus bench certificate`]"""
    return zlib.compress(text, 9)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _opened(one: Round) -> tuple[int, bytes]:
    return one.opened_stamp, one.id


def _key(belief: BeliefId) -> str:
    return f"{FAMILY}/{belief.hex()}"

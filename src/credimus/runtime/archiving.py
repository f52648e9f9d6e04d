"""Keeps certificates of accepted beliefs before the votes behind them go under a checkpoint.

Made beside the node's work, one at a time, once a verdict has half the age at which its blocks may
go; when that age comes near, faster. What is dropped: the oldest beyond the room in the settings,
and those of beliefs that a checkpoint let go. Deliberately not here: rejected and undecided
beliefs, which go themselves within the same time.

What this node does not keep it asks of other members, some at a time, and verifies.
"""

import asyncio
import time
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from heapq import nsmallest

from credimus.certificate import Archive, Trust, make_certificate, verify
from credimus.kernel import limits
from credimus.kernel.errors import Conflict, CredimusError, PeerFault, StorageError
from credimus.kernel.hlc import LOGICAL_BITS, stamp_of, wall_ms_of
from credimus.kernel.ids import BeliefId, NodeId
from credimus.node.commands import ShareProof
from credimus.node.events import NodeEvent
from credimus.node.node import Node
from credimus.protocol.checkpointing.interface import (
    BorrowProof,
    CheckpointConfig,
    CheckpointTaken,
    LendProof,
    ProofBorrowed,
    ProofSought,
)
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
BORROWED_AT_ONCE = 64
"""Beliefs whose certificates other members are asked for at one time. [guess]"""
ASKED_AT_ONCE = 4
"""Members that are asked at once. [guess: most keep most]"""
ASKED_MAX = 32
"""Members that are asked for one certificate at most. [guess: 8 s at worst]"""
PATIENCE_S = 1.0
"""For the answers of some members, in s. [guess: round trips are far shorter]"""
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
        self.in_reach: Callable[[], Sequence[NodeId]] = lambda: node.partition.sight.reachable
        """The members that can be asked."""
        self.submit: Callable[[ShareProof], object] | None = None
        """Hands a command to the node; whoever runs it puts it here."""
        self._borrowing: dict[BeliefId, asyncio.Future[bytes | None]] = {}
        self._answers: dict[BeliefId, asyncio.Queue[bytes]] = {}

    def find(self, belief: BeliefId) -> bytes | None:
        """The certificate of a belief that is kept, as text.

        Raises:
            StorageError: `corrupt`.
        """
        kept = self._store.recall(_key(belief))
        if kept is None:
            return None
        return zlib.decompressobj().decompress(kept, limits.CERTIFICATE_BYTES_MAX)

    async def borrow(self, belief: BeliefId) -> bytes | None:
        """The certificate of a belief as some member keeps it, as text; kept here from now on.

        Asks the members in reach, some at a time, until one gives a certificate that holds; None
        when none does.
        """
        if len(self._borrowing) >= BORROWED_AT_ONCE and belief not in self._borrowing:
            return None
        if belief not in self._borrowing:
            self._borrowing[belief] = asyncio.ensure_future(self._ask(belief))
        return await asyncio.shield(self._borrowing[belief])

    def note(self, events: Sequence[NodeEvent]) -> None:
        """Hear what a checkpoint let go, and what members ask for and answer."""
        for event in events:
            if isinstance(event, ProofSought):
                self._lend(event)
            elif isinstance(event, ProofBorrowed):
                self._take(event)
            elif isinstance(event, CheckpointTaken):
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

    async def _ask(self, belief: BeliefId) -> bytes | None:
        answers = self._answers[belief] = asyncio.Queue()
        others = [one for one in self.in_reach() if one != self._node.id][:ASKED_MAX]
        try:
            for first in range(0, len(others), ASKED_AT_ONCE):
                some = tuple(others[first : first + ASKED_AT_ONCE])
                self._say(BorrowProof(belief, some))
                with suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE_S):
                        for _ in some:
                            text = self._checked(belief, await answers.get())
                            if text is not None:
                                return text
            return None
        finally:
            del self._answers[belief], self._borrowing[belief]

    def _take(self, event: ProofBorrowed) -> None:
        """An answer; whoever waits for it looks at it."""
        answers = self._answers.get(event.belief)
        if answers is not None:
            answers.put_nowait(event.content)

    def _lend(self, event: ProofSought) -> None:
        """Answer a member; nothing where the store can not be read."""
        with suppress(StorageError):
            kept = self._store.recall(_key(event.belief)) or b""
            self._say(LendProof(event.peer, event.belief, kept))

    def _say(self, what: BorrowProof | LendProof) -> None:
        if self.submit is not None:
            with suppress(CredimusError):  # a node that stops answers nobody
                self.submit(ShareProof(what=what))

    def _checked(self, belief: BeliefId, content: bytes) -> bytes | None:
        """The text of a member's certificate if it proves the verdict that the belief has here; it
        is kept then."""
        if not content:
            return None
        try:
            text = zlib.decompressobj().decompress(content, limits.CERTIFICATE_BYTES_MAX)
            proved = verify(text, Trust(self._node.fleet)).certificate
        except (PeerFault, zlib.error):
            return None
        rounds = self._node.state.rounds
        deciding = {one.id.hex() for one in rounds.deciding(belief)}
        verdict = rounds.verdict(belief)
        if proved.belief != belief.hex() or proved.round not in deciding:
            return None
        if verdict is not Verdict.ACCEPTED or proved.outcome != "accepted":
            return None
        if self._room:
            with suppress(StorageError):  # it is given to the caller all the same
                self._store.append((), [Fact(_key(belief), content, self._room)], synced=False)
        return text

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

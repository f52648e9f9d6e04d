"""A bounded queue between an engine's threads and the event loop: one wake-up for a burst."""

import asyncio
from collections.abc import Callable

from credimus.kernel.effects import SOON_NS, Wake
from credimus.kernel.ids import ID_BYTES, NodeId
from credimus.kernel.instant import SECOND
from credimus.kernel.limits import INBOX_BYTES_MAX, INBOX_FREE, INBOX_MAX
from credimus.kernel.shares import Shares
from credimus.runtime.transport.interface import Counts, OnMessages


class _Queue:
    """Messages that wait: past `INBOX_MAX` of them or `INBOX_BYTES_MAX` bytes the newest is not let
    in; in a long queue each sender has a share, so that one who floods drops his own.

    Invariant: one list for its whole life, appended to at the end and cut at the front, each in
    one step under the interpreter's lock: nothing is lost between the threads.
    """

    __slots__ = ("_bytes", "_shares", "messages")

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self._shares = Shares()
        self._bytes = 0

    def put(self, message: bytes) -> bool:
        """Let a message wait; False when there is no room for it."""
        messages = self.messages
        count = len(messages)
        # `_bytes` is only nearly exact between threads; a waiting message means a cut resets it.
        if count and (count >= INBOX_MAX or self._bytes >= INBOX_BYTES_MAX):
            return False
        if count >= INBOX_FREE and not self._shares.admits(message[:ID_BYTES], count):
            return False
        messages.append(message)
        self._bytes += len(message)
        return True

    def cut(self) -> list[bytes]:
        """All that waits; it waits no more."""
        self._bytes = 0
        messages = self.messages
        taken = messages[:]
        del messages[: len(taken)]
        self._shares.clear()
        return taken


class Inbox:
    """Takes messages on any thread and hands them over in batches on the loop's thread.

    A message is 16 bytes of sender and the payload. Those that wake nobody have a queue of their
    own, which is handed over when it is fetched. What has no room is dropped and counted.
    """

    __slots__ = (
        "_calm", "_counts", "_gathering", "_is_soon", "_loop", "_on_messages", "_open", "_soon",
        "_timer", "_waiting", "_woken", "peer_count",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_messages: OnMessages,
        counts: Counts,
    ) -> None:
        self._loop = loop
        self._on_messages = on_messages
        self._counts = counts
        self._waiting = _Queue()
        self._calm = _Queue()
        self._woken = False
        self._gathering = False
        self._is_soon = False
        self._timer: asyncio.TimerHandle | None = None
        """The end of a gathering."""
        self._soon: asyncio.TimerHandle | None = None
        """When those are taken that wake soon."""
        self._open = True
        self.peer_count = 1
        """How many messages end a gathering; the transport keeps it the number of neighbours."""

    def put(self, message: bytes, wake: Wake = Wake.NOW) -> None:
        """Append, or drop and count; wake the loop when the message says, unless it is woken
        already. Any thread."""
        if not self._open:
            return
        if not (self._calm if wake is Wake.NEVER else self._waiting).put(message):
            self._counts.dropped += 1
        elif wake is Wake.SOON:
            if not self._woken and not self._is_soon:
                self._is_soon = True
                self._call(self._wait)
        elif wake is Wake.NOW:
            self._wake()

    def fetch(self, *, calm: bool = True) -> None:
        """Hand over now what waits, unless it gathers; also what wakes nobody, if `calm`."""
        if calm and self._calm.messages:
            self._hand_over(self._calm.cut())
        if self._waiting.messages and not self._gathering:
            self._drain()

    def shut(self) -> None:
        """Take and hand over nothing more."""
        self._open = False
        self._waiting.cut()
        self._calm.cut()
        self._end_timers()

    def gather(self, seconds: float) -> None:
        """Hand over when as many messages wait as there are peers, or after this time.

        The loop is not woken before, so that a node has one batch to take and not one a peer.
        """
        if self._timer is not None or not self._open:
            return
        self._woken = self._gathering = True  # before the count: who appends from here on looks
        if len(self._waiting.messages) >= self.peer_count:
            self._gathering = False
            self._loop.call_soon(self._drain)
        else:
            self._timer = self._loop.call_later(seconds, self._drain)

    def _wake(self) -> None:
        if not self._woken:
            self._woken = True
            self._call(self._drain)
        elif self._gathering and len(self._waiting.messages) >= self.peer_count:
            self._gathering = False
            self._call(self._drain)

    def _call(self, work: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:  # the loop was closed before the transport
            self._open = False

    def _wait(self) -> None:
        if self._is_soon and self._soon is None and self._open:
            self._soon = self._loop.call_later(SOON_NS / SECOND, self._rouse)

    def _rouse(self) -> None:
        self._soon = None
        self._is_soon = False  # first, as in `_drain`, which may have taken them meanwhile
        self.fetch(calm=False)

    def _end_timers(self) -> None:
        for timer in (self._timer, self._soon):
            if timer is not None:
                timer.cancel()
        self._timer = self._soon = None

    def _drain(self) -> None:
        self._end_timers()
        self._gathering = self._is_soon = False
        self._woken = False  # first: what is appended from here on wakes the loop again
        self._hand_over(self._waiting.cut())

    def _hand_over(self, taken: list[bytes]) -> None:
        if not self._open:
            return
        batch = [(NodeId(raw[:ID_BYTES]), raw[ID_BYTES:]) for raw in taken if len(raw) >= ID_BYTES]
        counts = self._counts
        counts.dropped += len(taken) - len(batch)
        counts.received += len(batch)
        counts.received_bytes += sum(map(len, taken)) - ID_BYTES * len(batch)
        if batch:
            self._on_messages(batch)

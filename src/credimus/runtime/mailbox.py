"""The application's side of messages: who waits for some to come, or for answers to its own.

Nothing is handed out that could be handed out again after a crash without saying so: while the disk
takes no writes, nothing is handed out at all.
"""

import asyncio
from collections.abc import Sequence

from credimus.kernel.errors import CredimusError, NotFound, Unavailable, UsageError
from credimus.kernel.ids import NodeId
from credimus.node.commands import FinishMessage, SendMessage
from credimus.node.events import NodeEvent
from credimus.protocol.delivery.interface import (
    Held,
    MessageAnswered,
    MessageArrived,
    Mode,
    PostedView,
)
from credimus.runtime.driver import Driver

WAITING_MAX = 1_024
"""Callers who wait for messages or answers at once. [guess]"""
_HEARD = frozenset({MessageArrived, MessageAnswered})


class Mailbox:
    """Messages of one running node.

    Args:
        life: names this run of the node; places in the inbox are good for one run.
    """

    def __init__(self, driver: Driver, life: str) -> None:
        self._driver = driver
        self._life = life
        self._waiting: list[asyncio.Future[None]] = []
        self._ended: CredimusError | None = None
        self.claimed: set[int] = set()
        """Arrivals that readers in this process have been given and still work on."""

    async def send(self, command: SendMessage) -> PostedView:
        """Send a message; it is on disk then, unless it is of at-most-once.

        Raises:
            UsageError, Conflict, Unavailable, StorageError: as `Driver.submit`.
        """
        receipt = self._driver.submit(command)
        await receipt.local()
        return self.posted(receipt.written.message)

    async def finish(self, sender: NodeId, number: int, result: bytes) -> None:
        """Say that the application has finished with a message; that is on disk then.

        Raises:
            UsageError: `result-too-long`.
            NotFound: `unknown-message`.
            Unavailable, StorageError: as `Driver.submit`.
        """
        command = FinishMessage(sender=sender, number=number, result=result)
        await self._driver.submit(command).local()

    def posted(self, number: int) -> PostedView:
        """One of our own messages.

        Raises:
            NotFound: `unknown-message`.
        """
        found = self._driver.node.delivery.posted(number)
        if found is None:
            raise NotFound(
                "unknown-message",
                f"message {number} of this node is not known (any more); the newest are, see "
                "GET /v1/messages/sent.",
            )
        return found

    async def settled(self, number: int, timeout: float) -> PostedView:
        """One of our own messages, once all is known of it or `timeout` seconds are over.

        Raises:
            NotFound: `unknown-message`.
            Unavailable: `stopping`, `overloaded`.
        """
        view = self.posted(number)
        if timeout <= 0:
            return view
        try:
            async with asyncio.timeout(timeout):
                while not view.is_settled:
                    await self._next()
                    view = self.posted(number)
        except TimeoutError:
            view = self.posted(number)
        return view

    async def read(
        self, after: int, count: int, timeout: float | None = 0, *, claim: bool = False
    ) -> list[Held]:
        """Messages that wait and arrived after another; none when `timeout` seconds are over.

        Args:
            timeout: None waits for ever.
            claim: whether they are for this reader alone, until it lets go of `claimed`.

        Raises:
            Unavailable: `stopping`, `overloaded`.
            StorageError: the disk takes no writes.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (found := self._read(after, count, claim=claim)) and timeout != 0:
                    await self._next()
        except TimeoutError:
            return self._read(after, count, claim=claim)
        return found

    def cursor(self, arrival: int) -> str:
        """What names the place after a message, for a reader to come back with."""
        return f"{self._life}-{arrival}"

    def arrival_of(self, cursor: str) -> int:
        """The arrival that a cursor names; 0 for one of an earlier run: all that waits is new.

        Raises:
            UsageError: `bad-cursor`.
        """
        life, _, number = cursor.rpartition("-")
        if not (life and number.isascii() and number.isdecimal() and len(number) < 19):
            raise UsageError(
                "bad-cursor", f"{cursor[:40]!r} is no place in an inbox; begin without one."
            )
        return int(number) if life == self._life else 0

    def note(self, events: Sequence[NodeEvent]) -> None:
        """Wake those who wait, when something happened to messages."""
        if self._waiting and any(type(event) in _HEARD for event in events):
            self._wake()

    def end(self) -> None:
        """Tell all who wait that nothing more comes."""
        self._ended = Unavailable("stopping", "the node is stopping; ask again later")
        self._wake()

    # --- private

    def _read(self, after: int, count: int, *, claim: bool) -> list[Held]:
        self._check_going()
        found = self._driver.node.delivery.read(after, count, self.claimed)
        if claim:
            lasting = (held for held in found if held.mode is not Mode.AT_MOST_ONCE)
            self.claimed.update(held.arrival for held in lasting)
        return found

    def _check_going(self) -> None:
        failure = self._ended or self._driver.failure
        if failure is not None:
            raise failure.with_traceback(None)

    async def _next(self) -> None:
        self._check_going()
        self._waiting = [one for one in self._waiting if not one.done()]
        if len(self._waiting) >= WAITING_MAX:
            raise Unavailable("overloaded", "too many callers wait for messages; try again later")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

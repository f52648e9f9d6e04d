"""Messages between applications, over a node in this process."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from credimus.api.endpoints.messages import (
    command_of,
    is_ours,
    own_id,
    read_id,
    sent_view,
    waiting_view,
)
from credimus.api.shapes.messages import ModeName, NewMessage, SentMessage
from credimus.kernel.errors import UsageError
from credimus.library.delivered import Delivered, delivered_of
from credimus.library.fields import read
from credimus.protocol.delivery.interface import Held, Mode
from credimus.runtime.daemon import Daemon


class MessageReceipt:
    """How far a message of this node has come. It is kept, also over a restart, until some
    thousands of later ones are settled.

    Example:
        >>> async with credimus.fleet_of(["scout", "truck"]) as fleet:
        ...     receipt = await fleet["scout"].send("truck", "pier 4?", mode="at-least-once")
        ...     receipt
        MessageReceipt(truck waiting)
    """

    __slots__ = ("_daemon", "_number")

    def __init__(self, daemon: Daemon, number: int) -> None:
        self._daemon = daemon
        self._number = number

    def __repr__(self) -> str:
        states = ", ".join(f"{one.name or one.member[:12]} {one.state}" for one in self.view().to)
        return f"MessageReceipt({states})"

    @property
    def id(self) -> str:
        """The message's id, in the whole fleet."""
        return own_id(self._daemon, self._number)

    def view(self) -> SentMessage:
        """How far it has come, here and now.

        Raises:
            NotFound: `unknown-message`, when later ones have displaced it.

        Example:
            >>> async with credimus.fleet_of(["scout", "truck"]) as fleet:
            ...     receipt = await fleet["scout"].send("truck", "fog", mode="at-most-once")
            ...     receipt.view().to[0].state
            'sent'
        """
        return sent_view(self._daemon, self._daemon.mailbox.posted(self._number))

    async def delivered(self, timeout: float = 10.0) -> Delivered:
        """Wait until all receivers have acknowledged it or were given up, `timeout` seconds at
        most; then who has and who has not. It is true when all have.

        Raises:
            NotFound: `unknown-message`.
            Unavailable: `stopping`.

        Example:
            >>> async with credimus.fleet_of(["scout", "truck", "crane"]) as fleet:
            ...     receipt = await fleet["scout"].send(["truck", "crane"], "who is free?")
            ...     message = await anext(fleet["truck"].inbox())
            ...     await message.done("me")
            ...     told = await receipt.delivered(timeout=0.2)
            ...     [one.name for one in told.acknowledged], [one.name for one in told.missing]
            (['truck'], ['crane'])
        """
        view = await self._daemon.mailbox.settled(self._number, timeout)
        return delivered_of(sent_view(self._daemon, view))


class Message:
    """A message of another member's application.

    Until `done` is called it is not acknowledged, and after a restart of this node it is handed out
    again (`again` is true then) unless it is of at-most-once.

    Example:
        >>> async with credimus.fleet_of(["scout", "truck"]) as fleet:
        ...     receipt = await fleet["scout"].send("truck", b"\\x00\\x01")
        ...     message = await anext(fleet["truck"].inbox())
        ...     (message.name, message.payload, message.text, message.again)
        ('scout', b'\\x00\\x01', '\\x00\\x01', False)
    """

    __slots__ = ("_daemon", "_held", "id", "name", "text")

    def __init__(self, daemon: Daemon, held: Held) -> None:
        view = waiting_view(daemon, held)
        self._daemon = daemon
        self._held = held
        self.id = view.id
        """In the whole fleet; equal whenever it is handed out."""
        self.name = view.name
        """The sender's."""
        self.text = view.text
        """What it says, where it is text."""

    def __repr__(self) -> str:
        return f"Message({self.id[:12]}, from {self.name}, {len(self.payload)} bytes)"

    @property
    def sender(self) -> str:
        """The sender's id; its signature was checked."""
        return waiting_view(self._daemon, self._held).sender

    @property
    def payload(self) -> bytes:
        """What it says."""
        return self._held.payload

    @property
    def mode(self) -> ModeName:
        """What is promised of it."""
        return waiting_view(self._daemon, self._held).mode

    @property
    def posted_ms(self) -> int:
        """When it was sent, by the sender's clock."""
        return self._held.posted_ms

    @property
    def again(self) -> bool:
        """Whether it may have been handed out before: this node has restarted since it came."""
        return self._held.again

    async def done(self, result: bytes | str = b"") -> None:
        """Say that it is finished: the sender is told, with the result, and it does not come
        again. Nothing is to be said of one of at-most-once; then this does nothing.

        Raises:
            UsageError: `result-too-long`.
            StorageError: it could not be made durable.

        Example:
            >>> async with credimus.fleet_of(["scout", "truck"]) as fleet:
            ...     receipt = await fleet["scout"].send("truck", "come to pier 4")
            ...     message = await anext(fleet["truck"].inbox())
            ...     await message.done("on my way")
            ...     bool(await receipt.delivered(timeout=5))
            True
        """
        if self._held.mode is Mode.AT_MOST_ONCE:
            return
        content = result.encode() if isinstance(result, str) else result
        mailbox = self._daemon.mailbox
        await mailbox.finish(self._held.sender, self._held.number, content)
        mailbox.claimed.discard(self._held.arrival)


class Messaging:
    """What a node in this process does about messages."""

    @property
    def _daemon(self) -> Daemon:
        raise NotImplementedError

    async def send(
        self,
        to: str | Sequence[str],
        payload: bytes | str,
        *,
        mode: ModeName = "exactly-once",
        ttl_s: float | None = None,
        key: str | None = None,
    ) -> MessageReceipt:
        """Send a message to the applications of members; it is on this node's disk then.

        Args:
            to: a member by name or id, several, or `"all"` for all others.
            payload: at most 32,768 bytes; text is sent as UTF-8.
            mode: what is promised; `"at-most-once"` is neither kept nor acknowledged.
            ttl_s: seconds that it is tried at most; an hour, where the node is not set otherwise.
            key: sent again under it, it is the first message.

        Raises:
            NotFound: `unknown-member`.
            Unavailable: `overloaded`.

        Example:
            >>> async with credimus.fleet_of(["scout", "truck"]) as fleet:
            ...     receipt = await fleet["scout"].send("truck", "come to pier 4")
            ...     message = await anext(fleet["truck"].inbox())
            ...     await message.done("on my way")
            ...     (await receipt.delivered(timeout=5)).acknowledged[0].text
            'on my way'
        """
        given = {
            "to": [to] if isinstance(to, str) and to != "all" else to,
            "mode": mode, "ttl_s": ttl_s, "key": key,
        }  # fmt: skip
        return await _send(self._daemon, given, payload)

    def inbox(self) -> AsyncGenerator[Message, None]:
        """The messages of others, as they come, for ever: each to one reader, however many read.

        What a reader has not finished when it ends is given to the next one.

        Raises:
            Unavailable: `stopping`, while iterating, when the node stops.

        Example:
            >>> messages = node.inbox()
            >>> await messages.aclose()
        """
        return _inbox(self._daemon)

    def sent(self, message: str) -> MessageReceipt:
        """The receipt of an earlier message, by its id.

        Example:
            >>> async with credimus.fleet_of(["scout", "truck"]) as fleet:
            ...     receipt = await fleet["scout"].send("all", "the tide turns")
            ...     fleet["scout"].sent(receipt.id).view().to[0].name
            'truck'
        """
        return _sent(self._daemon, message)


async def _send(daemon: Daemon, given: Mapping[str, Any], payload: bytes | str) -> MessageReceipt:
    """The receipt of a new message, which is on disk."""
    content = payload.encode() if isinstance(payload, str) else payload
    asked = read(NewMessage, {**given, "payload": content})
    view = await daemon.mailbox.send(command_of(daemon, asked, asked.key))
    return MessageReceipt(daemon, view.number)


def _sent(daemon: Daemon, message: str) -> MessageReceipt:
    """The receipt of an earlier message.

    Raises:
        UsageError: `bad-message-id`, `not-our-message`.
        NotFound: `unknown-message`.
    """
    sender, number = read_id(message)
    if not is_ours(daemon, sender):
        raise UsageError("not-our-message", f"message {message} was sent by another node.")
    daemon.mailbox.posted(number)
    return MessageReceipt(daemon, number)


async def _inbox(daemon: Daemon) -> AsyncGenerator[Message, None]:
    """The messages that wait, then those that come, each to one reader."""
    mailbox, mine = daemon.mailbox, set[int]()
    try:
        while True:
            for held in await mailbox.read(0, 1, None, claim=True):
                mine.add(held.arrival)
                yield Message(daemon, held)
            mine &= mailbox.claimed
    finally:
        mailbox.claimed -= mine

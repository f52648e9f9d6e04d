"""Messages between applications, over a node that runs elsewhere."""

import time
from base64 import b64encode
from collections.abc import Iterator

from credimus.api.shapes.messages import Finished, Inbox, SentMessage, WaitingMessage
from credimus.kernel.errors import UsageError
from credimus.library.asking import Asker
from credimus.library.delivered import Delivered, delivered_of

POLL_S = 20.0
"""Seconds that one request for messages waits at the node. [guess]"""


class RemoteMessageReceipt:
    """How far a message of the node has come.

    `view` is what the node said last.
    """

    __slots__ = ("_asker", "view")

    def __init__(self, asker: Asker, view: SentMessage) -> None:
        self._asker = asker
        self.view = view

    def __repr__(self) -> str:
        states = ", ".join(f"{one.name or one.member[:12]} {one.state}" for one in self.view.to)
        return f"RemoteMessageReceipt({states})"

    @property
    def id(self) -> str:
        """The message's id, in the whole fleet."""
        return self.view.id

    def delivered(self, timeout: float = 10.0) -> Delivered:
        """Wait until all receivers have acknowledged it or were given up, `timeout` seconds at
        most; then who has and who has not. It is true when all have.

        Raises:
            NotFound: `unknown-message`.
        """
        path = message_path(self.id)
        self.view = self._asker.get(path, SentMessage, {"timeout": timeout}, timeout)
        return delivered_of(self.view)


class RemoteMessage:
    """A message of another member's application, that waits at the node."""

    __slots__ = ("_asker", "view")

    def __init__(self, asker: Asker, view: WaitingMessage) -> None:
        self._asker = asker
        self.view = view
        """All that is said of it."""

    def __repr__(self) -> str:
        return f"RemoteMessage({self.id[:12]}, from {self.name}, {len(self.payload)} bytes)"

    @property
    def id(self) -> str:
        """In the whole fleet; equal whenever it is handed out."""
        return self.view.id

    @property
    def name(self) -> str:
        """The sender's."""
        return self.view.name

    @property
    def payload(self) -> bytes:
        """What it says."""
        return self.view.payload

    @property
    def text(self) -> str | None:
        """What it says, where it is text."""
        return self.view.text

    def done(self, result: bytes | str = b"") -> None:
        """Say that it is finished, as `Message.done`."""
        if self.view.mode != "at-most-once":
            path = f"{message_path(self.id)}/done"
            self._asker.post(path, Finished, content_fields("result", result), 0.0)


def content_fields(name: str, content: bytes | str) -> dict[str, str]:
    """Bytes or text as requests hold them."""
    if isinstance(content, str):
        return {"text": content}
    return {name: b64encode(content).decode()}


def message_path(message: str) -> str:
    """The path of a message: what is no id is refused here, not by the router."""
    if not message.replace("-", "").isalnum() or not message.isascii():
        raise UsageError("bad-message-id", f"{message[:60]!r} is no message's id.")
    return f"/v1/messages/{message}"


def read_inbox(asker: Asker, idle_s: float | None) -> Iterator[RemoteMessage]:
    """The messages that wait, then those that come."""
    cursor: str | None = None
    quiet_since = time.monotonic()
    while True:
        left_s = POLL_S if idle_s is None else idle_s - (time.monotonic() - quiet_since)
        wait_s = min(POLL_S, max(0.0, left_s))
        page = asker.get("/v1/messages", Inbox, {"after": cursor, "timeout": wait_s}, wait_s)
        cursor = page.cursor
        for view in page.messages:
            yield RemoteMessage(asker, view)
        if page.messages:
            quiet_since = time.monotonic()
        elif left_s <= 0:
            return

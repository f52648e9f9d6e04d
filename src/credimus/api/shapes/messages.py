"""What the API takes and gives about messages of applications."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from credimus.api.shapes.answers import described
from credimus.api.shapes.inputs import Input, Timeout
from credimus.kernel import limits
from credimus.runtime.keys import KEY_BYTES_MAX
from credimus.runtime.store.interface import QUERY_ROWS_MAX

ModeName = Literal["at-most-once", "at-least-once", "exactly-once"]
StateName = Literal["sent", "waiting", "taken", "done", "unacknowledged"]
TTL_S_MIN, TTL_S_MAX = limits.MESSAGE_TTL_MS_MIN / 1_000, limits.MESSAGE_TTL_MS_MAX / 1_000

# --- what is asked


class NewMessage(Input, frozen=True, kw_only=True):
    """POST /v1/messages."""

    to: (
        Annotated[tuple[str, ...], described(maxItems=limits.MESSAGE_RECEIVERS_MAX)]
        | Literal["all"]
    )
    """Members by name or id; `all` is all others."""
    text: str | None = None
    """What it says; or `payload`."""
    payload: Annotated[bytes, described(maxLength=4 * limits.MESSAGE_BYTES_MAX // 3 + 4)] | None = (
        None
    )
    """What it says, as Base64."""
    mode: ModeName = "exactly-once"
    ttl_s: Annotated[float, described(minimum=TTL_S_MIN, maximum=TTL_S_MAX)] | None = None
    """Seconds that it is tried at most; as the node is set when not given."""
    wait_for: Literal["local", "delivered"] = "local"
    """`local`: on this node's disk; `delivered`: all is known of it, or `timeout` is over."""
    timeout: Timeout = 10.0
    """Seconds."""
    key: Annotated[str, described(minLength=1, maxLength=KEY_BYTES_MAX)] | None = None
    """An idempotency key: a message sent again under it is the first. The header
    `Idempotency-Key` says the same."""


class InboxAsked(Input, frozen=True, kw_only=True):
    """The query of GET /v1/messages."""

    after: str | None = None
    """The cursor of an earlier answer; all that waits when not given."""
    limit: Annotated[int, Meta(ge=1, le=QUERY_ROWS_MAX)] = 100
    timeout: Annotated[float, Meta(ge=0, le=60)] = 0.0
    """Seconds to wait for a first message."""


class SentAsked(Input, frozen=True, kw_only=True):
    """The query of GET /v1/messages/sent."""

    limit: Annotated[int, Meta(ge=1, le=QUERY_ROWS_MAX)] = 100


class MessageAsked(Input, frozen=True, kw_only=True):
    """The query of GET /v1/messages/{id}."""

    timeout: Annotated[float, Meta(ge=0, le=600)] = 0.0
    """Seconds to wait until all is known of it."""


class NewResult(Input, frozen=True, kw_only=True):
    """POST /v1/messages/{id}/done."""

    text: str | None = None
    """The result, for the sender; or `result`; or none."""
    result: bytes | None = None
    """The result, as Base64."""


# --- what is answered


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """How far a message has come with one member."""

    member: str
    name: str
    """Empty for who is no member any more."""
    state: StateName
    """`taken`: the member holds it for its application, durably if exactly-once; `done`: its
    application has finished with it; `unacknowledged`: given up, it may have been handed out."""
    attempts: int
    """How often it was sent, since this node started."""
    reason: str | None
    """Why it was given up or has not been taken: `no-answer`, `overloaded`, `expired`, `stale`,
    `not-a-member`."""
    result: bytes | None
    """What the application gave when it had finished, as Base64."""
    text: str | None
    """The result, where it is text."""


class SentMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message of this node, and how far it has come."""

    id: str
    mode: ModeName
    posted_ms: int
    expires_ms: int
    settled: bool
    """Whether all is known of it that will be."""
    to: list[Receiver]


class WaitingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits for this node's application."""

    id: str
    sender: str
    name: str
    """The sender's; empty for who is no member any more."""
    mode: ModeName
    posted_ms: int
    """When it was sent, by the sender's clock."""
    again: bool
    """Whether it may have been handed out before: this node has restarted since it came."""
    payload: bytes
    """What it says, as Base64."""
    text: str | None
    """The same, where it is text."""
    cursor: str
    """The place after it."""


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/messages."""

    messages: list[WaitingMessage]
    cursor: str
    """Give it as `after` to read on."""


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/messages/{id}/done."""

    id: str

"""Endpoints about messages of applications: send, see how far it has come, read, finish."""

from credimus.api.keyed import key_of
from credimus.api.message import Request
from credimus.api.shapes.messages import (
    Finished,
    Inbox,
    InboxAsked,
    MessageAsked,
    ModeName,
    NewMessage,
    NewResult,
    Receiver,
    SentAsked,
    SentMessage,
    WaitingMessage,
)
from credimus.kernel.errors import UsageError
from credimus.kernel.ids import ID_BYTES, NodeId
from credimus.node.commands import SendMessage
from credimus.node.showing.queries import name_of
from credimus.protocol.delivery.interface import CopyView, Held, Mode, PostedView
from credimus.runtime.daemon import Daemon
from credimus.state.membership.naming import member_named

MODES: dict[ModeName, Mode] = {
    "at-most-once": Mode.AT_MOST_ONCE,
    "at-least-once": Mode.AT_LEAST_ONCE,
    "exactly-once": Mode.EXACTLY_ONCE,
}


async def send(daemon: Daemon, asked: NewMessage, request: Request) -> SentMessage:
    """POST /v1/messages: sends a message to members; nothing of it is in the log."""
    key = key_of(request, asked)
    view = await daemon.mailbox.send(command_of(daemon, asked, key))
    if asked.wait_for == "delivered":
        view = await daemon.mailbox.settled(view.number, asked.timeout)
    return sent_view(daemon, view)


async def inbox(daemon: Daemon, asked: InboxAsked, _: Request) -> Inbox:
    """GET /v1/messages: what waits here for an application; those of mode at-most-once are gone
    once answered, all others stay until they are done."""
    mailbox = daemon.mailbox
    after = 0 if asked.after is None else mailbox.arrival_of(asked.after)
    found = await mailbox.read(after, asked.limit, asked.timeout)
    last = found[-1].arrival if found else after
    return Inbox(messages=[waiting_view(daemon, one) for one in found], cursor=mailbox.cursor(last))


def list_sent(daemon: Daemon, asked: SentAsked, _: Request) -> list[SentMessage]:
    """GET /v1/messages/sent: this node's own messages that it remembers, newest first."""
    views = daemon.node.delivery.all_posted()
    return [sent_view(daemon, view) for view, _ in zip(views, range(asked.limit), strict=False)]


async def show_sent(daemon: Daemon, asked: MessageAsked, request: Request) -> SentMessage:
    """GET /v1/messages/{id}: how far a message of this node has come; may wait for its end."""
    sender, number = read_id(request.name)
    if not is_ours(daemon, sender):
        raise UsageError(
            "not-our-message", f"message {request.name} was sent by another node; ask that one."
        )
    return sent_view(daemon, await daemon.mailbox.settled(number, asked.timeout))


async def finish(daemon: Daemon, asked: NewResult, request: Request) -> Finished:
    """POST /v1/messages/{id}/done: the application has finished with it; again is as once."""
    sender, number = read_id(request.name)
    result = content_of(asked.text, asked.result, "result")
    await daemon.mailbox.finish(sender, number, result or b"")
    return Finished(id=request.name)


# --- from and to words


def command_of(daemon: Daemon, asked: NewMessage, key: str | None) -> SendMessage:
    """What a request asks for.

    Raises:
        UsageError: `bad-field`, `no-receivers`.
        NotFound, Conflict: as `member_named`.
    """
    payload = content_of(asked.text, asked.payload, "payload")
    if payload is None:
        raise UsageError("bad-field", "a message says something: give text, or payload as Base64.")
    node = daemon.node
    if asked.to == "all":
        to = tuple(one for one in node.state.roster.current.by_id if one != node.id)
    else:
        to = tuple(member_named(node.state.roster.current, one) for one in asked.to)
    return SendMessage(
        to=to,
        payload=payload,
        mode=MODES[asked.mode],
        ttl_ms=None if asked.ttl_s is None else round(asked.ttl_s * 1_000),
        key=b"" if key is None else key.encode("utf-8", "surrogatepass"),
    )


def content_of(text: str | None, content: bytes | None, what: str) -> bytes | None:
    """What was given as text or as bytes; None when nothing was.

    Raises:
        UsageError: `bad-field`, `bad-unicode`.
    """
    if text is None:
        return content
    if content is not None:
        raise UsageError("bad-field", f"give text or {what}, not both.")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise UsageError("bad-unicode", f"the {what} is not valid Unicode text") from None


def message_id(sender: NodeId, number: int) -> str:
    """How a message is named."""
    return f"{sender.hex()}-{number}"


def read_id(name: str) -> tuple[NodeId, int]:
    """The sender and the number that a name says.

    Raises:
        UsageError: `bad-message-id`.
    """
    sender, _, number = name.partition("-")
    known = number.isascii() and number.isdecimal() and len(number) <= 15
    try:
        member = bytes.fromhex(sender)
    except ValueError:
        member = b""
    if len(member) != ID_BYTES or not known:
        raise UsageError(
            "bad-message-id",
            f"{name[:60]!r} is no message; give its sender's id, a dash, and its number.",
        )
    return NodeId(member), int(number)


def is_ours(daemon: Daemon, sender: NodeId) -> bool:
    """Whether a message of this sender is ours, by an id of now or before."""
    person = daemon.node.state.roster.current.law.person
    return person(sender) == person(daemon.node.id)


def own_id(daemon: Daemon, number: int) -> str:
    """How a message of ours is named: by our first id, so for ever."""
    return message_id(daemon.node.state.roster.current.law.person(daemon.node.id), number)


def sent_view(daemon: Daemon, view: PostedView) -> SentMessage:
    """A message of ours, in the API's words."""
    return SentMessage(
        id=own_id(daemon, view.number),
        mode=_mode_name(view.mode),
        posted_ms=view.posted_ms,
        expires_ms=view.expires_ms,
        settled=view.is_settled,
        to=[_receiver(daemon, copy) for copy in view.copies],
    )


def waiting_view(daemon: Daemon, held: Held) -> WaitingMessage:
    """A message that waits, in the API's words."""
    sender = _seat(daemon, held.sender)
    return WaitingMessage(
        id=message_id(held.sender, held.number),
        sender=sender.hex(),
        name=name_of(daemon.node.state, sender),
        mode=_mode_name(held.mode),
        posted_ms=held.posted_ms,
        again=held.again,
        payload=held.payload,
        text=_text(held.payload),
        cursor=daemon.mailbox.cursor(held.arrival),
    )


def _receiver(daemon: Daemon, copy: CopyView) -> Receiver:
    done = copy.state.word == "done"
    receiver = _seat(daemon, copy.receiver)
    return Receiver(
        member=receiver.hex(),
        name=name_of(daemon.node.state, receiver),
        state=copy.state.word,  # type: ignore[arg-type]
        attempts=copy.attempts,
        reason=copy.reason or None,
        result=copy.result if done else None,
        text=_text(copy.result) if done else None,
    )


def _seat(daemon: Daemon, node: NodeId) -> NodeId:
    """The id that somebody has now, where it is a member."""
    return daemon.node.state.roster.current.seat(node) or node


def _mode_name(mode: Mode) -> ModeName:
    return next(name for name, one in MODES.items() if one is mode)


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None

"""A message of ours with its copies, and the numbers that are under way to one receiver."""

from dataclasses import dataclass, field

from credimus.kernel.effects import Record
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Instant
from credimus.protocol.delivery.interface import CopyView, Mode, PostedView, State
from credimus.protocol.delivery.records import OUT, PostedRow, number_key, record

_NEVER = Instant(0)


@dataclass(slots=True)
class Copy:
    """How far a message has come with one receiver."""

    state: State
    lane: NodeId
    """The receiver's first id: whatever keys it takes, its messages are of one line."""
    due_ns: Instant = _NEVER
    attempts: int = 0
    unanswered: int = 0
    """Sendings since the last answer."""
    reason: str = ""
    result: bytes = b""


@dataclass(slots=True)
class Posted:
    """A message of ours."""

    number: int
    mode: Mode
    posted_ms: int
    expires_ms: int
    expires_ns: Instant
    key: bytes
    asked: bytes
    """Fingerprint of what was asked."""
    payload: bytes
    copies: dict[NodeId, Copy]
    """By the receiver's id when it was posted."""

    def receiver_of(self, lane: NodeId) -> NodeId | None:
        """Under which id a person is a receiver of it, if it is one."""
        return next((one for one, copy in self.copies.items() if copy.lane == lane), None)

    @property
    def is_durable(self) -> bool:
        """Whether it is kept on disk."""
        return self.mode is not Mode.AT_MOST_ONCE

    @property
    def is_settled(self) -> bool:
        """Whether nothing of it is sent any more."""
        return all(copy.state.is_final for copy in self.copies.values())


@dataclass(slots=True)
class Lane:
    """Numbers sent to one receiver since the first that is not settled.

    Invariant: the first of `since`, if any, is in `open`.
    """

    since: dict[int, None] = field(default_factory=dict)
    open: set[int] = field(default_factory=set)

    def add(self, number: int) -> None:
        """Note a number above all others."""
        self.since[number] = None
        self.open.add(number)

    def settle(self, number: int) -> None:
        """A number is settled."""
        self.open.discard(number)
        while self.since and (first := next(iter(self.since))) not in self.open:
            del self.since[first]


def row_of(posted: Posted) -> Record:
    """What keeps it on disk."""
    return record(
        number_key(OUT, posted.number),
        PostedRow(
            mode=posted.mode,
            posted_ms=posted.posted_ms,
            expires_ms=posted.expires_ms,
            to=tuple(posted.copies),
            key=posted.key,
            asked=posted.asked,
            settled=posted.is_settled,
            payload=posted.payload,
        ),
    )


def view_of(posted: Posted) -> PostedView:
    """It, for those who ask."""
    return PostedView(
        number=posted.number,
        mode=posted.mode,
        posted_ms=posted.posted_ms,
        expires_ms=posted.expires_ms,
        copies=tuple(
            CopyView(
                receiver=receiver,
                state=copy.state,
                attempts=copy.attempts,
                reason=copy.reason,
                result=copy.result,
            )
            for receiver, copy in posted.copies.items()
        ),
    )

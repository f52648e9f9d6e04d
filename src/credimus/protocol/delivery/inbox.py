"""Messages of others: let in once, kept until our application has finished with them.

    at most once     the number is on disk before the application hears; then it is forgotten
    at least once    in memory until finished, then answered; a restart forgets it, its sender
                     does not
    exactly once     on disk before it is answered; finished on disk before that is answered

A sender says with each message below which number it sends nothing any more; results are kept down
to there, and what is older is stale. So memory is bounded, and nothing is finished twice.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.effects import Record
from credimus.kernel.errors import NotFound
from credimus.kernel.ids import NodeId
from credimus.protocol.delivery.interface import (
    Content,
    Counts,
    DeliveryEffects,
    Finish,
    Held,
    MessageArrived,
    MessageFinished,
    Mode,
    Outcome,
)
from credimus.protocol.delivery.records import (
    FLOOR,
    REPLAY,
    HeldRow,
    WindowRow,
    held_key,
    member_key,
    record,
)
from credimus.protocol.delivery.window import Window

_PRUNED_AT_ONCE = 32


class Verdict(NamedTuple):
    """What to answer a message's sender."""

    outcome: Outcome
    result: bytes = b""


@dataclass(slots=True)
class _Sender:
    """What is known of one sender's messages.

    Invariant: `finished` has no number below `floor`; each of them is in `ends`, a heap.
    """

    floor: int = 0
    held: dict[int, int] = field(default_factory=dict)
    """Number -> arrival."""
    finished: dict[int, bytes] = field(default_factory=dict)
    ends: list[int] = field(default_factory=list)
    durable: set[int] = field(default_factory=set)
    """Those of `finished` that have a row."""
    outlived: list[int] = field(default_factory=list)
    """Finished ones below the floor whose rows are still there."""
    window: Window = field(default_factory=Window)

    def finish(self, number: int, result: bytes) -> None:
        """Keep a result, for senders who ask again."""
        self.finished[number] = result
        heappush(self.ends, number)

    def rise(self, floor: int) -> None:
        """The sender has no use for results below this number."""
        self.floor = max(self.floor, floor)
        while self.ends and self.ends[0] < self.floor:
            number = heappop(self.ends)
            del self.finished[number]
            if number in self.durable:
                self.durable.discard(number)
                self.outlived.append(number)


class Inbox:
    """Messages that wait for our application, and what is remembered of those before."""

    def __init__(self, counts: Counts) -> None:
        self._senders: dict[NodeId, _Sender] = {}
        self._waiting: dict[int, Held] = {}
        self._waiting_bytes = 0
        self._arrivals = 0
        self._rows = 0
        self._counts = counts

    # --- asking

    @property
    def waiting_count(self) -> int:
        """Messages that wait for the application."""
        return len(self._waiting)

    def read(self, after: int, count: int, but: Container[int] = ()) -> list[Held]:
        """At most `count` waiting messages that arrived after another, oldest first. Those of
        at-most-once are handed out by this, and never again.

        Args:
            but: arrivals that are left out.
        """
        found: list[Held] = []
        for arrival, held in self._waiting.items():
            if arrival > after and arrival not in but:
                found.append(held)
                if len(found) == count:
                    break
        for held in found:
            if held.mode is Mode.AT_MOST_ONCE:
                self._remove(held)
        return found

    # --- what happens

    def take(self, who: NodeId, content: Content, effects: DeliveryEffects) -> Verdict | None:
        """Let a message in whose signature is good; the answer to its sender, if it wants one.

        Args:
            who: the sender's first id; under a new key it goes on counting.
        """
        sender = self._senders.setdefault(who, _Sender())
        if content.mode is Mode.AT_MOST_ONCE:
            self._take_unasked(who, content, effects)
            return None
        number = content.number
        self._rise(who, sender, content.lowest, effects)
        if number in sender.finished:
            self._counts.repeated += 1
            return Verdict(Outcome.DONE, sender.finished[number])
        if number in sender.held:
            self._counts.repeated += 1
            return Verdict(Outcome.TAKEN)
        if number < sender.floor:
            return Verdict(Outcome.STALE)
        durable = content.mode is Mode.EXACTLY_ONCE
        if (
            len(sender.held) + len(sender.finished) >= limits.IN_FLIGHT_MAX
            or not self._has_room(content)
            or (durable and self._rows >= limits.KEPT_ROWS_MAX)
        ):
            self._counts.overloaded += 1
            return Verdict(Outcome.OVERLOADED)
        if durable:
            row = HeldRow(content.posted_ms, finished=False, content=content.payload)
            effects.remember.append(record(held_key(who, number), row))
            self._rows += 1
        self._hold(who, content)
        effects.emit.append(MessageArrived(who, number, content.mode))
        return Verdict(Outcome.TAKEN)

    def finish(
        self, who: NodeId, asked: Finish, effects: DeliveryEffects
    ) -> tuple[Mode | None, bytes]:
        """The application has finished with a message: its mode, or None when it had finished
        before, and the result that counts, which is the first.

        Args:
            who: the sender's first id.

        Raises:
            NotFound: `unknown-message`.
        """
        sender = self._senders.get(who)
        arrival = None if sender is None else sender.held.get(asked.number)
        if sender is not None and arrival is None and asked.number in sender.finished:
            return None, sender.finished[asked.number]
        if sender is None or arrival is None:
            raise NotFound(
                "unknown-message",
                f"message {asked.number} of {asked.sender.hex()[:12]} does not wait here: it was "
                "finished long ago, or was of mode at-most-once, or came before a restart; then "
                "it will come again.",
            )
        held = self._waiting[arrival]
        self._remove(held)
        number, mode = held.number, held.mode
        if mode is Mode.AT_MOST_ONCE:
            return mode, b""
        self._counts.finished += 1
        effects.emit.append(MessageFinished(held.sender, number, mode))
        if number >= sender.floor:
            sender.finish(number, asked.result)
            if mode is Mode.EXACTLY_ONCE:
                sender.durable.add(number)
                row = HeldRow(held.posted_ms, finished=True, content=asked.result)
                effects.remember.append(record(held_key(held.sender, number), row))
        elif mode is Mode.EXACTLY_ONCE:  # its sender gave it up: the floor speaks for it
            sender.outlived.append(number)
            self._prune(held.sender, sender, effects)
        return mode, asked.result

    # --- beginning

    def recall_floor(self, sender: NodeId, floor: int) -> None:
        """Numbers of a sender below this one that have no row were settled."""
        self._senders.setdefault(sender, _Sender()).floor = floor

    def recall_window(self, sender: NodeId, row: WindowRow) -> None:
        """Numbers of at-most-once that were seen."""
        window = Window(row.highest, int.from_bytes(row.bits, "big"))
        self._senders.setdefault(sender, _Sender()).window = window

    def recall_held(self, sender: NodeId, number: int, row: HeldRow) -> None:
        """A message of exactly-once, or its result; floors come first."""
        known = self._senders.setdefault(sender, _Sender())
        self._rows += 1
        if row.finished:
            known.finish(number, row.content)
            known.durable.add(number)
            known.rise(known.floor)
            return
        self._hold_as(
            Held(
                arrival=self._arrivals + 1,
                sender=sender,
                number=number,
                mode=Mode.EXACTLY_ONCE,
                posted_ms=row.posted_ms,
                payload=row.content,
                again=True,
            )
        )

    # --- private

    def _take_unasked(self, who: NodeId, content: Content, effects: DeliveryEffects) -> None:
        sender = self._senders[who]
        if sender.window.has(content.number) or content.number in sender.held:
            self._counts.repeated += 1
            return
        if not self._has_room(content):
            self._counts.overloaded += 1
            return
        window = sender.window
        window.add(content.number)
        bits = window.bits.to_bytes((window.bits.bit_length() + 7) // 8, "big")
        row = WindowRow(window.highest, bits)
        effects.remember.append(record(member_key(REPLAY, who), row))
        self._hold(who, content)
        effects.emit.append(MessageArrived(who, content.number, content.mode))

    def _has_room(self, content: Content) -> bool:
        return (
            len(self._waiting) < limits.UNFINISHED_MAX
            and self._waiting_bytes + len(content.payload) <= limits.UNFINISHED_BYTES_MAX
        )

    def _hold(self, who: NodeId, content: Content) -> None:
        self._counts.arrived += 1
        self._hold_as(
            Held(
                arrival=self._arrivals + 1,
                sender=who,
                number=content.number,
                mode=content.mode,
                posted_ms=content.posted_ms,
                payload=content.payload,
                again=False,
            )
        )

    def _hold_as(self, held: Held) -> None:
        self._arrivals = held.arrival
        self._waiting[held.arrival] = held
        self._waiting_bytes += len(held.payload)
        self._senders[held.sender].held[held.number] = held.arrival

    def _remove(self, held: Held) -> None:
        del self._waiting[held.arrival]
        self._waiting_bytes -= len(held.payload)
        del self._senders[held.sender].held[held.number]

    def _rise(self, who: NodeId, sender: _Sender, lowest: int, effects: DeliveryEffects) -> None:
        sender.rise(lowest)
        if len(sender.outlived) >= _PRUNED_AT_ONCE:
            self._prune(who, sender, effects)

    def _prune(self, who: NodeId, sender: _Sender, effects: DeliveryEffects) -> None:
        """Drop rows of results that nobody asks for any more; the floor stands for them."""
        effects.remember.append(record(member_key(FLOOR, who), sender.floor))
        effects.remember += _dropped(who, sender.outlived)
        self._rows -= len(sender.outlived)
        sender.outlived.clear()


def _dropped(sender: NodeId, numbers: Iterable[int]) -> list[Record]:
    return [Record(held_key(sender, number), None) for number in numbers]

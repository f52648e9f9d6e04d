"""Messages of ours: sent again until each receiver has answered, or they are given up.

    post -> on disk -> sent -> TAKEN -> DONE          final, told once
                            -> UNACKNOWLEDGED         no answer, or no time left

Invariant: of the numbers sent to a receiver, `lowest` is the first that is not settled; fewer than
IN_FLIGHT_MAX lie between it and the newest, so that a receiver's memory is bounded by our word.
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import TypeAlias

from credimus.kernel import limits
from credimus.kernel.effects import Effects, Record, Send
from credimus.kernel.entropy import Stream
from credimus.kernel.errors import Conflict, NotFound, StorageError, Unavailable, UsageError
from credimus.kernel.ids import FleetId, NodeId, fingerprint
from credimus.kernel.instant import MILLISECOND, Instant, Now, after
from credimus.lace.seal import Signer
from credimus.protocol.delivery.backoff import patience_ns, wait_ns
from credimus.protocol.delivery.checks import check_post
from credimus.protocol.delivery.envelope import seal_content
from credimus.protocol.delivery.interface import (
    Content,
    Counts,
    DeliveryConfig,
    DeliveryEffects,
    MessageAnswered,
    Mode,
    Outcome,
    Post,
    PostedView,
    Reply,
    State,
)
from credimus.protocol.delivery.posted import Copy, Lane, Posted, row_of, view_of
from credimus.protocol.delivery.records import (
    COUNTER,
    OUT,
    CopyRow,
    PostedRow,
    copy_key,
    number_key,
    record,
)
from credimus.state.membership.roster import Roster

_Due: TypeAlias = tuple[Instant, int, NodeId]
_NUMBERS_RESERVED = 1_024
_OVER_MAX = 1_024


class Outbox:
    """Messages of ours that are not settled, and the last of those that are."""

    def __init__(
        self,
        config: DeliveryConfig,
        fleet: FleetId,
        signer: Signer,
        roster: Roster,
        chance: Stream,
    ) -> None:
        self._config = config
        self._fleet = fleet
        self._signer = signer
        self._roster = roster
        self._chance = chance
        self._posted: dict[int, Posted] = {}
        self._keys: dict[bytes, int] = {}
        self._lanes: dict[NodeId, Lane] = {}
        self._due: list[_Due] = []
        self._settled: dict[int, None] = {}
        self._settled_copies = 0
        self._open_copies = 0
        self._open_bytes = 0
        self._next = 1
        self._reserved = 0
        self.counts = Counts()

    # --- asking

    @property
    def open_count(self) -> int:
        """Messages that are not settled."""
        return len(self._posted) - len(self._settled)

    def view(self, number: int) -> PostedView | None:
        """One of our messages, while it is remembered."""
        posted = self._posted.get(number)
        return None if posted is None else view_of(posted)

    def views(self) -> Iterator[PostedView]:
        """Our messages that are remembered, newest first."""
        return (view_of(self._posted[number]) for number in sorted(self._posted, reverse=True))

    def deadline(self) -> Instant | None:
        """When the next copy is due."""
        while self._due and self._is_over(self._due[0]):
            heappop(self._due)
        return self._due[0][0] if self._due else None

    # --- what happens

    def post(self, asked: Post, now: Now) -> tuple[int, DeliveryEffects]:
        """The number of a new message, or of the one that its key names already.

        Raises:
            UsageError, NotFound: as `check_post`; `unknown-receiver`.
            Conflict: `key-reused`.
            Unavailable: `overloaded`.
        """
        check_post(asked)
        to = tuple(sorted(set(asked.to)))
        ttl_ms = self._config.ttl_ms if asked.ttl_ms is None else asked.ttl_ms
        person = self._roster.current.law.person
        persons = sorted(map(person, to))
        meaning = fingerprint(b"credimus post", bytes((asked.mode,)), asked.payload, *persons)[:16]
        known = self._keys.get(asked.key) if asked.key else None
        if known is not None:
            if self._posted[known].asked != meaning:
                raise Conflict(
                    "key-reused",
                    "this key was given with another message before; give each its own.",
                )
            return known, Effects()
        self._check_room(to, asked)
        number = self._next
        effects: DeliveryEffects = Effects()
        if number > self._reserved:
            self._reserved = number + _NUMBERS_RESERVED - 1
            effects.remember.append(record(COUNTER, self._reserved))
        self._next += 1
        self.counts.posted += 1
        state = State.SENT if asked.mode is Mode.AT_MOST_ONCE else State.WAITING
        expires_ns = after(now.instant, ttl_ms * MILLISECOND)
        posted = Posted(
            number, asked.mode, now.wall_ms, now.wall_ms + ttl_ms, expires_ns, asked.key, meaning,
            asked.payload, {one: Copy(state, person(one)) for one in to},
        )  # fmt: skip
        self._enter(posted)
        if posted.is_durable:
            effects.remember.append(row_of(posted))
        for receiver in to:
            self._send(posted, receiver, now, effects)
        if posted.is_settled:
            self._retire(posted, effects)
        return number, effects

    def answered(self, reply: Reply, now: Now) -> DeliveryEffects:
        """Take in a receiver's answer, whose signature is good."""
        effects: DeliveryEffects = Effects()
        posted = self._posted.get(reply.number)
        person = self._roster.current.law.person(reply.receiver)
        receiver = None if posted is None else posted.receiver_of(person)
        if posted is None or receiver is None:
            return effects
        copy = posted.copies[receiver]
        given_up = copy.state is State.UNACKNOWLEDGED
        if copy.state.is_final and not (given_up and reply.outcome is Outcome.DONE):
            return effects
        match reply.outcome:
            case Outcome.DONE:
                copy.result = reply.result
                self._end(posted, receiver, State.DONE, "", effects)
            case Outcome.TAKEN:
                self._taken(posted, receiver, now, effects)
            case Outcome.OVERLOADED:
                copy.reason = "overloaded"
            case Outcome.EXPIRED | Outcome.STALE:
                reason = reply.outcome.name.lower()
                self._end(posted, receiver, State.UNACKNOWLEDGED, reason, effects)
        return effects

    def hurry(self, peer: NodeId, now: Now) -> None:
        """Send soon what this receiver, heard again, has not finished: it may have lost that."""
        person = self._roster.current.law.person(peer)
        lane = self._lanes.get(person)
        for number in sorted(lane.open) if lane is not None else ():
            posted = self._posted[number]
            receiver = posted.receiver_of(person)
            soon = after(now.instant, self._chance.below(self._config.base_ns))
            if receiver is not None:
                copy = posted.copies[receiver]
                if not copy.state.is_final and soon < copy.due_ns:
                    self._at(soon, number, receiver)

    def tick(self, now: Now) -> DeliveryEffects:
        """Send what is due again, give up what has waited long enough."""
        effects: DeliveryEffects = Effects()
        while self._due and self._due[0][0] <= now.instant:
            if self._is_over(due := heappop(self._due)):
                continue
            number, receiver = due[1:]
            posted = self._posted[number]
            reason = self._why_to_give_up(posted, receiver, now)
            if reason:
                self._end(posted, receiver, State.UNACKNOWLEDGED, reason, effects)
            else:
                self._send(posted, receiver, now, effects)
        return effects

    # --- beginning

    def recall(self, number: int, row: PostedRow, ended: dict[NodeId, CopyRow]) -> None:
        """Take up a message from disk; `resume` says when it is."""
        person = self._roster.current.law.person
        copies = {one: Copy(State.WAITING, person(one)) for one in row.to}
        for one, end in ended.items():
            if one in copies:
                copy = copies[one]
                copy.state, copy.reason, copy.result = end.state, end.reason, end.result
        posted = Posted(
            number, row.mode, row.posted_ms, row.expires_ms, Instant(0), row.key, row.asked,
            row.payload, copies,
        )  # fmt: skip
        if row.settled and not posted.is_settled:
            raise StorageError("corrupt", f"message {number} is settled, and lacks an answer.")
        self._enter(posted)
        if posted.is_settled:
            self._note_settled(posted)

    def recall_counter(self, reserved: int) -> None:
        """Numbers up to this one may have been given."""
        self._reserved = reserved
        self._next = reserved + 1

    def resume(self, now: Now) -> None:
        """Send soon what was not settled."""
        for number, posted in self._posted.items():
            left_ms = min(posted.expires_ms - now.wall_ms, limits.MESSAGE_TTL_MS_MAX)
            posted.expires_ns = after(now.instant, left_ms * MILLISECOND)
            for receiver, copy in posted.copies.items():
                if not copy.state.is_final:
                    soon = after(now.instant, self._chance.below(self._config.base_ns))
                    self._at(soon, number, receiver)

    # --- private

    def _check_room(self, to: tuple[NodeId, ...], asked: Post) -> None:
        current = self._roster.current
        for receiver in to:
            if receiver == self._signer.node_id:
                raise UsageError("to-itself", "a node does not send messages to itself.")
            if receiver not in current:
                raise NotFound(
                    "unknown-receiver",
                    f"{receiver.hex()[:12]} is not in the fleet's roster; list who is with "
                    "`credimus members`.",
                )
        if asked.mode is Mode.AT_MOST_ONCE:
            return
        for receiver in to:
            lane = self._lanes.get(current.law.person(receiver))
            if lane is not None and len(lane.since) >= limits.IN_FLIGHT_MAX:
                raise Unavailable(
                    "overloaded",
                    f"{limits.IN_FLIGHT_MAX} messages to {receiver.hex()[:12]} wait behind the "
                    "oldest that it has not finished; try again when it has.",
                )
        if (
            self.open_count >= limits.OUTBOX_MESSAGES_MAX
            or self._open_copies + len(to) > limits.OUTBOX_COPIES_MAX
            or self._open_bytes + len(asked.payload) > limits.OUTBOX_BYTES_MAX
        ):
            raise Unavailable(
                "overloaded",
                f"{self.open_count} messages of {self._open_bytes} bytes wait for answers; try "
                "again when some have come.",
            )

    def _enter(self, posted: Posted) -> None:
        self._posted[posted.number] = posted
        if posted.key:
            self._keys[posted.key] = posted.number
        if posted.is_settled:
            return
        self._open_bytes += len(posted.payload)
        for copy in posted.copies.values():
            if not copy.state.is_final:
                lane = self._lanes.setdefault(copy.lane, Lane())
                lane.add(posted.number)
                self._open_copies += 1

    def _send(self, posted: Posted, receiver: NodeId, now: Now, effects: DeliveryEffects) -> None:
        copy = posted.copies[receiver]
        address = self._roster.current.seat(receiver) or receiver
        lane = self._lanes.get(copy.lane)
        since = lane.since if lane is not None else {}
        content = Content(
            fleet=self._fleet,
            sender=self._signer.node_id,
            receiver=address,
            number=posted.number,
            lowest=min(next(iter(since), posted.number), posted.number),
            mode=posted.mode,
            posted_ms=posted.posted_ms,
            expires_ms=posted.expires_ms,
            payload=posted.payload,
        )
        effects.send.append(Send(address, seal_content(self._signer, content)))
        copy.attempts += 1
        copy.unanswered += 1
        copy.reason = ""  # only what was said of the last sending counts
        self.counts.sendings += 1
        if not copy.state.is_final:
            wait = (
                patience_ns(self._config, self._chance)
                if copy.state is State.TAKEN
                else wait_ns(self._config, copy.unanswered, self._chance)
            )
            self._at(min(after(now.instant, wait), posted.expires_ns), posted.number, receiver)

    def _at(self, due_ns: Instant, number: int, receiver: NodeId) -> None:
        self._posted[number].copies[receiver].due_ns = due_ns
        heappush(self._due, (due_ns, number, receiver))
        if len(self._due) > 2 * self._open_copies + _OVER_MAX:
            self._due = [due for due in self._due if not self._is_over(due)]
            heapify(self._due)

    def _is_over(self, due: _Due) -> bool:
        """Whether nothing is to be done then any more: answered, given up or put off."""
        posted = self._posted.get(due[1])
        copy = None if posted is None else posted.copies[due[2]]
        return copy is None or copy.state.is_final or copy.due_ns != due[0]

    def _taken(self, posted: Posted, receiver: NodeId, now: Now, effects: DeliveryEffects) -> None:
        copy = posted.copies[receiver]
        copy.unanswered, copy.reason = 0, ""
        if copy.state is State.WAITING:
            copy.state = State.TAKEN
            effects.emit.append(MessageAnswered(receiver, posted.number, State.TAKEN))
        due_ns = after(now.instant, patience_ns(self._config, self._chance))
        self._at(min(due_ns, posted.expires_ns), posted.number, receiver)

    def _why_to_give_up(self, posted: Posted, receiver: NodeId, now: Now) -> str:
        copy = posted.copies[receiver]
        if now.instant >= posted.expires_ns:
            return copy.reason or "expired"
        if self._roster.current.seat(receiver) is None:
            return "not-a-member"
        if copy.unanswered >= self._config.attempts_max:
            return copy.reason or "no-answer"
        return ""

    def _end(
        self,
        posted: Posted,
        receiver: NodeId,
        state: State,
        reason: str,
        effects: DeliveryEffects,
    ) -> None:
        """A copy has come to its end, or its answer came after it was given up."""
        copy = posted.copies[receiver]
        was_open = not copy.state.is_final
        copy.state, copy.reason = state, reason
        if state is State.DONE:
            self.counts.done += 1
        else:
            self.counts.unacknowledged += 1
        effects.remember.append(
            record(copy_key(posted.number, receiver), CopyRow(state, reason, copy.result))
        )
        effects.emit.append(MessageAnswered(receiver, posted.number, state))
        if not was_open:
            return
        self._open_copies -= 1
        lane = self._lanes[copy.lane]
        lane.settle(posted.number)
        if not lane.since:
            del self._lanes[copy.lane]
        if posted.is_settled:
            self._open_bytes -= len(posted.payload)
            self._retire(posted, effects)

    def _retire(self, posted: Posted, effects: DeliveryEffects) -> None:
        """All is known of a message: keep its end, let its payload and the oldest ends go."""
        posted.payload = b""
        if posted.is_durable:
            effects.remember.append(row_of(posted))
        self._note_settled(posted)
        while self._settled_copies > limits.SETTLED_COPIES_MAX:
            self._forget(next(iter(self._settled)), effects)

    def _note_settled(self, posted: Posted) -> None:
        self._settled[posted.number] = None
        self._settled_copies += len(posted.copies)

    def _forget(self, number: int, effects: DeliveryEffects) -> None:
        posted = self._posted.pop(number)
        del self._settled[number]
        self._settled_copies -= len(posted.copies)
        self._keys.pop(posted.key, None)
        if posted.is_durable:
            effects.remember.append(Record(number_key(OUT, number), None))
            effects.remember += [
                Record(copy_key(number, receiver), None) for receiver in posted.copies
            ]

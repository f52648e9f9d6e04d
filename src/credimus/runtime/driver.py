"""Drives one core in real time: gathers what comes, steps, carries effects out in their order.

    inbox and commands -> step -> persist (one transaction) -> send -> emit

All on one event loop. While a step waits for the disk, messages and commands gather; the next step
takes them together: so batches grow with load, and latency does not. Where callers wait for
verdicts a step has two halves: it hears, and tells them what was decided; then it speaks, and what
they asked for meanwhile is in the same block.

Deliberately not here: what a step decides (node/), how bytes travel (transport/), how they are
kept (store/), what callers ask (api/).
"""

import asyncio
import time
from collections.abc import Callable, Sequence

from credimus.kernel import limits
from credimus.kernel.errors import (
    CredimusError,
    InternalError,
    StorageError,
    Unavailable,
)
from credimus.kernel.ids import BeliefId, NodeId
from credimus.kernel.inbox import Inbox
from credimus.kernel.instant import Instant, Now, is_due
from credimus.node.commands import AnyCommand
from credimus.node.durability import waits_for_disk
from credimus.node.events import NodeEvent, Sealed
from credimus.node.node import Node, NodeEffects
from credimus.runtime.alarm import Alarm
from credimus.runtime.deciding import Deciding
from credimus.runtime.joining.founding import facts_of, stored
from credimus.runtime.keys import Keys
from credimus.runtime.pace import Pace
from credimus.runtime.pruning import Pruning
from credimus.runtime.receipt import Receipt
from credimus.runtime.sending import send_all
from credimus.runtime.spent import Spent
from credimus.runtime.store.interface import Store
from credimus.runtime.transport.interface import Received, Transport
from credimus.state.voting.verdict import Verdict

Listener = Callable[[Sequence[NodeEvent]], None]
_RETRY_S = 1.0


class Driver:
    """One running node.

    Args:
        node: the core, restored from the store.
        store: holds every block that the core has taken.
    """

    def __init__(self, node: Node, store: Store) -> None:
        self.node = node
        self.store = store
        node.compacting.read = store.wires
        self.pruning = Pruning(store, node.compacting)
        self.failure: StorageError | None = None
        """Why nothing more is written, while that is so."""
        self._transport: Transport | None = None
        self._inbox = Inbox()
        self._unsealed: list[Receipt] = []
        self._stuck: tuple[NodeEffects, bool] | None = None
        """What the disk had no room for, and whether it was the half that speaks."""
        self._listeners: list[Listener] = []
        self._deciding = Deciding(self.verdict)
        self._watchers: dict[int, Callable[[], None]] = {}
        self._watch_count = 0
        self._scheduled = False
        self._paused: asyncio.TimerHandle | None = None
        """The next step, while it waits for more to gather."""
        self._alarm = Alarm(node.deadline, self._schedule)
        self.closed = False
        """Whether nothing is taken any more."""
        self.keys = Keys(store, self)
        self.pace = Pace()
        self.spent = Spent()
        self.on_crash: Callable[[InternalError], None] = _raise
        """Called when a step failed by a bug; the node has stopped and its process should end."""
        self.unsent_count = 0
        """Messages that were too large to be sent, and were not."""
        self.step_count = 0

    # --- life

    def start(self, transport: Transport) -> None:
        """Take up work; the transport must be open. Called on the event loop."""
        self._transport = transport
        self.begin()

    def begin(self) -> None:
        """Take up work with the transport that `use` gave, or none."""
        self.node.resume(now())
        self._schedule()

    def use(self, transport: Transport | None) -> Transport | None:
        """Go on with another transport, or none; the answer is the one before."""
        before, self._transport = self._transport, transport
        return before

    def close(self) -> None:
        """Stop stepping, and tell all who wait. May be called again.

        What was written is durable; the store is the owner's to close.
        """
        self.closed = True
        self.pruning.close()
        self._alarm.cancel()
        stopping = Unavailable("stopping", "the node is stopping; ask again later")
        self._fail_unsealed(stopping)
        self._deciding.close(stopping)

    # --- inputs

    def deliver(self, messages: list[Received]) -> None:
        """Messages from the transport; past the inbox's bound the newest are dropped, and before it
        those of senders who have more than their share waiting."""
        self._inbox.put(messages)
        if self._stuck is not None:
            return  # taken when the disk has room, which is looked at each `_RETRY_S`
        if self._paused is not None:  # the inbox has let them gather long enough
            self._paused.cancel()
            self._paused = None
            asyncio.get_running_loop().call_soon(self._step)
        self._schedule(at_once=True)

    def submit(self, command: AnyCommand, key: str | None = None) -> Receipt:
        """Carry out a command in the next step.

        Args:
            key: names this write; a repetition under the same key gives the first receipt again.

        Raises:
            Conflict: `key-reused`, when the key was given with another command.
            UsageError, Unavailable, StorageError: nothing was changed.
        """
        if self.failure is not None:
            raise self.failure.with_traceback(None)
        if self.closed:
            raise Unavailable("stopping", "the node is stopping; ask again later")
        first = None if key is None else self.keys.first(key, command)
        if first is not None:
            return first
        receipt = Receipt(self.node.execute(command, now()), self)
        if key is not None:
            self.keys.note(key, command, receipt)
        self._unsealed.append(receipt)
        self._schedule()
        return receipt

    # --- asking

    def listen(self, listener: Listener) -> None:
        """Hear all events of every step, after it is durable and sent."""
        self._listeners.append(listener)

    def watch(self, seen: Callable[[], None]) -> Callable[[], None]:
        """Call `seen` after every step; the answer ends it.

        Raises:
            Unavailable: `overloaded`, when too many watch.
        """
        if len(self._watchers) >= limits.WATCHERS_MAX:
            raise Unavailable(
                "overloaded", "too many callers wait for copies; try again later"
            ).after(1_000)
        self._watch_count += 1
        key = self._watch_count
        self._watchers[key] = seen
        return lambda: self._watchers.pop(key, None) and None

    def when_decided(self, belief: BeliefId) -> "asyncio.Future[Verdict]":
        """Done when the belief has a certified verdict here; `forget` it to stop waiting.

        Raises:
            Unavailable: `overloaded`, when too many callers wait; `stopping`.
        """
        return self._deciding.wait(belief)

    @property
    def inbox_dropped_count(self) -> int:
        """Messages let go because the inbox, or their sender's share of it, was full."""
        return self._inbox.dropped_count

    def forget(self, belief: BeliefId, waiting: "asyncio.Future[Verdict]") -> None:
        """Nobody waits for this answer of `when_decided` any more."""
        self._deciding.forget(belief, waiting)

    def holders(self, sequence: int) -> list[NodeId]:
        """Other members known to hold the node's own block of that sequence."""
        return self.node.copies.holders(sequence)

    def verdict(self, belief: BeliefId) -> Verdict | None:
        """The belief's verdict here and now."""
        return self.node.state.rounds.verdict(belief)

    # --- the step

    def _schedule(self, *, at_once: bool = False) -> None:
        if not self._scheduled and not self.closed:
            self._scheduled = True
            loop, seconds = asyncio.get_running_loop(), self.pace.pause_s()
            if seconds and not at_once:
                self._paused = loop.call_later(seconds, self._step)
            else:
                loop.call_soon(self._step)

    def _step(self) -> None:
        self._paused = None
        if self.closed:
            self._scheduled = False
            return
        try:
            if self._stuck is None:
                self._hear()
            else:
                self._scheduled = False
                self._try_again(*self._stuck)
        except Exception as bug:  # noqa: BLE001 - going on could contradict what was said
            self._crash(bug)

    def _try_again(self, effects: NodeEffects, sealed: bool) -> None:
        self._finish(effects, sealed=sealed)
        if self._stuck is None:
            self._alarm.cancel()
            self._schedule(at_once=True)  # for what came meanwhile

    def _hear(self) -> None:
        """The first half of a step: take what came, and tell those who wait for verdicts."""
        self.step_count += 1
        spent, moment = self.spent, now()
        node = self.node
        if self._transport is not None:
            self._transport.fetch(calm=node.has_leisure(moment))
        for sender, payload in self._inbox.take():
            node.receive(sender, payload, moment)
        spent.take_ns += (taken := time.monotonic_ns()) - moment.instant
        if is_due(node.deadline(), moment):
            node.tick(moment)
        if not self._deciding:
            self._speak(moment, taken)
            return
        effects = node.heard(moment)
        spent.decide_ns += time.monotonic_ns() - taken
        self._finish(effects)
        # Behind the callers who were just told: what they say next is in this step's block.
        asyncio.get_running_loop().call_soon(self._speak_after_callers, moment)

    def _speak_after_callers(self, moment: Now) -> None:
        if self.closed or self._stuck is not None:
            self._scheduled = False
            return
        try:
            self._speak(moment, time.monotonic_ns())
        except Exception as bug:  # noqa: BLE001 - as in `_step`
            self._crash(bug)

    def _speak(self, moment: Now, since_ns: int) -> None:
        """The second half of a step: seal what was said, persist, send, tell."""
        self._scheduled = False
        effects = self.node.collect(moment)
        self.spent.decide_ns += time.monotonic_ns() - since_ns
        self._finish(effects, sealed=True)
        spoke = any(type(event) is Sealed for event in effects.emit)
        self.pace.stepped(moment.instant, spoke=spoke, awaited=bool(self._deciding))
        seconds = self.pace.pause_s()
        if seconds and self._transport is not None:
            self._transport.gather(seconds)
        if self._inbox:
            self._schedule(at_once=True)
        self._arm()

    def _finish(self, effects: NodeEffects, *, sealed: bool = False) -> None:
        """Persist, then send, then emit; a full disk stops the node here until it has room. What is
        only passed on is sent first, and written without a sync: the next step that waits has one.

        Args:
            sealed: whether what callers have written so far is in these effects.
        """
        waits = waits_for_disk(effects)
        if not waits:
            self._send(effects)
        spent, began = self.spent, time.monotonic_ns()
        try:
            self.pruning.keep()
            if effects.persist or effects.remember:
                blocks = [stored(block) for block in effects.persist]
                keyed = sealed and self.keys.has_pending and not self.node.is_held_back
                facts = self.keys.facts(_sealed(effects.emit)) if keyed else []
                facts_and_records = facts + facts_of(effects.remember)
                self.store.append(blocks, facts_and_records, synced=waits or bool(facts))
                self.pruning.spare(block.id for block in effects.persist)
                self.keys.kept(facts)
            elif waits:
                self.store.sync()
        except StorageError as failure:
            self._stop_for(failure, effects, sealed=sealed)
            return
        spent.persist_ns += time.monotonic_ns() - began
        self._stuck = self.failure = None
        self._send(effects)
        began = time.monotonic_ns()
        if sealed:
            self._settle(effects.emit)
        self.pruning.follow()
        self._emit(effects.emit)
        spent.emit_ns += time.monotonic_ns() - began

    def _send(self, effects: NodeEffects) -> None:
        """Hand over what is not sent yet."""
        if self._transport is not None and effects.send and not effects.sent:
            began = time.monotonic_ns()
            shield, wires = self.node.shield, self.store.wires
            self.unsent_count += send_all(effects.send, self._transport, shield, wires)
            self.spent.send_ns += time.monotonic_ns() - began
        effects.sent = True

    def _arm(self) -> None:
        if not self.closed:
            self._alarm.set()

    def _settle(self, events: list[NodeEvent]) -> None:
        """Tell callers that what they wrote is durable."""
        if not self._unsealed or self.node.is_held_back:
            return
        sequences = _sealed(events)
        unsealed, self._unsealed = self._unsealed, []
        for receipt in unsealed:
            author = receipt.written.author
            sequence = sequences.get(author)
            if sequence is None:  # nothing new to write: it was said before
                place = self.node.lace.head(author)
                sequence = place.sequence if place is not None else 0
            receipt.settle(sequence)

    def _emit(self, events: list[NodeEvent]) -> None:
        if events:
            self._deciding.note(events)
            self.pace.hear(events)
            for listener in self._listeners:
                listener(events)
        for seen in list(self._watchers.values()):
            seen()

    def _crash(self, bug: Exception) -> None:
        """Stop for good: the store is whole, a restart begins from it."""
        failure = InternalError("step-failed", f"a step of the node failed: {bug!r}")
        failure.__cause__ = bug
        self.close()
        self.on_crash(failure)

    def _stop_for(self, failure: StorageError, effects: NodeEffects, *, sealed: bool) -> None:
        """Hold the step back: it is neither sent nor told. Try again, for a full disk may clear."""
        self._stuck, self.failure = (effects, sealed), failure
        self._fail_unsealed(_kept(failure))
        self._alarm.snooze(_RETRY_S)

    def _fail_unsealed(self, failure: CredimusError) -> None:
        unsealed, self._unsealed = self._unsealed, []
        for receipt in unsealed:
            receipt.settle(0, failure)


def _sealed(events: list[NodeEvent]) -> dict[NodeId, int]:
    """The last sequence that each author sealed."""
    return {one.author: one.sequence for one in events if type(one) is Sealed}


def _raise(failure: InternalError) -> None:
    raise failure


def _kept(failure: StorageError) -> StorageError:
    """What callers whose write is held back are told: unlike later ones, it may still happen."""
    kept = StorageError(
        failure.code,
        f"{failure.message} This write waits in memory and is made when there is room; look "
        "before you ask again.",
    )
    kept.status = failure.status
    return kept


def now() -> Now:
    """This moment."""
    return Now(Instant(time.monotonic_ns()), time.time_ns() // 1_000_000)

"""Sends what our application says until it is answered; lets in what others say, once.

Who a message is of, its signature says, not the peer that brought it: so it may travel over
others. Only members are heard.

Deliberately not here: over which links messages travel (dissemination), what they mean.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from typing import assert_never

from credimus.kernel import limits
from credimus.kernel.effects import Effects, Send
from credimus.kernel.entropy import Stream
from credimus.kernel.ids import FleetId, NodeId
from credimus.kernel.instant import Instant, Now
from credimus.lace.seal import Signer
from credimus.protocol.delivery.checks import check_finish
from credimus.protocol.delivery.envelope import (
    check_content,
    check_reply,
    read_content,
    read_reply,
    seal_reply,
)
from credimus.protocol.delivery.inbox import Inbox, Verdict
from credimus.protocol.delivery.interface import (
    Answer,
    AnswerCame,
    Counts,
    DeliveryConfig,
    DeliveryEffects,
    DeliveryInput,
    Envelope,
    EnvelopeCame,
    Finish,
    Held,
    Mode,
    Outcome,
    PeersReturned,
    Post,
    PostedView,
    Reply,
)
from credimus.protocol.delivery.outbox import Outbox
from credimus.protocol.delivery.recalling import recall
from credimus.protocol.delivery.records import FAMILIES
from credimus.state.membership.roster import Roster


class Delivery:
    """One node's messages, of its own name; members that it hosts have none."""

    def __init__(
        self,
        config: DeliveryConfig,
        fleet: FleetId,
        signer: Signer,
        roster: Roster,
        chance: Stream,
    ) -> None:
        self._fleet = fleet
        self._signer = signer
        self._roster = roster
        self.counts = Counts()
        self._outbox = Outbox(config, fleet, signer, roster, chance)
        self._outbox.counts = self.counts
        self._inbox = Inbox(self.counts)

    # --- asking

    @property
    def open_count(self) -> int:
        """Messages of ours that are not settled."""
        return self._outbox.open_count

    @property
    def waiting_count(self) -> int:
        """Messages that wait for our application."""
        return self._inbox.waiting_count

    def posted(self, number: int) -> PostedView | None:
        """One of our messages, while it is remembered."""
        return self._outbox.view(number)

    def all_posted(self) -> Iterator[PostedView]:
        """Our messages that are remembered, newest first."""
        return self._outbox.views()

    def read(self, after: int, count: int, but: Container[int] = ()) -> list[Held]:
        """At most `count` messages that wait, as `Inbox.read`. Those of at-most-once are handed
        out by this, and never again."""
        return self._inbox.read(after, count, but)

    def deadline(self) -> Instant | None:
        """The next moment it cares about."""
        return self._outbox.deadline()

    # --- inputs

    def post(self, asked: Post, now: Now) -> tuple[int, DeliveryEffects]:
        """The number of a new message, or of the one that its key names already.

        Raises:
            UsageError, NotFound, Conflict, Unavailable: as `Outbox.post`; nothing was changed.
        """
        return self._outbox.post(asked, now)

    def finish(self, asked: Finish) -> DeliveryEffects:
        """Our application has finished with a message; again is as once, the first result counts.

        Raises:
            UsageError: `result-too-long`.
            NotFound: `unknown-message`.
        """
        check_finish(asked)
        effects: DeliveryEffects = Effects()
        members = self._roster.current
        who = members.law.person(asked.sender)
        mode, result = self._inbox.finish(who, asked, effects)
        if mode is not None and mode is not Mode.AT_MOST_ONCE:
            sender = members.seat(who) or asked.sender
            self._answer(sender, asked.number, Verdict(Outcome.DONE, result), effects)
        return effects

    def handle(self, event: DeliveryInput, now: Now) -> DeliveryEffects:
        """Take one input.

        Raises:
            PeerFault: `malformed`, `bad-signature`; nothing was changed.
        """
        match event:
            case EnvelopeCame(envelope):
                return self._take(envelope, now)
            case AnswerCame(answer):
                return self._answered(answer, now)
            case PeersReturned(peers):
                for peer in peers:
                    self._outbox.hurry(peer, now)
                return Effects()
            case _:
                assert_never(event)

    def tick(self, now: Now) -> DeliveryEffects:
        """Send again what is due."""
        return self._outbox.tick(now)

    # --- beginning

    def recall(self, facts_of: Callable[[str], Iterable[tuple[str, bytes]]]) -> None:
        """Take up what the disk holds.

        Args:
            facts_of: keys and values of a family, oldest first.

        Raises:
            StorageError: `corrupt`.
        """
        facts = (fact for family in FAMILIES for fact in facts_of(family))
        recall(facts, self._outbox, self._inbox)

    def resume(self, now: Now) -> None:
        """After `recall`: send soon what was not settled."""
        self._outbox.resume(now)

    # --- private

    def _take(self, envelope: Envelope, now: Now) -> DeliveryEffects:
        content = read_content(envelope)
        effects: DeliveryEffects = Effects()
        members = self._roster.current
        sender = members.by_id.get(content.sender)
        mine = content.fleet == self._fleet and self._is_own(content.receiver)
        if sender is None or not mine or self._is_own(content.sender):
            self.counts.strange += 1
            return effects
        check_content(envelope, sender.public_key)
        if now.wall_ms > content.expires_ms + limits.SKEW_MS_MAX:
            verdict: Verdict | None = Verdict(Outcome.EXPIRED)
            if content.mode is Mode.AT_MOST_ONCE:
                verdict = None
        else:
            verdict = self._inbox.take(members.law.person(content.sender), content, effects)
        if verdict is not None:
            self._answer(content.sender, content.number, verdict, effects)
        return effects

    def _answered(self, answer: Answer, now: Now) -> DeliveryEffects:
        reply = read_reply(answer)
        receiver = self._roster.current.by_id.get(reply.receiver)
        mine = reply.fleet == self._fleet and self._is_own(reply.sender)
        if receiver is None or not mine:
            self.counts.strange += 1
            return Effects()
        check_reply(answer, receiver.public_key)
        return self._outbox.answered(reply, now)

    def _is_own(self, node: NodeId) -> bool:
        """Whether this is one of our own ids, of now or before."""
        law = self._roster.current.law
        return law.person(node) == law.person(self._signer.node_id)

    def _answer(
        self, sender: NodeId, number: int, verdict: Verdict, effects: DeliveryEffects
    ) -> None:
        reply = Reply(
            fleet=self._fleet,
            receiver=self._signer.node_id,
            sender=sender,
            number=number,
            outcome=verdict.outcome,
            result=verdict.result,
        )
        effects.send.append(Send(sender, seal_reply(self._signer, reply)))

"""Asks slow evaluators beside the node's steps, and casts what they answer.

    EvaluationWanted -> waiting -> asked, several at once -> CastVote

Invariants: for each elector and round one evaluation at most; waiting and running ones are bounded;
what a round no longer needs, because it has ended, is given up. The node never waits for any of it.
An evaluator that fails again and again is spared for a while, and what stands for its answer is
given at once.

Deliberately not here: what is durable. After a restart `voting.resume` says again what is wanted.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import TypeAlias

import msgspec

from credimus.kernel.bounded import BoundedMap
from credimus.kernel.errors import StorageError, Unavailable, UsageError
from credimus.kernel.ids import BeliefId, NodeId, RoundId
from credimus.kernel.instant import Instant
from credimus.lace.enclosing import is_enclosed
from credimus.node.commands import CastVote
from credimus.node.events import NodeEvent
from credimus.node.saying.enclosing import shortened
from credimus.protocol.voting.interface import Answer, Ballot, EvaluationWanted, Left, Question
from credimus.runtime.driver import Driver
from credimus.runtime.evaluating.counts import Counts
from credimus.runtime.evaluating.inquiry import Inquiry, inquiry_of
from credimus.runtime.evaluating.steps import AnyStep, Slow
from credimus.state.events import RoundContested, RoundDecided, RoundExpired
from credimus.state.voting.round import Round
from credimus.state.voting.verdict import Verdict

_log = logging.getLogger(__name__)
_Key: TypeAlias = tuple[RoundId, NodeId]


class Asking:
    """The slow evaluations of one node.

    Args:
        steps: the whole chain; steps that answer at once are asked in their place again.
        at_once: how many evaluations run at a time.
        waiting_max: how many questions wait; past it the oldest is let go.
    """

    def __init__(
        self, driver: Driver, steps: Sequence[AnyStep], at_once: int, waiting_max: int
    ) -> None:
        self._driver = driver
        self._steps = tuple(steps)
        self._at_once = at_once
        self._waiting: BoundedMap[_Key, Question] = BoundedMap(waiting_max)
        self._running: dict[_Key, asyncio.Task[None]] = {}
        self._asked: BoundedMap[_Key, None] = BoundedMap(2 * (waiting_max + at_once))
        self._closed = False
        self.counts = [Counts(step.name) for step in self._steps if isinstance(step, Slow)]
        """In the order of the chain."""
        self._counts = {one.name: one for one in self.counts}
        self.late_count = 0
        """Questions that were given up, and ballots that came, after their round had ended."""
        self.uncast_count = 0
        """Ballots that the node could not write."""

    @property
    def waiting_count(self) -> int:
        """Questions that wait to be asked."""
        return len(self._waiting)

    @property
    def running_count(self) -> int:
        """Evaluations under way."""
        return len(self._running)

    @property
    def overflow_count(self) -> int:
        """Questions let go because too many waited."""
        return self._waiting.dropped_count

    def note(self, events: Sequence[NodeEvent]) -> None:
        """Hear what the node's step brought: a listener of the driver."""
        for event in events:
            match event:
                case EvaluationWanted():
                    self._want(event.question)
                case RoundDecided() | RoundExpired() | RoundContested():
                    self._give_up(event.round)

    async def close(self) -> None:
        """Give everything up. May be called again."""
        self._closed = True
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    # --- what waits and what runs

    def _want(self, question: Question) -> None:
        key = question.round, question.elector
        if key not in self._asked and self._needed(question) is not None:
            self._asked.put(key, None)
            self._waiting.put(key, question)
            self._go_on()

    def _give_up(self, identifier: RoundId) -> None:
        """Let go of what concerns a round that has ended."""
        for author in self._driver.node.authors:
            key = identifier, author.id
            running = self._running.get(key)
            was_running = running is not None and running.cancel()  # not one that has just ended
            if was_running or self._waiting.take(key) is not None:
                self.late_count += 1

    def _go_on(self) -> None:
        while len(self._waiting) and len(self._running) < self._at_once and not self._closed:
            key = next(iter(self._waiting))
            question = self._waiting.take(key)
            assert question is not None  # noqa: S101 - its key was there
            task = asyncio.get_running_loop().create_task(self._serve(question))
            self._running[key] = task
            task.add_done_callback(partial(self._ended, key))

    def _ended(self, key: _Key, task: "asyncio.Task[None]") -> None:
        del self._running[key]
        if not task.cancelled() and (bug := task.exception()) is not None:
            _log.error("an evaluation failed by a bug in credimus", exc_info=bug)
        self._go_on()

    def _needed(self, question: Question) -> Round | None:
        """The round of a question that can still be answered."""
        found = self._driver.node.state.rounds.get(question.round)
        if found is None or found.verdict is not Verdict.OPEN:
            return None
        position = found.electorate.position.get(question.elector)
        return None if position is None or found.voted >> position & 1 else found

    # --- one question

    async def _serve(self, question: Question) -> None:
        found = self._needed(question)
        if found is None:
            self.late_count += 1
            return
        node = self._driver.node
        inquiry = inquiry_of(node, question, found)
        closed = is_enclosed(question.content)
        if closed:
            question = msgspec.structs.replace(question, content=inquiry.content)
        answer = await self._answer(question, inquiry)
        if isinstance(answer, Ballot):
            self._cast(question, shortened(answer) if closed else answer)

    async def _answer(self, question: Question, inquiry: Inquiry) -> Answer:
        for step in self._steps:
            if not isinstance(step, Slow):
                answer = step(question)
            elif question.content:
                answer = await self._ask(step, inquiry)
            else:  # the proposal came before any assertion: there is nothing to judge
                answer = Left.NEXT
            if answer is not Left.NEXT:
                return answer
        return Left.OPEN

    async def _ask(self, step: Slow, inquiry: Inquiry) -> Answer:
        """The answer of one evaluator, or what stands for it."""
        counts = self._counts[step.name]
        if not counts.breaker.admits(_now()):
            counts.spared_count += 1
            return step.on_failure
        counts.asked_count += 1
        limit = asyncio.timeout(step.timeout_ms / 1_000)
        try:
            async with limit:
                answer = await step.judge(inquiry)
        except Unavailable as failure:
            counts.failed(failure, _now())
        except Exception as problem:  # noqa: BLE001 - whatever it was, the node goes on
            counts.failed(_late(step) if limit.expired() else _crashed(problem), _now())
        else:
            counts.succeeded(answer, _now())
            return answer
        return step.on_failure

    def _cast(self, question: Question, ballot: Ballot) -> None:
        command = CastVote(
            author=question.elector,
            belief=BeliefId(question.belief),
            choice=ballot.choice,
            confidence=ballot.confidence,
            reason=ballot.reason,
            round=question.round,
            evaluated=True,
        )
        try:
            self._driver.submit(command)
        except UsageError:  # it voted by command, left, or the round has ended
            self.late_count += 1
        except (Unavailable, StorageError) as problem:
            self.uncast_count += 1
            _log.warning("an evaluator's ballot was not cast: %s", problem.message)


def _now() -> Instant:
    return Instant(time.monotonic_ns())


def _late(step: Slow) -> Unavailable:
    return Unavailable(
        "evaluator-timeout",
        f"{step.name} gave no answer within {step.timeout_ms} ms. Make it faster, or give it more "
        "by its timeout_ms.",
    )


def _crashed(problem: Exception) -> Unavailable:
    failure = Unavailable("evaluator-crashed", f"the evaluator raised {problem!r:.200}.")
    failure.__cause__ = problem
    return failure

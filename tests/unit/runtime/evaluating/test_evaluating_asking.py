"""Slow evaluators: asked once, beside the node's steps, within bounds, and never waited for."""

import asyncio
import logging

import pytest
from asking_stage import INQUIRY, KEYS, NO_ANSWER, TIMEOUT_MS, Kept, jump, run, slow, stage

from credimus.kernel.errors import StorageError, Unavailable
from credimus.node.commands import CastVote
from credimus.node.config import Config
from credimus.protocol.voting.interface import (
    Answer,
    Ballot,
    EvaluationWanted,
    Left,
    Question,
    VotingConfig,
)
from credimus.runtime.evaluating.inquiry import Inquiry
from credimus.state.operations import Choice
from credimus.state.voting.verdict import Verdict

YES = Ballot(Choice.ACCEPT, 700_000, "looked")
NO = Ballot(Choice.REJECT, 700_000, "looked")


class Clerk:
    """An evaluator that notes what it is asked, and answers when it is let."""

    def __init__(self, answer: Answer = YES, *, waits: bool = False) -> None:
        self.asked: list[Inquiry] = []
        self.cancelled_count = 0
        self.heard = asyncio.Event()
        self.go = asyncio.Event()
        self._answer = answer
        if not waits:
            self.go.set()

    async def judge(self, inquiry: Inquiry) -> Answer:
        self.asked.append(inquiry)
        self.heard.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled_count += 1
            raise
        return self._answer


def test_an_answer_becomes_a_vote() -> None:
    async def scene() -> None:
        clerk = Clerk()
        async with stage(slow(clerk.judge)) as on:
            belief = on.says("it rains")
            assert await on.voted(belief) == [Choice.ACCEPT]
            assert on.driver.verdict(belief) is Verdict.ACCEPTED
            (inquiry,) = clerk.asked
            assert (inquiry.content, inquiry.category) == ("it rains", "general")
            assert inquiry.elector == inquiry.node == KEYS[0].node_id.hex()
            assert inquiry.elector_name == "n0"
            assert [(one.author, one.confidence) for one in inquiry.assertions] == [
                (KEYS[0].node_id.hex(), 1.0)
            ]
            assert inquiry.round == on.round(belief).id.hex()
            assert on.asking.counts[0].answered_count == 1
            assert on.asking.late_count == 0

    run(scene())


def test_each_hosted_member_is_asked_once() -> None:
    async def scene() -> None:
        clerk = Clerk()
        async with stage(slow(clerk.judge), store=Kept(3)) as on:
            belief = on.says("it rains")
            assert await on.voted(belief) == [Choice.ACCEPT] * 3
            assert sorted(one.elector for one in clerk.asked) == sorted(
                key.node_id.hex() for key in KEYS
            )

    run(scene())


def test_what_one_leaves_the_next_is_asked() -> None:
    async def scene() -> None:
        first, second = Clerk(Left.NEXT), Clerk(NO)
        quick: list[Question] = []

        def passes(question: Question) -> Answer:
            quick.append(question)
            return Left.NEXT

        async with stage(slow(first.judge, "first"), passes, slow(second.judge, "second")) as on:
            assert await on.voted(on.says("it rains")) == [Choice.REJECT]
            assert len(first.asked) == len(quick) == len(second.asked) == 1
            assert [one.left_count for one in on.asking.counts] == [1, 0]

    run(scene())


def test_what_is_left_open_is_not_asked_again() -> None:
    async def scene() -> None:
        clerk = Clerk(Left.OPEN)
        never = Clerk()
        async with stage(slow(clerk.judge), slow(never.judge, "never"), store=Kept(2)) as on:
            belief = on.says("it rains")
            await on.until(lambda: len(clerk.asked) == 2 or on.driver.step_count > 50)
            on.driver.submit(CastVote(belief=belief, choice=Choice.ACCEPT))
            await on.until(lambda: on.choices(belief) == [Choice.ACCEPT])
            assert len(clerk.asked) == 2
            assert never.asked == []

    run(scene())


def test_one_that_hangs_delays_nothing_and_abstains_when_its_time_is_up() -> None:
    async def scene() -> None:
        hangs = Clerk(waits=True)

        def at_once(question: Question) -> Answer:
            return YES if "quick" in question.content else Left.NEXT

        async with stage(at_once, slow(hangs.judge)) as on:
            waits = on.says("a slow one")
            await hangs.heard.wait()
            for number in range(20):
                assert await on.voted(on.says(f"quick {number}")) == [Choice.ACCEPT]
            assert on.choices(waits) == []
            assert on.asking.running_count == 1
            jump(TIMEOUT_MS / 1_000 + 1)
            assert await on.voted(waits) == [Choice.ABSTAIN]
            assert on.asking.counts[0].failures == {"evaluator-timeout": 1}
            assert hangs.cancelled_count == 1

    run(scene())


@pytest.mark.parametrize(
    ("on_failure", "choices"),
    [(NO_ANSWER, [Choice.ABSTAIN]), (Left.NEXT, [Choice.REJECT])],
)
@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (ValueError("no such model"), "evaluator-crashed"),
        (TimeoutError(), "evaluator-crashed"),
        (Unavailable("evaluator-refused", "status 500"), "evaluator-refused"),
    ],
)
def test_one_that_fails_is_counted_and_stood_in_for(
    on_failure: Answer, choices: list[Choice], problem: Exception, code: str
) -> None:
    async def fails(_: Inquiry) -> Answer:
        raise problem

    async def scene() -> None:
        async with stage(slow(fails, "model", on_failure), lambda _: NO) as on:
            assert await on.voted(on.says("it rains")) == choices
            (counts,) = on.asking.counts
            assert (counts.name, counts.failures) == ("model", {code: 1})

    run(scene())


def test_failing_is_logged_when_it_begins_and_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        outcomes: list[Answer | None] = [None, None, YES]

        async def judge(_: Inquiry) -> Answer:
            answer = outcomes.pop(0)
            if answer is None:
                raise ValueError("no model")
            return answer

        async with stage(slow(judge, "model")) as on:
            for content in ("one", "two", "three"):
                await on.voted(on.says(content))

    with caplog.at_level(logging.WARNING):
        run(scene())
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2
    assert "evaluator model: evaluator-crashed" in said[0]
    assert said[1] == "evaluator model answers again"


def test_few_run_at_once_and_the_oldest_of_too_many_is_let_go() -> None:
    async def scene() -> None:
        clerk = Clerk(waits=True)
        async with stage(slow(clerk.judge), at_a_time=2, waiting_max=3) as on:
            beliefs = [on.says(f"number {number}") for number in range(7)]
            await on.until(lambda: all(on.round(one) is not None for one in beliefs))
            await clerk.heard.wait()
            assert on.asking.running_count == 2
            assert on.asking.waiting_count == 3
            clerk.go.set()
            await on.until(lambda: sum(len(on.choices(one)) for one in beliefs) == 5)
            assert on.asking.overflow_count == 2
            assert len(clerk.asked) == 5

    run(scene())


def test_what_a_round_needs_no_more_is_given_up() -> None:
    async def scene() -> None:
        clerk = Clerk(waits=True)
        async with stage(slow(clerk.judge), at_a_time=1) as on:
            first, second = on.says("one"), on.says("two")
            await clerk.heard.wait()
            for belief in (second, first):
                on.driver.submit(CastVote(belief=belief, choice=Choice.REJECT))
            assert await on.voted(first) == await on.voted(second) == [Choice.REJECT]
            await on.until(lambda: on.asking.late_count == 2)
            third = on.says("three")
            clerk.go.set()
            assert await on.voted(third) == [Choice.ACCEPT]
            assert [one.content for one in clerk.asked] == ["one", "three"]
            assert clerk.cancelled_count == 1

    run(scene())


def test_an_expired_round_is_not_asked_about_again() -> None:
    async def scene() -> None:
        store = Kept(1, VotingConfig(timeout_ms=1, attempts_max=1))
        before, after = Clerk(waits=True), Clerk()
        async with stage(slow(before.judge), store=store) as on:
            belief = on.says("it rains")
            await on.until(lambda: on.driver.verdict(belief) is Verdict.EXPIRED)
            await on.until(lambda: on.asking.late_count == 1)
        store.config = Config()
        async with stage(slow(after.judge), store=store) as on:
            await on.voted(on.says("it pours"))
            assert [one.content for one in after.asked] == ["it pours"]
            assert on.driver.verdict(belief) is Verdict.EXPIRED

    run(scene())


def test_a_ballot_that_comes_after_a_command_is_counted_as_late() -> None:
    async def scene() -> None:
        clerk = Clerk(waits=True)
        async with stage(slow(clerk.judge), store=Kept(2)) as on:
            belief = on.says("it rains")
            await on.until(lambda: len(clerk.asked) == 2)
            on.driver.submit(CastVote(belief=belief, choice=Choice.REJECT))
            clerk.go.set()
            assert await on.voted(belief) == [Choice.REJECT, Choice.ACCEPT]
            assert on.asking.late_count == 1

    run(scene())


def test_open_questions_are_asked_again_after_a_restart() -> None:
    async def scene() -> None:
        store, before, after = Kept(), Clerk(waits=True), Clerk()
        async with stage(slow(before.judge), store=store) as on:
            belief = on.says("it rains")
            await before.heard.wait()
        assert before.cancelled_count == 1
        async with stage(slow(after.judge), store=store) as on:
            assert await on.voted(belief) == [Choice.ACCEPT]
            assert len(after.asked) == 1
        async with stage(slow(after.judge), store=store) as on:
            assert await on.voted(on.says("it pours")) == [Choice.ACCEPT]
            assert [one.content for one in after.asked] == ["it rains", "it pours"]

    run(scene())


def test_closing_gives_up_what_runs() -> None:
    async def scene() -> None:
        clerk = Clerk(waits=True)
        async with stage(slow(clerk.judge), at_a_time=1) as on:
            on.says("one")
            on.says("two")
            await clerk.heard.wait()
            await on.asking.close()
            assert on.asking.running_count == 0
            assert len(clerk.asked) == 1

    run(scene())


def test_a_question_that_comes_twice_is_asked_once() -> None:
    async def scene() -> None:
        clerk = Clerk(waits=True)
        async with stage(slow(clerk.judge)) as on:
            belief = on.says("it rains")
            await clerk.heard.wait()
            found = on.round(belief)
            assert found is not None
            again = Question(KEYS[0].node_id, found.id, belief, "it rains", "general")
            on.asking.note([EvaluationWanted(again), EvaluationWanted(again)])
            assert (on.asking.running_count, on.asking.waiting_count) == (1, 0)
            clerk.go.set()
            await on.voted(belief)
            on.asking.note([EvaluationWanted(again)])
            assert len(clerk.asked) == 1

    run(scene())


def test_what_nobody_has_asserted_is_not_put_to_slow_ones() -> None:
    async def scene() -> None:
        clerk = Clerk()
        async with stage(slow(clerk.judge), lambda _: NO) as on:
            nothing = Question(KEYS[0].node_id, b"r" * 16, b"b" * 16, "", "")
            assert await on.asking._answer(nothing, INQUIRY) is NO
            assert clerk.asked == []

    run(scene())


def test_a_ballot_that_the_node_can_not_write_is_counted() -> None:
    async def scene() -> None:
        clerk = Clerk(waits=True)
        async with stage(slow(clerk.judge)) as on:
            on.says("it rains")
            await clerk.heard.wait()
            on.driver.failure = StorageError("disk-full", "no room")
            clerk.go.set()
            while on.asking.running_count:
                await asyncio.sleep(0)
            assert on.asking.uncast_count == 1

    run(scene())

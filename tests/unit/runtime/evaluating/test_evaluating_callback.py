"""Callbacks: functions and coroutines, whatever they do."""

import asyncio
import threading

import pytest
from asking_stage import INQUIRY, NO_ANSWER, TIMEOUT_MS, jump, run, slow, stage

from credimus.kernel import limits
from credimus.kernel.errors import Unavailable, UsageError
from credimus.protocol.voting.interface import Ballot, Left
from credimus.runtime.evaluating.callback import Callback, Function, load_function
from credimus.runtime.evaluating.inquiry import Inquiry
from credimus.state.operations import Choice

YES = Ballot(Choice.ACCEPT, 700_000, "looked")


def judged(function: Function) -> object:
    return asyncio.run(Callback(function).judge(INQUIRY))


def test_a_function_runs_in_a_thread_of_its_own_and_a_coroutine_on_the_loop() -> None:
    def function(inquiry: Inquiry) -> Ballot | None:
        assert threading.current_thread() is not threading.main_thread()
        return YES if inquiry.content == "it rains" else None

    async def coroutine(_: Inquiry) -> Ballot | None:
        assert threading.current_thread() is threading.main_thread()
        return None

    class Model:
        async def __call__(self, _: Inquiry) -> Left:
            return Left.OPEN

    assert judged(function) is YES
    assert judged(coroutine) is Left.NEXT
    assert judged(Model()) is Left.OPEN


@pytest.mark.parametrize("problem", [ValueError("x"), SystemExit(3), StopIteration()])
@pytest.mark.parametrize("as_coroutine", [False, True])
def test_whatever_it_raises_it_has_crashed(problem: BaseException, as_coroutine: bool) -> None:
    def function(_: Inquiry) -> None:
        raise problem

    async def coroutine(_: Inquiry) -> None:
        raise problem

    with pytest.raises(Unavailable) as caught:
        judged(coroutine if as_coroutine else function)
    assert caught.value.code == "evaluator-crashed"


def test_one_that_cancels_itself_has_crashed() -> None:
    async def coroutine(_: Inquiry) -> None:
        raise asyncio.CancelledError

    with pytest.raises(Unavailable, match="cancelled itself"):
        judged(coroutine)


@pytest.mark.parametrize(
    "answer",
    [
        True,
        "accept",
        Ballot(Choice.ACCEPT, 1_000_001),
        Ballot(Choice.ACCEPT, -1),
        Ballot(Choice.ACCEPT, 0.5),  # type: ignore[arg-type]
        Ballot(1, 500_000),  # type: ignore[arg-type]
        Ballot(Choice.ACCEPT, 1, "x" * (limits.REASON_BYTES_MAX + 1)),
        Ballot(Choice.ACCEPT, 1, "\ud800"),
    ],
)
def test_an_answer_that_could_not_be_written_is_refused(answer: object) -> None:
    with pytest.raises(Unavailable) as caught:
        judged(lambda _: answer)  # type: ignore[arg-type, return-value]
    assert caught.value.code == "evaluator-malformed"


def test_calls_that_never_return_are_left_behind_and_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "CALLBACKS_RUNNING_MAX", 2)
    stuck, began = threading.Event(), threading.Semaphore(0)

    def function(_: Inquiry) -> Ballot:
        began.release()
        stuck.wait()
        return YES

    async def scene() -> None:
        callback = Callback(function)
        async with stage(slow(callback.judge, "callback", NO_ANSWER)) as on:
            for content in ("one", "two"):
                belief = on.says(content)
                await asyncio.to_thread(began.acquire)
                jump(TIMEOUT_MS / 1_000 + 1)
                assert await on.voted(belief) == [Choice.ABSTAIN]
            assert await on.voted(on.says("three")) == [Choice.ABSTAIN]
            assert on.asking.counts[0].failures == {"evaluator-timeout": 2, "evaluator-stuck": 1}
            stuck.set()
            while callback._running:
                await asyncio.sleep(0)
            assert await on.voted(on.says("four")) == [Choice.ACCEPT]

    run(scene())


def test_a_coroutine_that_will_not_be_cancelled_holds_nobody_up() -> None:
    async def scene() -> None:
        stubborn, stop = asyncio.Event(), asyncio.Event()

        async def coroutine(_: Inquiry) -> Ballot:
            try:
                await stop.wait()
            except asyncio.CancelledError:
                stubborn.set()
                await stop.wait()
            return YES

        async with stage(slow(Callback(coroutine).judge), at_a_time=1) as on:
            belief = on.says("one")
            await on.until(lambda: on.asking.running_count == 1)
            jump(TIMEOUT_MS / 1_000 + 1)
            assert await on.voted(belief) == [Choice.ABSTAIN]
            await stubborn.wait()
            stop.set()
            assert await on.voted(on.says("two")) == [Choice.ACCEPT]

    run(scene())


def test_a_function_is_found_by_its_name() -> None:
    assert load_function("os.path:join") is load_function("posixpath:join")


async def named(inquiry: Inquiry) -> Ballot | None:
    """A coroutine that the settings could name."""
    assert threading.current_thread() is not threading.main_thread()
    await asyncio.sleep(0)
    return YES if inquiry.content == "it rains" else None


def test_a_coroutine_that_is_named_is_kept_off_the_loop() -> None:
    assert judged(load_function(f"{__name__}:named")) is YES


@pytest.mark.parametrize(
    "name", ["", "os", "os:", ":getcwd", "os:no_such", "no_such_module:x", "os:sep", "os.path:a.b"]
)
def test_a_name_that_leads_nowhere_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_function(name)
    assert caught.value.code == "bad-callback"

"""An evaluator in Python: a function in threads of its own, or a coroutine.

A coroutine that a program gives runs on the program's event loop, where its clients live. One that
the settings name has no such ties, and is kept off that loop: it could block it.

A function that never returns can not be ended: its thread is left behind, does not keep the process
from ending, and counts against a bound.
"""

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from importlib import import_module
from typing import TypeAlias, cast

from credimus.kernel import limits
from credimus.kernel.errors import Unavailable, UsageError
from credimus.protocol.voting.interface import Answer, Ballot, Left
from credimus.runtime.evaluating.inquiry import Inquiry
from credimus.runtime.evaluating.steps import checked

Opinion: TypeAlias = Ballot | Left | None
"""None leaves the question to the next evaluator."""
Function: TypeAlias = Callable[[Inquiry], Opinion] | Callable[[Inquiry], Awaitable[Opinion]]


class Callback:
    """Calls one function, several times at once where several questions wait."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._running: set[asyncio.Future[Opinion]] = set()
        self._begin = self._as_task if _is_awaited(function) else self._in_thread

    async def judge(self, inquiry: Inquiry) -> Answer:
        """The function's answer; when this is cancelled a function in a thread goes on unheard.

        Raises:
            Unavailable: `evaluator-crashed`, `evaluator-malformed`, `evaluator-stuck`.
        """
        if len(self._running) >= limits.CALLBACKS_RUNNING_MAX:
            raise Unavailable(
                "evaluator-stuck",
                f"{limits.CALLBACKS_RUNNING_MAX} calls of the callback have not returned; mend it, "
                "then start the node again.",
            )
        work = self._begin(inquiry)
        self._running.add(work)
        work.add_done_callback(self._ended)
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError:
            if isinstance(work, asyncio.Task):
                work.cancel()
            raise
        if work.cancelled():
            raise Unavailable("evaluator-crashed", "the callback cancelled itself.")
        return checked(work.result())

    def _ended(self, work: "asyncio.Future[Opinion]") -> None:
        self._running.discard(work)
        if not work.cancelled():
            work.exception()  # seen, also where nobody waits any more

    def _as_task(self, inquiry: Inquiry) -> "asyncio.Future[Opinion]":
        async def called() -> Opinion:
            try:
                return await cast(Awaitable[Opinion], self._function(inquiry))
            except (Exception, SystemExit) as problem:
                raise _crashed(problem) from problem

        return asyncio.get_running_loop().create_task(called())

    def _in_thread(self, inquiry: Inquiry) -> "asyncio.Future[Opinion]":
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Opinion] = loop.create_future()

        def run() -> None:
            try:
                opinion = cast(Opinion, self._function(inquiry))
            except BaseException as problem:  # noqa: BLE001 - nobody else hears of it
                failure = _crashed(problem)
                failure.__cause__ = problem
                tell(done.set_exception, failure)
            else:
                tell(done.set_result, opinion)

        def tell(settle: Callable[..., None], outcome: object) -> None:
            with suppress(RuntimeError):  # the node has ended meanwhile
                loop.call_soon_threadsafe(settle, outcome)

        threading.Thread(target=run, name="credimus callback", daemon=True).start()
        return done


def load_function(name: str) -> Function:
    """The function that `module:name` names, imported; a coroutine as a function that runs it.

    Raises:
        UsageError: `bad-callback`.
    """
    module, _, inside = name.partition(":")
    try:
        found: object = import_module(module)
        for part in inside.split("."):
            found = getattr(found, part)
    except Exception as problem:
        raise UsageError(
            "bad-callback",
            f"[voting.callback] function is {name!r:.140}, but {problem!r:.200}. Give "
            "module:function, with the module where PYTHONPATH leads.",
        ) from problem
    if not callable(found):
        raise UsageError("bad-callback", f"{name[:140]} can not be called; name a function.")
    function = cast(Function, found)
    if not _is_awaited(function):
        return function
    begin = cast(Callable[[Inquiry], Coroutine[None, None, Opinion]], function)
    return lambda inquiry: asyncio.run(begin(inquiry))


def _is_awaited(function: Function) -> bool:
    """Whether calling it gives a coroutine."""
    return any(map(inspect.iscoroutinefunction, (function, type(function).__call__)))


def _crashed(problem: BaseException) -> Unavailable:
    if isinstance(problem, Unavailable) and problem.code == "evaluator-malformed":
        return problem
    return Unavailable("evaluator-crashed", f"the callback raised {problem!r:.200}.")

"""Callers who wait for verdicts, each told once, when the verdict is certified here."""

import asyncio
from collections.abc import Callable, Sequence

from credimus.kernel import limits
from credimus.kernel.errors import CredimusError, Unavailable
from credimus.kernel.ids import BeliefId
from credimus.node.events import NodeEvent
from credimus.state.events import RoundDecided
from credimus.state.voting.verdict import Verdict

_SOON_MS = 1_000


class Deciding:
    """Who waits for which belief.

    Args:
        verdict: a belief's verdict here and now.
    """

    def __init__(self, verdict: Callable[[BeliefId], Verdict | None]) -> None:
        self._verdict = verdict
        self._waiting: dict[BeliefId, list[asyncio.Future[Verdict]]] = {}
        self._count = 0
        self._closed: CredimusError | None = None

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def wait(self, belief: BeliefId) -> "asyncio.Future[Verdict]":
        """Done when the belief has a certified verdict here; `forget` it to stop waiting.

        Raises:
            Unavailable: `overloaded`, when too many callers wait; what `close` was given.
        """
        future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        verdict = self._verdict(belief)
        if verdict is not None and verdict.decided:
            future.set_result(verdict)
            return future
        if self._closed is not None:
            raise self._closed.with_traceback(None)
        if self._count >= limits.WAITING_RECEIPTS_MAX:
            raise Unavailable(
                "overloaded", "too many callers wait for verdicts; try again later"
            ).after(_SOON_MS)
        self._count += 1
        self._waiting.setdefault(belief, []).append(future)
        return future

    def forget(self, belief: BeliefId, waiting: "asyncio.Future[Verdict]") -> None:
        """Nobody waits for this answer of `wait` any more."""
        others = self._waiting.get(belief)
        if others is not None and waiting in others:
            others.remove(waiting)
            self._count -= 1
            if not others:
                del self._waiting[belief]

    def note(self, events: Sequence[NodeEvent]) -> None:
        """Tell those whose beliefs were decided."""
        if not self._waiting:
            return
        for event in events:
            if type(event) is RoundDecided and event.belief in self._waiting:
                self._tell(event.belief)

    def close(self, reason: CredimusError) -> None:
        """Tell all who wait, and who comes later, why nothing is decided any more."""
        self._closed = reason
        waiting, self._waiting = self._waiting, {}
        self._count = 0
        for future in (one for futures in waiting.values() for one in futures):
            if not future.done():
                future.set_exception(reason)

    def _tell(self, belief: BeliefId) -> None:
        verdict = self._verdict(belief)
        if verdict is None or not verdict.decided:
            return
        waiting = self._waiting.pop(belief)
        self._count -= len(waiting)
        for future in waiting:
            if not future.done():
                future.set_result(verdict)

"""Small wrongs with recoveries, under which their sentences must fail; see table.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from credimus.kernel.instant import Now
from credimus.node.recovering.returning import Returning
from credimus.protocol.recovery.interface import SayAgain
from credimus.protocol.recovery.machine import Recovery
from credimus.sim.checkers.recovering import (
    a_recovered_member_keeps_its_word,
    a_recovered_node_agrees_with_all,
    a_recovering_node_never_contradicts_itself,
    recovery_loses_nothing_acknowledged,
)
from credimus.sim.fleet import Fleet
from credimus.sim.saboteurs.patching import patched


@contextmanager
def a_recovery_that_never_ends(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Nobody is told that it may write again."""

    def nothing(self: Recovery, *_: Any) -> None: ...

    with patched(Recovery, "_begin_saying", nothing):
        yield


@contextmanager
def a_recovery_that_waits_for_nobody(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """A damaged node writes on at once."""
    at_once: Any = property(lambda _: False)
    with patched(Recovery, "is_holding", at_once):
        yield


@contextmanager
def a_recovery_that_says_nothing_again(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """What can not be taken any more is let go silently."""
    tick = Returning.tick

    def silent(self: Returning, now: Now) -> None:
        step = self._step
        step.again = [one for one in step.again if not isinstance(one, SayAgain)]
        tick(self, now)

    with patched(Returning, "tick", silent):
        yield


@contextmanager
def a_recovery_that_forgets_its_answers(fleet: Fleet) -> Iterator[None]:  # noqa: ARG001
    """Who recovered votes anew, whatever it said before."""
    with patched(Recovery, "answers", lambda _: ()):
        yield


RECOVERY_WRONGS = (
    (a_recovery_that_never_ends, a_recovered_node_agrees_with_all, 8),
    (a_recovery_that_waits_for_nobody, a_recovering_node_never_contradicts_itself, 12),
    (a_recovery_that_says_nothing_again, recovery_loses_nothing_acknowledged, 12),
    (a_recovery_that_forgets_its_answers, a_recovered_member_keeps_its_word, 12),
)
"""Each with the sentence that it trips, and the virtual seconds that it needs to show."""

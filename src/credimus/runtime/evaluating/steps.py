"""What a chain of evaluators is made of: steps that answer at once, and slow ones."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeAlias

from credimus.kernel import limits
from credimus.kernel.errors import Unavailable
from credimus.kernel.fixed import MILLION
from credimus.protocol.voting.chain import Step
from credimus.protocol.voting.interface import Answer, Ballot, Left
from credimus.runtime.evaluating.inquiry import Inquiry
from credimus.state.operations import Choice

Judge: TypeAlias = Callable[[Inquiry], Awaitable[Answer]]
"""Answers in its own time.

Raises:
    Unavailable: `evaluator-unreachable` and others, when it gives no answer that can be used.
"""


class Slow(NamedTuple):
    """An evaluator that runs outside the core."""

    name: str
    judge: Judge
    timeout_ms: int
    on_failure: Answer
    """What stands for an answer that did not come or can not be used."""


AnyStep: TypeAlias = Step | Slow


def at_once(steps: Sequence[AnyStep]) -> list[Step]:
    """The steps before the first slow one: what comes after it must wait for its answer."""
    first: list[Step] = []
    for step in steps:
        if isinstance(step, Slow):
            break
        first.append(step)
    return first


def checked(answer: object) -> Answer:
    """An answer that may become a vote.

    Args:
        answer: None for leaving the question to the next evaluator.

    Raises:
        Unavailable: `evaluator-malformed`.
    """
    match answer:
        case None:
            return Left.NEXT
        case Left():
            return answer
        case Ballot(Choice(), int(), str()) if 0 <= answer.confidence <= MILLION and _travels(
            answer.reason
        ):
            return answer
    raise Unavailable(
        "evaluator-malformed",
        f"the evaluator gave {answer!r:.100}; it must give a Ballot with a confidence from 0 to "
        f"{MILLION} and at most {limits.REASON_BYTES_MAX} bytes of reason, a Left, or None.",
    )


def _travels(reason: str) -> bool:
    try:
        return len(reason.encode()) <= limits.REASON_BYTES_MAX
    except UnicodeEncodeError:
        return False

"""How a node votes, as people write it: a function from an inquiry to an answer.

It is asked beside the node's work, as the evaluator `callback` is; see runtime/evaluating/.
"""

import inspect
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, cast, get_args

import msgspec

from credimus.api.shapes.answers import ChoiceName
from credimus.kernel.errors import Unavailable
from credimus.kernel.fixed import millionths
from credimus.protocol.voting import interface
from credimus.runtime.evaluating.callback import Function
from credimus.runtime.evaluating.inquiry import Inquiry
from credimus.runtime.settings.settings import CallbackSettings, Settings
from credimus.state.operations import Choice

_CHOICES: Final[tuple[str, ...]] = get_args(ChoiceName)


class Ballot(msgspec.Struct, frozen=True):
    """An answer with its confidence and reason.

    Example:
        >>> credimus.Ballot("reject", 0.8, "the camera shows it shut").choice
        'reject'
    """

    choice: ChoiceName
    confidence: float = 1.0
    """0 to 1."""
    reason: str = ""
    """At most 512 bytes; signed with the vote."""


Opinion: TypeAlias = Ballot | ChoiceName | None
"""None leaves the vote open, for a later `vote`."""
Judge: TypeAlias = Callable[[Inquiry], Opinion] | Callable[[Inquiry], Awaitable[Opinion]]
"""A function, which is called in a thread, or a coroutine, which runs on the node's event loop.

One that fails, gives what is no answer, or takes too long abstains: see `[voting.callback]`.
"""


def function_of(judge: Judge) -> Function:
    """A judge as the node calls it."""
    if inspect.iscoroutinefunction(judge) or inspect.iscoroutinefunction(type(judge).__call__):
        begin = cast(Callable[[Inquiry], Awaitable[Opinion]], judge)

        async def awaited(inquiry: Inquiry) -> interface.Ballot | interface.Left:
            return _answer(await begin(inquiry))

        return awaited
    call = cast(Callable[[Inquiry], Opinion], judge)
    return lambda inquiry: _answer(call(inquiry))


def with_judge(settings: Settings) -> Settings:
    """Settings under which a judge is asked: as they are where they name one, else it alone."""
    voting = settings.voting
    if "callback" in voting.evaluators:
        return settings
    asked = msgspec.structs.replace(
        voting, evaluators=("callback",), callback=voting.callback or CallbackSettings()
    )
    return msgspec.structs.replace(settings, voting=asked)


def _answer(opinion: Opinion) -> interface.Ballot | interface.Left:
    if opinion is None:
        return interface.Left.OPEN
    given: object = Ballot(opinion) if isinstance(opinion, str) else opinion
    if not isinstance(given, Ballot) or given.choice not in _CHOICES:
        raise Unavailable(
            "evaluator-malformed",
            f"the judge answered {opinion!r:.100}; it must answer {', '.join(_CHOICES)}, a "
            "credimus.Ballot with one of these, or None.",
        )
    confidence = millionths(given.confidence, "confidence")
    return interface.Ballot(Choice[given.choice.upper()], confidence, given.reason)

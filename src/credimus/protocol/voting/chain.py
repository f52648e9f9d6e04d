"""Several evaluators as one: the first that answers gives the vote."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from credimus.protocol.voting.interface import Answer, Ballot, Left, Question

Step: TypeAlias = Callable[[Question], Answer]


class Chain:
    """Asks its steps in their order; what none of them answers is left open."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = tuple(steps)

    def evaluate(self, question: Question) -> Ballot | None:
        """The first step's answer, unless it passes the question on."""
        for step in self._steps:
            answer = step(question)
            if isinstance(answer, Ballot):
                return answer
            if answer is Left.OPEN:
                return None
        return None

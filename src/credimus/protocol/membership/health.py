"""How much we trust our own eyes: who is slow itself must not accuse others.

Source: Dadgar, Phillips, Currey, "Lifeguard" (2018), section IV-A: the local health multiplier.
"""


class Health:
    """A score from 0, well, to `score_max`; patience is multiplied by one more than it.

    It rises when something says that we are the slow one: a relay that was asked did not even say
    that it heard nothing, we were suspected, our own step came late. It falls with each probe that
    is answered.
    """

    __slots__ = ("_score_max", "score")

    def __init__(self, score_max: int) -> None:
        self._score_max = score_max
        self.score = 0

    @property
    def multiplier(self) -> int:
        """By what our waiting times are multiplied, 1 and up."""
        return self.score + 1

    def worse(self, count: int = 1) -> None:
        """So many signs that we are slow."""
        self.score = min(self._score_max, self.score + count)

    def better(self) -> None:
        """A probe was answered."""
        self.score = max(0, self.score - 1)

"""How much we trust our own eyes: who is slow itself must not accuse others.

Source: Dadgar, Phillips, Currey, "Lifeguard" (2018), section IV-A: the local health multiplier.
"""

from credimus.kernel.instant import Instant, Now
from credimus.protocol.membership.probing import Probe


class Health:
    """A score from 0, well, to `score_max`; patience is multiplied by one more than it.

    It rises when something says that we are the slow one: a relay that was asked did not even say
    that it heard nothing, we were suspected, our own step came late. It falls with each probe that
    is answered.
    """

    __slots__ = ("_score_max", "_unanswered_at", "score")

    def __init__(self, score_max: int) -> None:
        self._score_max = score_max
        self.score = 0
        self._unanswered_at = Instant(-1)
        """When a probe was last counted that nobody answered."""

    @property
    def multiplier(self) -> int:
        """By what our waiting times are multiplied, 1 and up."""
        return self.score + 1

    def worse(self, count: int = 1) -> None:
        """So many signs that we are slow."""
        self.score = min(self._score_max, self.score + count)

    def unanswered(self, probe: Probe, now: Now) -> None:
        """Neither a probed member nor those asked about it said anything, unless some said that
        they heard nothing. Probes that were under way at one moment are one sign: in a split they
        fail together, and whoever is cut off with few would wait ever longer for the next."""
        if probe.began > self._unanswered_at:
            count = len(probe.missing) if probe.relays else 1
            if count:
                self._unanswered_at = now.instant
                self.worse(count)

    def better(self) -> None:
        """A probe was answered."""
        self.score = max(0, self.score - 1)

"""How many blocks have come of those that are known to be wanted, and how long the rest takes.

Counted by the sequences of the chains: what members say that they hold is what is wanted, and it
is known only once they have answered. A member that lies about that spoils the estimate, and
nothing else.
"""

from collections.abc import Mapping

from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MILLISECOND, Instant
from credimus.lace.lace import Lace


class Pace:
    """How fast blocks come since this run began to gather."""

    def __init__(self, lace: Lace) -> None:
        self._lace = lace
        self._since = Instant(0)
        self._before = 0

    def begin(self, at: Instant) -> None:
        """Count from here on."""
        self._since, self._before = at, self._held()

    @property
    def came_count(self) -> int:
        """Blocks that have come."""
        return max(0, self._held() - self._before)

    def missing_count(self, told: Mapping[NodeId, int], known_count: int) -> int:
        """Blocks that are still wanted.

        Args:
            told: the highest sequence of each chain that members say they hold.
            known_count: those that this node knows of by itself.
        """
        lace = self._lace
        missing = 0
        for author, sequence in told.items():
            head = lace.head(author)
            if not lace.is_below(author, sequence):
                missing += max(0, sequence - (0 if head is None else head.sequence))
        return max(missing, known_count)

    def remaining_ms(self, missing_count: int, at: Instant) -> int | None:
        """As long as what is missing takes at the pace so far; None before anything came, and when
        nothing is missing: what is waited for then are words, not blocks."""
        came = self.came_count
        if not came or not missing_count:
            return None
        return (at - self._since) // MILLISECOND * missing_count // came

    def _held(self) -> int:
        heads = map(self._lace.head, self._lace.authors())
        return sum(head.sequence for head in heads if head is not None)

"""Times of the last answers, in whole microseconds: a peer's round trips, or the delays of all."""

from collections import deque

from credimus.kernel import limits


class Trips:
    """A small window; the oldest sample goes when a new one comes."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        self._samples: deque[int] = deque(maxlen=limits.TRIPS_MAX)

    def __len__(self) -> int:
        return len(self._samples)

    def note(self, trip_us: int) -> None:
        """Take a sample."""
        self._samples.append(max(0, trip_us))

    def least(self, count: int) -> int:
        """The least of the last so many samples; 0 of none."""
        return min(list(self._samples)[-count:], default=0)

    def percentile(self, percent: int) -> int | None:
        """The least sample that so many percent of all do not exceed (nearest rank); None of none.

        Args:
            percent: 1 to 100; 50 is the median.
        """
        if not self._samples:
            return None
        rank = -(-percent * len(self._samples) // 100)
        return sorted(self._samples)[max(1, rank) - 1]

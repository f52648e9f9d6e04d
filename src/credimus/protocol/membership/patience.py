"""How long an answer is waited for: as far as the peer is, and as busy as all have been lately.

A round trip is a distance, the peer's own, and a delay on top, which whoever is busy causes. In a
large fleet a peer is probed by us once in a minute, so what its last answers took says how far it
is and not how busy it, or we, are now: of these the least counts. The delays of all peers' last
answers, a few seconds old, say the rest [measured: 50 nodes started at once on two cores, where the
percentile of each peer's own answers still made waiting three times longer a minute later].

Source: Jacobson, "Congestion Avoidance and Control" (SIGCOMM 1988): what is waited is the usual
trip and a multiple of how far trips stray from it. Departs: how far they stray is found over all.
"""

from credimus.kernel.instant import MICROSECOND
from credimus.protocol.membership.interface import MembershipConfig
from credimus.protocol.membership.trips import Trips


class Patience:
    """That of one node, before its health multiplies it."""

    def __init__(self, config: MembershipConfig) -> None:
        self._config = config
        self._delays = Trips()
        """Of the last answers of all peers."""

    def note(self, trips: Trips, trip_us: int) -> bool:
        """An answer took so long; `trips` are its sender's. One that nobody would have waited for
        says that its sender stood still, and nothing of the others.

        Returns:
            whether it would be waited for longer than the least, on the word of few answers: those
            that were given when the fleet started may all have been late.
        """
        trips.note(trip_us)
        if trip_us * MICROSECOND <= self._config.patience_ns_max:
            self._delays.note(trip_us - trips.least(_DISTANCE_TRIPS))
        known_ns = _TIMES * trips.least(_DISTANCE_TRIPS) * MICROSECOND
        return known_ns > self._config.direct_ns and len(trips) < _DISTANCE_TRIPS

    def wait_ns(self, trips: Trips, least_ns: int) -> int:
        """How long the next answer of a peer is waited for.

        Args:
            least_ns: what it has at least; what is known makes it longer, to `patience_ns_max`.
        """
        expected_us = trips.least(_DISTANCE_TRIPS) + (self._delays.percentile(_DELAY_PERCENT) or 0)
        known_ns = min(_TIMES * expected_us * MICROSECOND, self._config.patience_ns_max)
        return max(least_ns, known_ns)


_TIMES = 3
"""Times the expected round trip that is waited. [guess]"""
_DELAY_PERCENT = 75
"""Of the delays. [guess: one busy peer does not make us wait longer for all]"""
_DISTANCE_TRIPS = 4
"""A peer's last answers of which the least is its distance. [guess: after so many a longer way is
known as such]"""

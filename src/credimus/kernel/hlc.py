"""A hybrid logical clock: stamps that respect causality and stay close to wall time.

Source: Kulkarni, Demirbas, Madappa, Avva, Leone, "Logical Physical Clocks" (OPODIS 2014), section
3.
Departs: milliseconds and the logical counter share one 64-bit integer (48 and 16 bits), so that
stamps compare as plain integers; a full logical counter carries into the milliseconds. Only stamps
too far in the future are refused: after a long partition old stamps are normal.
"""

from typing import NewType

from credimus.kernel.errors import PeerFault

Stamp = NewType("Stamp", int)
"""Milliseconds since the Unix epoch in the upper 48 bits, a logical counter in the lower 16."""

LOGICAL_BITS = 16
STAMP_MAX = (1 << 63) - 1


def stamp_of(wall_ms: int, logical: int = 0) -> Stamp:
    """The stamp of a wall-clock reading in milliseconds."""
    return Stamp((wall_ms << LOGICAL_BITS) | logical)


def wall_ms_of(stamp: int) -> int:
    """The milliseconds since the Unix epoch that a stamp carries."""
    return stamp >> LOGICAL_BITS


class HybridClock:
    """Gives stamps, each greater than every stamp it gave or observed before.

    Invariant: `last` never decreases. A restarted node passes the greatest stamp it ever made
    durable, so nothing is repeated after a restart.
    """

    __slots__ = ("_last", "_skew_ms_max")

    def __init__(self, skew_ms_max: int, last: int = 0) -> None:
        self._last = last
        self._skew_ms_max = skew_ms_max

    @property
    def last(self) -> Stamp:
        """The greatest stamp given or observed so far."""
        return Stamp(self._last)

    def next(self, wall_ms: int) -> Stamp:
        """A new stamp: the wall reading when it is ahead, else the last stamp plus one."""
        self._last = max(wall_ms << LOGICAL_BITS, self._last + 1)
        return Stamp(self._last)

    def check(self, remote: int, wall_ms: int) -> None:
        """Refuse a stamp too far in the future; changes nothing.

        Raises:
            PeerFault: `stamp-too-far-in-future`, naming both times.
        """
        ahead_ms = (remote >> LOGICAL_BITS) - wall_ms
        if ahead_ms > self._skew_ms_max:
            raise PeerFault(
                "stamp-too-far-in-future",
                f"stamp is {ahead_ms} ms ahead of our clock; at most {self._skew_ms_max} ms is "
                "taken. Check the clocks of both nodes.",
            )

    def observe(self, remote: int) -> None:
        """Take note of a stamp that passed `check`; later stamps will be greater.

        The logical part needs no case of its own: `next` always exceeds `last`, also when the
        remote reading equals our wall clock.
        """
        self._last = max(self._last, remote)

"""How long own blocks took until all were known to hold them: the last of each urgency.

Measured from sealing to the moment at which the last node that is there has shown, by a block of
its own, that it holds ours: so the way back is in it.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import MICROSECOND, SECOND, Instant
from credimus.protocol.dissemination.estimating import Measured, Topology
from credimus.protocol.dissemination.urgency import Urgency


class _Sealed(NamedTuple):
    sequence: int
    urgency: Urgency
    at: Instant


class Convergence:
    """The measurements of one node."""

    def __init__(self) -> None:
        self._sealed: deque[_Sealed] = deque()
        self._measured: dict[Urgency, deque[Measured]] = {
            urgency: deque(maxlen=limits.CONVERGENCE_KEPT_MAX) for urgency in Urgency
        }
        self.unmeasured_count = 0
        """Blocks let go before all were known to hold them."""

    def measured(self, urgency: Urgency) -> Sequence[Measured]:
        """The last measurements of an urgency, oldest first."""
        return self._measured[urgency]

    def sealed(self, sequence: int, urgency: Urgency, at: Instant) -> None:
        """A block of ours begins its way."""
        if len(self._sealed) >= limits.CONVERGENCE_WAITING_MAX:
            self._sealed.popleft()
            self.unmeasured_count += 1
        self._sealed.append(_Sealed(sequence, urgency, at))

    def held(
        self,
        held: Mapping[NodeId, int],
        there: Sequence[NodeId],
        topology: Topology,
        at: Instant,
    ) -> None:
        """Somebody has shown what it holds.

        Args:
            held: the last of our blocks that each is known to hold.
            there: the other nodes that are waited for.
        """
        sealed = self._sealed
        while sealed and at - sealed[0].at > _FORGOTTEN_NS:
            sealed.popleft()
            self.unmeasured_count += 1
        if not there or not sealed:
            return
        least = sealed[0].sequence
        if any(held.get(one, 0) < least for one in there):  # the usual case, found early
            return
        floor = min(held[one] for one in there)
        while sealed and sealed[0].sequence <= floor:
            one = sealed.popleft()
            duration_us = (at - one.at) // MICROSECOND
            self._measured[one.urgency].append(Measured(duration_us, len(there) + 1, topology))


_FORGOTTEN_NS = 60 * SECOND
"""What is not answered so long is not measured: the block that shows it answers something else.
[guess]"""

"""Which blocks a node asks for by name: what waits lacks them, or a recovery does."""

from credimus.kernel import limits
from credimus.kernel.ids import BlockId
from credimus.lace.orphans import Orphans
from credimus.protocol.recovery.machine import Recovery


class Wants:
    """Missing blocks, of the orphans' room and of a recovery."""

    def __init__(self, orphans: Orphans) -> None:
        self._orphans = orphans
        self.recovery: Recovery | None = None
        """Set once it is made."""

    def wanted(self, count: int) -> list[BlockId]:
        """Missing blocks, those of a recovery first, then the oldest."""
        recovery = self.recovery
        if recovery is None or not recovery.is_busy:
            return self._orphans.wanted(count)
        return recovery.wanted(self._orphans.wanted(limits.RECOVERY_LOOSE_MAX), count)

"""What the library says about splits and recoveries of a node in this process."""

from typing import Unpack

from credimus.api.endpoints.partitions import partitions_view
from credimus.api.endpoints.recovery import recovery_view, reunited
from credimus.api.endpoints.violations import violations_view
from credimus.api.shapes.partitions import Partitions
from credimus.api.shapes.recovery import RecoveryAnswer
from credimus.api.shapes.reunion import RecoveryAsked
from credimus.api.shapes.violations import Violations
from credimus.library.fields import Reuniting, read
from credimus.runtime.daemon import Daemon


class Troubles:
    """The part of a node that is about splits and recoveries."""

    @property
    def _daemon(self) -> Daemon:
        raise NotImplementedError

    def partitions(self) -> Partitions:
        """Who is in reach, and the diary of splits, newest first.

        Example:
            >>> (node.partitions().level, node.partitions().reachable)
            ('none', 1)
        """
        return partitions_view(self._daemon)

    def violations(self) -> Violations:
        """What was found against members, who says so, and how this node holds them.

        Example:
            >>> (node.violations().violations, node.violations().threshold)
            ([], 8)
        """
        return violations_view(self._daemon)

    def recovery(self) -> RecoveryAnswer:
        """The node's last recovery, from a damaged store or after a long absence, and its last
        reunion.

        Example:
            >>> node.recovery().recovery is None
            True
        """
        return recovery_view(self._daemon)

    async def recover(self, action: str = "plan", **options: Unpack[Reuniting]) -> RecoveryAnswer:
        """Plan, begin or take back a reunion of what parts of the fleet decided apart.

        Args:
            action: `plan` looks only; `begin` carries out the plan named by `plan=`; `abort` takes
                back what the last reunion said.

        Raises:
            Conflict: `plan-changed`, `reunion-under-way`.
            NotFound: `unknown-partition`, `no-reunion`.

        Example:
            >>> found = await node.recover(strategy="multi_value")
            >>> found.plan.steps
            []
        """
        return await reunited(self._daemon, read(RecoveryAsked, {"action": action, **options}))

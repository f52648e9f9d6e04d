"""Who sees all that a simulated fleet does."""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from credimus.kernel.ids import BlockId
from credimus.lace.block import Block
from credimus.node.commands import AnyCommand, Written
from credimus.node.node import NodeEffects
from credimus.sim.host import Host

Done: TypeAlias = list[tuple[AnyCommand, Written]]


class Watcher(Protocol):
    """Sees all that a fleet does; a checker is one."""

    def persisted(self, host: Host, blocks: Sequence[Block]) -> None:
        """Blocks became durable."""
        ...

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:
        """A step reached its end: callers were told."""
        ...

    def started(self, host: Host) -> None:
        """A node was restored from its disk."""
        ...

    def replaced(self, host: Host, lost: frozenset[BlockId]) -> None:
        """A computer got an empty disk and new keys.

        Args:
            lost: blocks that were on the old disk and are safe on no other honest one.
        """
        ...

    def recovered(self, host: Host, gone: frozenset[BlockId], alone: frozenset[BlockId]) -> None:
        """A damaged disk was recovered; `Checker.recovered` says what is given."""
        ...

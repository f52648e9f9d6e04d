"""Vouches for all members in one block, as soon as some came.

A certificate shows how each elector became a member. Who joined by ticket was admitted in a block
of its own; one later block that vouches for all is shown in their place. Whoever admitted last says
it, or in turn whoever may admit; under a quorum as many as that.

Deliberately not here: what vouching means (nothing, to nodes: state/membership/vouches.py), which
blocks a certificate shows (certificate/showing.py).
"""

from collections.abc import Collection
from typing import Any

from credimus.kernel.effects import Effects
from credimus.kernel.ids import NodeId
from credimus.kernel.instant import Instant, Now, after
from credimus.lace.lace import Lace
from credimus.protocol.vouching.choosing import task_of
from credimus.protocol.vouching.interface import (
    MembersChanged,
    SayTogether,
    VouchingConfig,
    VouchingEffects,
)
from credimus.state.fleet import FleetState


class Vouching:
    """What one node says of all members.

    Args:
        own: the members that it hosts.
    """

    def __init__(
        self, config: VouchingConfig, state: FleetState, lace: Lace, own: Collection[NodeId]
    ) -> None:
        self._config = config
        self._state = state
        self._lace = lace
        self._own = own
        self._since = Instant(0)
        self._due: Instant | None = None

    def handle(self, event: MembersChanged, now: Now) -> VouchingEffects:  # noqa: ARG002
        """Look whether there is something to say; turns are counted from the first change on."""
        if self._due is None:
            self._since = now.instant
        self._due = now.instant
        return Effects()

    def deadline(self) -> Instant | None:
        """When to look next."""
        return self._due

    def tick(self, now: Now) -> Effects[Any, Any, Any]:
        """Say what is to be said, when it is our turn."""
        if self._due is None or now.instant < self._due:
            return Effects()
        config = self._config
        task = task_of(self._state, self._lace, self._own, config.scattered_max)
        if task is None:
            self._due = None
            return Effects()
        turn = after(self._since, task.rank * config.turn_ns)
        if now.instant < turn:
            self._due = turn
            return Effects()
        self._since = now.instant
        self._due = after(now.instant, config.turn_ns)
        return Effects(emit=[SayTogether(task.author, task.operations)])

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
from credimus.protocol.vouching.choosing import Task, task_of
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
        task = task_of(self._state, self._lace, self._own, self._config.scattered_max)
        if task is None:
            self._due = None
            return Effects()
        turn = after(self._since, task.rank * self._config.turn_ns)
        if now.instant < turn:
            self._due = turn
            return Effects()
        return self._say(task, now)

    def proposing(self, now: Now) -> Effects[Any, Any, Any]:
        """One of ours is about to propose: where the certificate would show many admissions, it
        vouches before, whoever's turn it is."""
        if self._due is None:
            return Effects()
        task = task_of(self._state, self._lace, self._own, self._config.scattered_max)
        if task is None or task.blocks <= self._config.scattered_max:
            return Effects()
        return self._say(task, now)

    def _say(self, task: Task, now: Now) -> Effects[Any, Any, Any]:
        self._since = now.instant
        self._due = after(now.instant, self._config.turn_ns)
        return Effects(emit=[SayTogether(task.author, task.operations)])

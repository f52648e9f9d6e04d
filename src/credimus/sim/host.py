"""One simulated computer: a disk that survives, a node that does not, and their clock."""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from credimus.kernel import limits
from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import FleetId, NodeId
from credimus.kernel.instant import Now
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AnyCommand, Written
from credimus.node.config import Config
from credimus.node.node import Node
from credimus.protocol.voting.interface import Evaluator
from credimus.sim.clock import moment
from credimus.sim.disk import Disk


class Lane(IntEnum):
    """Where in a step a crash strikes."""

    BEFORE_PERSIST = 0
    """Nothing of the step is left."""
    AFTER_PERSIST = 1
    """Durable, but nobody was told."""
    AMID_SENDS = 2
    """Some peers were told."""
    BEFORE_EMIT = 3
    """All peers were told, our own callers were not."""


Order: TypeAlias = Callable[[Node], AnyCommand | None]
"""Chooses a command when its time has come, from what the node knows then."""
EvaluatorOf: TypeAlias = Callable[[int, int], Evaluator | None]
"""The evaluator of the node at a place in its n-th life; None for the default."""


class MemberKey(NamedTuple):
    """A member's name and what it signs with."""

    name: str
    signer: SeedSigner


class Host:
    """A place in the fleet.

    Args:
        members: the node's own first; those after it are hosted.

    Invariant: `node` is None while it is down; `life` counts its starts.
    """

    def __init__(self, place: int, entropy: Entropy, members: Sequence[MemberKey]) -> None:
        self.place = place
        self._entropy = entropy
        self.members = members
        self.signers = [member.signer for member in members]
        self.disk = Disk()
        self.node: Node | None = None
        self.life = 0
        self.skew_ms = 0
        self.inbox: list[tuple[NodeId, bytes]] = []
        self.orders: list[Order] = []
        self.done: list[tuple[AnyCommand, Written]] = []
        self.crash_at: Lane | None = None
        self.busy = False
        self.paused_until_ns = 0
        self.wake_ns: int | None = None
        self.dropped_count = 0

    @property
    def id(self) -> NodeId:
        """The node's own id."""
        return self.signers[0].node_id

    @property
    def running(self) -> Node:
        """The node, which is up."""
        assert self.node is not None  # noqa: S101 - the caller looked
        return self.node

    def now(self, now_ns: int) -> Now:
        """What its clocks show."""
        return moment(now_ns, self.skew_ms)

    def start(self, fleet: FleetId, config: Config, evaluator: Evaluator | None, now: Now) -> None:
        """Begin a life from what the disk holds."""
        self.life += 1
        entropy = self._entropy.child(f"life-{self.life}")
        self.node = Node(fleet, self.signers, config, entropy, evaluator)
        self.node.restore(self.disk.wires())
        self.node.resume(now)

    def stop(self) -> None:
        """Lose all that is not on disk."""
        self.node = None
        self.inbox.clear()
        self.orders.clear()
        self.done.clear()
        self.crash_at = None
        self.busy = False
        self.wake_ns = None
        self.paused_until_ns = 0

    def hear(self, sender: NodeId, payload: bytes) -> bool:
        """Take a message into the inbox; False when it is full, or nobody is up."""
        if self.node is None or len(self.inbox) >= limits.INBOX_MAX:
            self.dropped_count += 1
            return False
        self.inbox.append((sender, payload))
        return True

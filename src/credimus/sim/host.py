"""One simulated computer: a disk that survives, a node that does not, and their clock."""

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from credimus.kernel.effects import Wake
from credimus.kernel.entropy import Entropy
from credimus.kernel.ids import BlockId, FleetId, NodeId
from credimus.kernel.inbox import Inbox
from credimus.kernel.instant import Now
from credimus.lace.seal import SeedSigner
from credimus.node.commands import AnyCommand, Written
from credimus.node.config import Config
from credimus.node.node import Node, NodeEffects
from credimus.node.recovering.salvaging import Read, salvage
from credimus.node.saying.sealing import OWNER
from credimus.protocol.recovery.recalling import recalled
from credimus.protocol.voting.interface import Evaluator
from credimus.sim.clock import WallClock, moment
from credimus.sim.disk import Disk

TAPE_MAX = 256
"""Messages that a liar keeps to play again. [guess]"""


class Lane(IntEnum):
    """Where in a step a crash strikes."""

    BEFORE_PERSIST = 0
    """Nothing of the step is left but what was passed on, and maybe the snapshot under it."""
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
        self.wall = WallClock()
        self.inbox = Inbox()
        self.calm = Inbox()
        """What wakes nobody; taken by a step that has leisure."""
        self.orders: list[Order] = []
        self.done: list[tuple[AnyCommand, Written]] = []
        self.crash_at: Lane | None = None
        self.busy = False
        self.is_waited_for = False
        """Whether callers wait for verdicts: then they are told amid a step what it heard."""
        self.is_amid_step = False
        """Whether the first half of a step is done."""
        self.is_stuck = False
        """Whether a step waits for room on the disk."""
        self.paused_until_ns = 0
        self.slow_ns = 0
        """How much longer each of its steps takes."""
        self.wake_ns: int | None = None
        self.dropped_count = 0
        self.replaced_count = 0
        """Disks that were replaced, each with the identities on it."""
        self.recovers = False
        """Whether a damaged disk is recovered instead."""
        self.forgets_names = False
        """Whether altered rows do not even say what they are called."""
        self.recovered_count = 0
        """Disks that were recovered."""
        self.former: list[SeedSigner] = []
        """Keys that its own member had before."""
        self.next: MemberKey | None = None
        """The key that is to take its own member's place."""
        self.lies = False
        """Whether its first member lies on purpose; then it is promised nothing."""
        self.withheld: frozenset[int] = frozenset()
        """Places to which a liar sends no blocks."""
        self.tape: list[bytes] | None = None
        """What a liar has heard, to play it again."""

    @property
    def id(self) -> NodeId:
        """The node's own id."""
        return self.signers[0].node_id

    @property
    def running(self) -> Node:
        """The node, which is up."""
        assert self.node is not None  # noqa: S101 - the caller looked
        return self.node

    @property
    def ids(self) -> set[NodeId]:
        """All ids that its own member ever had on this disk."""
        return {self.id, *(one.node_id for one in self.former)}

    @property
    def has_successor(self) -> bool:
        """Whether a new key took the old one's place, as the disk says."""
        owner = dict(self.disk.facts("identity")).get(OWNER, b"")
        return self.next is not None and owner[-16:] == self.next.signer.node_id

    def now(self, now_ns: int) -> Now:
        """What its clocks show."""
        return moment(now_ns, self.wall.skew_ms(now_ns))

    def start(self, fleet: FleetId, config: Config, evaluator: Evaluator | None, now: Now) -> None:
        """Begin a life from what the disk holds.

        Raises:
            StorageError: `corrupt`; it stays down.
        """
        wires = self.disk.wires()
        self.life += 1
        self._take_next_key()
        entropy = self._entropy.child(f"life-{self.life}")
        self.node = Node(fleet, self.signers, config, entropy, evaluator)
        self.node.compacting.read = self.disk.wires_of
        self.node.lend(self.former)
        if self.disk.snapshot is not None:
            self.node.restore_snapshot(self.disk.snapshot)
        self.node.restore(wires)
        self.node.recall(self.disk.facts)
        self.node.resume(now)

    def _take_next_key(self) -> None:
        """As every start does: what is durable of a new key is brought to its end, else it is
        forgotten."""
        if self.next is not None and self.has_successor:
            self.former.append(self.signers[0])
            self.members = [self.next, *self.members[1:]]
            self.signers = [member.signer for member in self.members]
        self.next = None

    def recover_disk(self, fleet: FleetId, config: Config, wall_ms: int) -> list[BlockId]:
        """Keep what is intact on a damaged disk, as `credimus recover` does; returns the blocks
        that were altered."""
        wires, altered = self.disk.intact()
        node = Node(fleet, self.signers, config, self._entropy.child("salvage"))
        if self.disk.snapshot is not None:
            node.restore_snapshot(self.disk.snapshot)
        named = () if self.forgets_names else altered
        earlier = recalled(self.disk.facts)
        read = Read(wires, named, is_accounted=not self.forgets_names, earlier=earlier)
        salvaged = salvage(node, self.signers, read, wall_ms)
        self.disk.refill(salvaged.blocks, salvaged.records)
        self.recovered_count += 1
        return altered

    def replace_disk(self) -> None:
        """Give a computer that is down an empty disk, and new keys: those on the old one are lost,
        and whoever may have forgotten what he signed must not sign again."""
        self.replaced_count += 1
        keys = self._entropy.stream(f"keys-{self.replaced_count}")
        self.disk = Disk()
        self.members = [
            MemberKey(f"{member.name} again", SeedSigner(keys.octets(32)))
            for member in self.members
        ]
        self.signers = [member.signer for member in self.members]
        self.former, self.next = [], None

    def stop(self) -> None:
        """Lose all that is not on disk."""
        self.node = None
        self.inbox.clear()
        self.calm.clear()
        self.orders.clear()
        self.done.clear()
        self.crash_at = None
        self.busy = self.is_stuck = self.is_amid_step = False
        self.wake_ns = None
        self.paused_until_ns = 0

    def write(self, effects: NodeEffects, base: bytes | None, *, synced: bool) -> None:
        """Make a step durable; first the snapshot that it put into force, if it did.

        Raises:
            StorageError: `disk-full`.
        """
        if base is not None:
            self.disk.keep(base)
        if effects.persist or effects.remember:
            self.disk.append(effects.persist, effects.remember, synced=synced)
        elif synced:
            self.disk.sync()

    def hear(self, sender: NodeId, payload: bytes, wake: Wake = Wake.NOW) -> bool:
        """Take a message into an inbox; False when it is full, or nobody is up."""
        inbox = self.calm if wake is Wake.NEVER else self.inbox
        if self.node is None or inbox.put([(sender, payload)]):
            self.dropped_count += 1
            return False
        if self.tape is not None and len(self.tape) < TAPE_MAX:
            self.tape.append(payload)
        return True


def safe_elsewhere(host: Host, hosts: Iterable[Host]) -> set[BlockId]:
    """What is on the disks of other honest computers; for membership only."""
    others = (other for other in hosts if other is not host and not other.lies)
    return {identifier for other in others for identifier in other.disk.synced_ids()}


def alone_on(host: Host, hosts: Iterable[Host]) -> list[BlockId]:
    """A node's own blocks that are on no other honest disk, in order."""
    safe = safe_elsewhere(host, hosts)
    chain = host.running.lace.walk(0, host.id)
    return [place.id for place in chain if place.id in host.disk and place.id not in safe]


def default_members(computers: int, members_each: int, entropy: Entropy) -> list[list[MemberKey]]:
    """So many members at each place, with keys drawn from the seed."""
    keys = entropy.stream("keys")
    return [
        [
            MemberKey(f"member {place}.{index}", SeedSigner(keys.octets(32)))
            for index in range(members_each)
        ]
        for place in range(computers)
    ]

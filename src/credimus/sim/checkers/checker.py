"""What a checker is: one sentence about a whole fleet, with hooks into all that the fleet does.

A new one is a class here or in a module of its own, a line in `ALL` (table.py), and a saboteur
under which it must fail (saboteurs/table.py).
"""

from collections.abc import Sequence

import msgspec

from credimus.kernel.entropy import Stream
from credimus.kernel.ids import BlockId, NodeId
from credimus.lace.block import Block
from credimus.node.node import NodeEffects
from credimus.protocol.checkpointing.cutting import last_below
from credimus.protocol.checkpointing.proof import read_base
from credimus.sim.checkers.record import Record
from credimus.sim.fleet import Fleet
from credimus.sim.host import Host
from credimus.sim.watcher import Done

VIOLATIONS_MAX = 50
"""Violations kept of one run. [guess: the first few tell]"""


class Violation(msgspec.Struct, frozen=True):
    """A sentence that did not hold."""

    checker: str
    at_ns: int
    message: str


class Watch:
    """What all checkers share: the fleet, the record and the list of violations."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.record = Record()
        self.violations: list[Violation] = []
        self.clocks_are_sound = True
        """Whether wall clocks stay as close as the fleet demands."""
        self.names_are_sound = True
        """Whether nobody sends messages in the names of honest members."""

    @property
    def liars(self) -> list[NodeId]:
        """Who lies."""
        return [host.id for host in self.fleet.hosts if host.lies]

    @property
    def honest(self) -> list[Host]:
        """The honest computers whose node runs, in order."""
        return [host for host in self.fleet.up if not host.lies]


class Checker:
    """One sentence. Every hook does nothing unless a checker needs it."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch

    @property
    def sentence(self) -> str:
        """The name under which it reports."""
        return type(self).__name__

    def fail(self, message: str) -> None:
        """Report a violation."""
        if len(self.watch.violations) < VIOLATIONS_MAX:
            now_ns = self.watch.fleet.agenda.now_ns
            self.watch.violations.append(Violation(self.sentence, now_ns, message))

    def noted(self, host: Host, block: Block) -> None:
        """A block became durable on this disk."""

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:
        """A step reached its end."""

    def started(self, host: Host) -> None:
        """A node was restored."""

    def replaced(self, host: Host, lost: frozenset[BlockId]) -> None:
        """A computer got an empty disk and new keys; what was lost is on no other disk."""

    def recovered(self, host: Host, gone: frozenset[BlockId], alone: frozenset[BlockId]) -> None:
        """A damaged disk was recovered.

        Args:
            gone: altered blocks that are safe on no other honest disk.
            alone: those, and intact blocks that wait for predecessors, if no other honest disk has
                them.
        """

    def sample(self) -> None:
        """Now and then, while faults rage."""

    def finish(self, stream: Stream) -> None:
        """At the very end."""


class Board:
    """Passes what the fleet does on to the checkers that have a use for it."""

    def __init__(self, checkers: Sequence[Checker]) -> None:
        hooks = (
            Checker.noted,
            Checker.emitted,
            Checker.started,
            Checker.replaced,
            Checker.recovered,
        )
        self._noted, self._emitted, self._started, self._replaced, self._recovered = (
            [one for one in checkers if getattr(type(one), hook.__name__) is not hook]
            for hook in hooks
        )

    def persisted(self, host: Host, blocks: Sequence[Block]) -> None:
        """Blocks became durable."""
        for block in blocks:
            for checker in self._noted:
                checker.noted(host, block)

    def emitted(self, host: Host, effects: NodeEffects, done: Done) -> None:
        """A step reached its end."""
        for checker in self._emitted:
            checker.emitted(host, effects, done)

    def started(self, host: Host) -> None:
        """A node was restored."""
        for checker in self._started:
            checker.started(host)

    def replaced(self, host: Host, lost: frozenset[BlockId]) -> None:
        """A computer got an empty disk and new keys."""
        for checker in self._replaced:
            checker.replaced(host, lost)

    def recovered(self, host: Host, gone: frozenset[BlockId], alone: frozenset[BlockId]) -> None:
        """A damaged disk was recovered."""
        for checker in reversed(self._recovered):  # the first one cuts the record
            cuts = _cuts_on_disk(checker.watch)
            let_go = {one for one in alone if _is_let_go(checker.watch, cuts, one)}
            checker.recovered(host, gone - let_go, alone - let_go)


def _cuts_on_disk(watch: Watch) -> list[dict[NodeId, int]]:
    """The last sequences below the cuts of all snapshots, also of computers that are down."""
    kept = [host.disk.snapshot for host in watch.fleet.hosts if not host.lies]
    return [last_below(read_base(one).proof.said.cut) for one in kept if one is not None]


def _is_let_go(watch: Watch, cuts: list[dict[NodeId, int]], block: BlockId) -> bool:
    """Whether a block is on no disk because it is in a snapshot."""
    known = watch.record.blocks.get(block)
    return known is not None and any(
        known.header.sequence <= last.get(known.author, 0) for last in cuts
    )

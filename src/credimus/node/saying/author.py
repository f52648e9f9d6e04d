"""An author collects operations in an open block and seals them when the node steps.

A busy node steps when the previous write has become durable, so batches grow with load and latency
does not: one signature and one disk write per block.
"""

from collections.abc import Callable, Collection, Sequence

from credimus.kernel import limits
from credimus.kernel.codec import encode
from credimus.kernel.errors import TOO_MANY_REQUESTS, StorageError, Unavailable, UsageError
from credimus.kernel.hlc import Stamp, stamp_of, wall_ms_of
from credimus.kernel.ids import BeliefId, BlockId, FleetId, NodeId
from credimus.lace.allowance import BLOCK_UNITS, BYTES_PER_UNIT, burst_of, left_before
from credimus.lace.block import (
    NO_PREVIOUS,
    VERSION,
    Block,
    Header,
    root_of,
    write_predecessors,
)
from credimus.lace.lace import Lace, Place
from credimus.lace.seal import Signer, pack_leaves, seal
from credimus.state.beliefs import Beliefs
from credimus.state.category_limits import CategoryLimits, Marks
from credimus.state.member_operations import Appoint, Expel, Expose, Rotate
from credimus.state.membership.members import Members
from credimus.state.membership.roster import Roster
from credimus.state.operations import (
    Admit,
    Assert,
    Leave,
    Operation,
    Propose,
    Relate,
    Vote,
    Votes,
)

_CHANGES_ROSTER = frozenset({Admit, Appoint, Leave, Rotate, Expose, Expel})
_BODY_BYTES_MAX = limits.BLOCK_BYTES_MAX - 8_192  # leaves room for the header and its parents
_FEW = ((5, (32, 2)), (8, (8, 2)), (16, (4, 2)), (24, (3, 2)), (160, (3, 1)))
_FEWEST = 2, 1
"""Up to how many members, times those that admit each, a block with votes has how many operations,
with how many votes each; more votes go into further blocks. In a certificate each doubling of
operations costs 40 bytes a vote, a second vote 32, each member some 80, and each that vouches 200.
[measured: so certificates keep to their size under any load]"""
_WHOLE_BLOCK = limits.BLOCK_OPERATIONS_MAX, _BODY_BYTES_MAX
_CRUMB_BYTES = 128 * BYTES_PER_UNIT  # less is not worth a block while more waits
_SOON_MS = 1_000
NORMAL = 1
_SHARES = (2, 3, 4)
"""Quarters of the room that work of each urgency may fill."""


class Author:
    """One chain that this node writes.

    Invariant: operations are sealed in the order said, and the votes behind them, so that a vote
    comes after what was said before it, and votes share as few operations as can be. Only what a
    limit by category puts off comes later.
    """

    __slots__ = (
        "_began_behind", "_beliefs", "_category_limits", "_changes_roster", "_claims", "_few",
        "_fleet", "_lace", "_open", "_open_units", "_signer", "_votes", "_votes_each", "forked",
        "id", "is_held_back", "proposes", "proposing", "units_per_s_max",
    )  # fmt: skip

    def __init__(self, signer: Signer, fleet: FleetId, lace: Lace, beliefs: Beliefs) -> None:
        self.id: NodeId = signer.node_id
        self._signer = signer
        self._fleet = fleet
        self._lace = lace
        self._beliefs = beliefs
        self._open: list[Operation] = []
        self._votes: list[Vote] = []
        self._claims = 0
        self.proposing: set[BeliefId] = set()
        """Beliefs that the open block proposes."""
        self.proposes = False
        """Whether some proposal stands in the open block: then it is to be sealed in the roster
        with which it was said, because it is judged by that of its own past."""
        self._changes_roster = False
        self.forked = False
        """Whether our own chain was seen forked; then nothing more is written to it."""
        self.units_per_s_max = 0
        """What the fleet lets each member write; 0 for no limit. The node keeps it current."""
        self._category_limits: CategoryLimits | None = None
        self._began_behind: BlockId | None = None
        """Where our key took the place of an older one, whose allowance goes on."""
        self._few, self._votes_each = _few_of(1)
        self._open_units = 0
        """What the open block will cost at most, kept while there is a limit."""
        self.is_held_back = False
        """Whether something waits that the fleet's limit does not let us write yet."""

    @property
    def public_key(self) -> bytes:
        """The key that verifies this author's blocks."""
        return self._signer.public

    @property
    def sequence(self) -> int:
        """The sequence of the last sealed block; 0 before the first."""
        head = self._lace.head(self.id)
        return head.sequence if head is not None else 0

    @property
    def has_open(self) -> bool:
        """Whether something waits to be sealed."""
        return bool(self._open or self._votes)

    @property
    def place(self) -> Place | None:
        """Where what we may write is reckoned from; None where it is all that anybody may."""
        head = self._lace.head(self.id)
        if head is None and self._began_behind is not None:
            return self._lace.get(self._began_behind)
        return head

    def obey(self, roster: Roster) -> None:
        """Keep to what the fleet allows its members."""
        self.units_per_s_max, self._category_limits = roster.units_per_s_max, roster.category_limits
        took = roster.current.law.successions.get(self.id)
        self._began_behind = None if took is None else took.spot.block
        self._few, self._votes_each = _few_of(len(roster.current) * roster.current.law.quorum)

    def check_category(self, category: str, wall_ms: int) -> None:
        """Refuse to state one more belief of a category than the fleet allows by now.

        Raises:
            Unavailable: `rate-limited`, saying when to ask again.
        """
        limits = self._category_limits
        limit = None if limits is None else limits.of(category)
        if limits is None or limit is None:
            return
        place = self.place
        marks: Marks = ()
        earliest_ms = wall_ms
        if place is not None:  # our clock may have been ahead, or was set back
            marks, earliest_ms = place.marks, max(wall_ms, wall_ms_of(place.stamp))
        waiting = sum(type(one) is Assert and one.category == category for one in self._open)
        free_ms = limits.free_at_ms(marks, category, earliest_ms, waiting)
        if free_ms > earliest_ms:
            refusal = Unavailable(
                "rate-limited",
                f"this member has stated as many beliefs of category {category} as the fleet "
                f"allows: {limit.per_hour} an hour, and {limit.burst} at once; other categories "
                "and votes go on",
            ).after(free_ms - wall_ms)
            refusal.status = TOO_MANY_REQUESTS
            raise refusal

    def check_whole(self) -> None:
        """Refuse new work where the chain goes on elsewhere.

        Raises:
            StorageError: `identity-forked`.
        """
        if self.forked:
            raise StorageError(
                "identity-forked",
                f"the chain of {self.id.hex()[:12]} goes on elsewhere: this folder is an old copy. "
                "Stop this node and join the fleet anew from an empty folder.",
            )

    def check_room(self, urgency: int = NORMAL) -> None:
        """Refuse new work that could not be sealed soon, the least urgent first.

        Args:
            urgency: 0 low, 1 normal, 2 critical.

        Raises:
            Unavailable: `overloaded`.
            StorageError: `identity-forked`.
        """
        self.check_whole()
        most = limits.OPEN_OPERATIONS_MAX * _SHARES[urgency] // 4
        if len(self._open) + len(self._votes) >= most:
            raise Unavailable(
                "overloaded",
                f"{most} operations wait to be written; try again soon",
            ).after(_SOON_MS)

    def check_allowance(self, wall_ms: int, urgency: int = NORMAL) -> None:
        """Refuse new work while less than half of what the fleet lets us write is left: the rest
        is for votes, and for what is said already. What is less urgent is refused sooner.

        Args:
            urgency: 0 low, 1 normal, 2 critical.

        Raises:
            Unavailable: `overloaded`, saying when to ask again.
        """
        rate = self.units_per_s_max
        if not rate:
            return
        left = left_before(self.place, stamp_of(wall_ms), rate)
        kept = burst_of(rate) * 250 * (4 - _SHARES[urgency] + 1)
        lacking = kept + self._open_units * 1_000 - left
        if lacking > 0:
            raise Unavailable(
                "overloaded",
                f"this member has written all that the fleet allows, {rate} units a second; try "
                "again later, or write less",
            ).after(-(-lacking // rate))

    @property
    def open_admissions(self) -> int:
        """How many admissions wait to be sealed."""
        return sum(isinstance(said, Admit | Appoint) for said in self._open)

    def next_counter(self) -> int:
        """The counter for this author's next claim."""
        self._claims += 1
        return self._beliefs.claims_made(self.id) + self._claims

    def say(self, operation: Operation) -> None:
        """Add an operation to the open block."""
        kind = type(operation)
        if kind is Propose:
            self.proposes = True
        elif kind in _CHANGES_ROSTER:
            self._changes_roster = True
        self._open.append(operation)
        if self.units_per_s_max:
            self._open_units += 2 + len(encode(operation)) // BYTES_PER_UNIT

    def vote(self, vote: Vote) -> None:
        """Add a vote to the open block."""
        self._votes.append(vote)

    def say_again(self, operations: list[Operation]) -> None:
        """Put back, first of all, what was taken out for a block that was not to be."""
        self._open[:0] = operations

    def seal(
        self, stamp: Callable[[], Stamp], news: Collection[BlockId] = (), bare: bool = False
    ) -> tuple[Block, list[Operation]] | None:
        """The next block with as much as fits, or None when nothing waits.

        The caller folds it before it asks for another, so that the chain has moved on.

        Args:
            news: blocks that the new one is not to descend from.
            bare: whether to make one also where nothing was said, for what it builds on.
        """
        self.is_held_back = False
        if not (self.has_open or bare) or self.forked:
            return None
        self._gather_votes()
        if self.proposes and self._changes_roster:  # proposals first, where it takes two blocks
            self._open.sort(key=lambda said: type(said) in _CHANGES_ROSTER)
        head = self._lace.head(self.id)
        stamped = stamp()
        put_off: list[Operation] = []
        if self._category_limits is not None:  # there are some where our clock was set back
            marks = () if self.place is None else self.place.marks
            self._open, put_off = self._category_limits.parted(marks, self._open, stamped)
        leaves = self._fitting(stamped) if self._open or bare else None
        if leaves is None:
            self._open += put_off
            self.is_held_back = self.is_held_back or bool(put_off)
            return None
        if not leaves and self._open:
            del self._open[0]
            raise UsageError("oversized", "one operation does not fit in a block")
        operations = self._open[: len(leaves)]
        del self._open[: len(leaves)]
        if not self._open:
            self.proposing.clear()
            self.proposes = self._changes_roster = False
            self._open_units = 0
        self._open += put_off
        self.is_held_back = self.is_held_back or bool(put_off)
        self._claims = sum(isinstance(left, Assert | Relate) for left in self._open)
        return self._sealed(leaves, head, stamped, news), operations

    def seal_together(
        self, operations: Sequence[Operation], stamp: Callable[[], Stamp]
    ) -> tuple[Block, list[Operation]] | None:
        """A block of these operations alone; None when they do not fit in one now. What waits in
        the open block still waits."""
        if self.forked:
            return None
        head, stamped = self._lace.head(self.id), stamp()
        waiting, held_back = self._open, self.is_held_back
        self._open = list(operations)
        leaves = self._fitting(stamped)
        self._open, self.is_held_back = waiting, held_back
        if leaves is None or len(leaves) < len(operations):
            return None
        return self._sealed(leaves, head, stamped), list(operations)

    def _sealed(
        self,
        leaves: list[bytes],
        head: Place | None,
        stamped: Stamp,
        news: Collection[BlockId] = (),
    ) -> Block:
        previous, parents = head.id if head else NO_PREVIOUS, self._parents(head, news)
        header = Header(
            version=VERSION,
            fleet=self._fleet,
            author=self.id,
            sequence=head.sequence + 1 if head else 1,
            stamp=stamped,
            previous=previous,
            parents=parents,
            root=root_of(write_predecessors(previous, parents), leaves),
            operation_count=len(leaves),
        )
        return seal(self._signer, header, pack_leaves(leaves))

    def _fitting(self, stamped: Stamp) -> list[bytes] | None:
        """As much of what waits as fits in a block stamped so; None when the fleet's limits leave
        no room for it yet."""
        room, size_max = limits.BLOCK_OPERATIONS_MAX, _BODY_BYTES_MAX
        if self.units_per_s_max:
            units = left_before(self.place, stamped, self.units_per_s_max) // 1_000 - BLOCK_UNITS
            if units < 0:  # not even for an empty one
                self.is_held_back = bool(self._open)
                return None
            room = max(0, min(room, units // 2))
            size_max = min(size_max, units // 2 * BYTES_PER_UNIT)
        leaves: list[bytes] = []
        size, wanted = 0, self._wanted()
        for operation in self._open[: min(room, wanted)]:
            leaf = encode(operation)
            size += len(leaf)
            if size > size_max:
                break
            leaves.append(leaf)
        self.is_held_back = len(leaves) < wanted and (room, size_max) != _WHOLE_BLOCK
        if self.is_held_back and (not leaves or size_max < _CRUMB_BYTES):
            return None
        return leaves

    def _wanted(self) -> int:
        """How many of the operations that wait the next block is to have: few where there are
        votes, which a certificate shows with their Merkle paths; else all."""
        count = len(self._open)
        first = next((at for at, one in enumerate(self._open) if type(one) is Votes), count)
        return min(count, max(first, self._few))

    def _parents(self, head: Place | None, news: Collection[BlockId]) -> tuple[BlockId, ...]:
        """The parents of the next block; however many blocks of others wait to be named, what is
        known of the roster is in its past, our own admission first."""
        most = limits.BLOCK_PARENTS_MAX
        parents = self._lace.tips(self.id, most, news)
        if head is None and not parents:  # we begin from a checkpoint, and have no block above it
            parents = self._lace.beginning()
        if len(parents) < most:
            return parents
        shown = {} if head is None else {_view_key(head): head}
        every = self._lace.tips(self.id, None, news)
        for place in sorted(map(self._lace.place, every), key=self._is_strange):
            shown.setdefault(_view_key(place), place)
        witnesses = [place.id for place in shown.values() if place is not head]
        return tuple(sorted([*dict.fromkeys((*witnesses, *parents))][:most]))

    def _is_strange(self, place: Place) -> bool:
        return not (isinstance(place.view, Members) and self.id in place.view)

    def discard(self) -> None:
        """Let go of what waits: the author is no member (any more), so nobody would take it."""
        self._open.clear()
        self._votes.clear()
        self.proposing.clear()
        self.proposes = self._changes_roster = False
        self._claims = self._open_units = 0
        self.is_held_back = False

    def _gather_votes(self) -> None:
        votes = self._votes
        for first in range(0, len(votes), self._votes_each):
            self._open.append(Votes(tuple(votes[first : first + self._votes_each])))
        votes.clear()


def _few_of(members: int) -> tuple[int, int]:
    """Operations of a block with votes in a fleet of that many, and votes in each."""
    return next((few for most, few in _FEW if members <= most), _FEWEST)


def _view_key(place: Place) -> bytes:
    return place.view.key if isinstance(place.view, Members) else b""

"""What members say that they hold, and what we still lack of it."""

from collections.abc import Callable, Collection, Iterable, Sequence

from credimus.kernel import limits
from credimus.kernel.ids import BlockId, NodeId
from credimus.lace.block import Block
from credimus.lace.frontier import Head
from credimus.lace.lace import Lace
from credimus.protocol.recovery.interface import HeadsAsked, HeadsHeld, WaitingHead
from credimus.state.fleet import FleetState


def answer(
    lace: Lace,
    own: tuple[NodeId, ...],
    asked: HeadsAsked,
    waiting: Callable[[NodeId], tuple[int, BlockId] | None],
) -> HeadsHeld:
    """What this node says to one that recovers."""
    heads = [(one, waiting(one)) for one in asked.authors]
    return HeadsHeld(
        lace.frontier(),
        tuple(WaitingHead(one, *found) for one, found in heads if found is not None),
        own[1 : 1 + limits.RECOVERY_AUTHORS_MAX],
    )


def highest_of(
    author: NodeId,
    waiting: tuple[int, BlockId] | None,
    loose: Iterable[Block],
    witnessed: Iterable[tuple[NodeId, int, BlockId]],
) -> tuple[int, BlockId] | None:
    """The highest block of an author that somebody recovering is to know of.

    Args:
        waiting: that waits among the orphans.
        loose: what waits in a recovery of our own.
        witnessed: what did when one ended.
    """
    known = [(one.header.sequence, one.id) for one in loose if one.author == author]
    known += [(sequence, block) for who, sequence, block in witnessed if who == author]
    return max([*known, *([] if waiting is None else [waiting])], default=None)


def witnessed_of(
    loose: Sequence[Block],
    before: Iterable[tuple[NodeId, int, BlockId]],
    own: Collection[NodeId],
) -> tuple[tuple[NodeId, int, BlockId], ...]:
    """The last blocks of others among those that are let go, and those of before, sorted."""
    authors = sorted({one.author for one in loose} | {who for who, _, _ in before})
    last = ((one, highest_of(one, None, loose, before)) for one in authors if one not in own)
    kept = [(one, *found) for one, found in last if found is not None]
    return tuple(kept[: limits.FRONTIER_HEADS_MAX])


class Answers:
    """Who has answered since this node began to ask."""

    def __init__(
        self, lace: Lace, state: FleetState, own: Sequence[NodeId], *, counts_hosted: bool
    ) -> None:
        self._lace = lace
        self._state = state
        self._own = frozenset(own)
        self._counts_hosted = counts_hosted
        self._waiting: dict[NodeId, tuple[WaitingHead, ...]] = {}
        self._heads: dict[NodeId, tuple[Head | WaitingHead, ...]] = {}
        """By who answered: all that he holds, and what waits of our own chains."""

    def take(self, peer: NodeId, held: HeadsHeld) -> None:
        """A peer answered; only who ever was a member counts, so that answers are bounded."""
        if peer in self._state.roster.keys:
            ours = tuple(one for one in held.waiting if one.author in self._own)
            self._waiting[peer] = ours
            self._heads[peer] = (*held.frontier.heads, *ours)
            for one in held.hosted if self._counts_hosted else ():
                if one in self._state.roster.current:
                    self._heads.setdefault(one, ())

    def unanswered(self) -> list[NodeId]:
        """Members that have not answered, sorted."""
        members = self._state.roster.current.by_id
        return sorted(one for one in members if one not in self._own and one not in self._heads)

    def told(self) -> dict[NodeId, int]:
        """The highest sequence of each chain that somebody says he holds."""
        highest: dict[NodeId, int] = {}
        for heads in self._heads.values():
            for head in heads:
                highest[head.author] = max(head.sequence, highest.get(head.author, 0))
        return highest

    def behind_a_gap(self) -> bool:
        """Whether all have answered, and somebody holds a block of ours whose predecessors nobody
        has given."""
        waiting = [head.block for heads in self._waiting.values() for head in heads]
        return not self.unanswered() and any(one not in self._lace for one in waiting)

    def are_enough(self, is_patient: bool) -> bool:
        """Whether all members have answered, and what they hold of our own chains is held here.

        Args:
            is_patient: whether all else that they hold is to be held as well, admissions among it:
                ours, and those of members who have not been asked.
        """
        roster, lace = self._state.roster.current, self._lace
        is_member = any(one in roster for one in self._own)
        if not roster.by_id or self.unanswered() or (is_patient and not is_member):
            return False
        return all(
            head.block in lace
            or lace.is_below(head.author, head.sequence)
            or (not is_patient and head.author not in self._own)
            for heads in self._heads.values()
            for head in heads
        )

"""What members say that they hold, and what we still lack of it."""

from collections.abc import Callable, Sequence

from credimus.kernel.ids import BlockId, NodeId
from credimus.lace.frontier import Head
from credimus.lace.lace import Lace
from credimus.protocol.recovery.interface import HeadsAsked, HeadsHeld, WaitingHead
from credimus.state.fleet import FleetState


def answer(
    lace: Lace,
    asked: HeadsAsked,
    waiting: Callable[[NodeId], tuple[int, BlockId] | None],
) -> HeadsHeld:
    """What this node says to one that recovers."""
    heads = [(one, waiting(one)) for one in asked.authors]
    return HeadsHeld(
        lace.frontier(),
        tuple(WaitingHead(one, *found) for one, found in heads if found is not None),
    )


class Answers:
    """Who has answered since this node began to ask."""

    def __init__(self, lace: Lace, state: FleetState, own: Sequence[NodeId]) -> None:
        self._lace = lace
        self._state = state
        self._own = frozenset(own)
        self._heads: dict[NodeId, tuple[Head | WaitingHead, ...]] = {}
        """By who answered: all that he holds, and what waits of our own chains."""

    def take(self, peer: NodeId, held: HeadsHeld) -> None:
        """A peer answered; only members count, so that there are at most so many answers."""
        if peer in self._state.roster.current:
            ours = (one for one in held.waiting if one.author in self._own)
            self._heads[peer] = (*held.frontier.heads, *ours)

    def unanswered(self) -> list[NodeId]:
        """Members that have not answered, sorted."""
        members = self._state.roster.current.by_id
        return sorted(one for one in members if one not in self._own and one not in self._heads)

    def are_enough(self, is_patient: bool) -> bool:
        """Whether all members have answered, and what they hold of our own chains is held here.

        Args:
            is_patient: whether all else that they hold is to be held as well, the admission of
                further members among it.
        """
        roster, lace = self._state.roster.current, self._lace
        if not any(one in roster for one in self._own) or self.unanswered():
            return False
        return all(
            head.block in lace
            or lace.is_below(head.author, head.sequence)
            or (not is_patient and head.author not in self._own)
            for heads in self._heads.values()
            for head in heads
        )

"""Who holds this node's own blocks: a member's block shows which of ours it has seen."""

from credimus.kernel.ids import NodeId
from credimus.lace.lace import Lace, Place
from credimus.node.events import Acknowledged
from credimus.state.membership.roster import Roster


class Copies:
    """How far each member is known to hold the chain of one author, ours."""

    __slots__ = ("_lace", "_roster", "acknowledged", "own")

    def __init__(self, own: NodeId, lace: Lace, roster: Roster) -> None:
        self.own = own
        self._lace = lace
        self._roster = roster
        self.acknowledged: dict[NodeId, int] = {}
        """The last of our own blocks that a member holds, by sequence."""

    def holders(self, sequence: int) -> list[NodeId]:
        """The other members known to hold our block of that sequence, sorted."""
        return sorted(who for who, upto in self.acknowledged.items() if upto >= sequence)

    def note(self, place: Place) -> Acknowledged | None:
        """Set what a block, just folded, covers of ours; tells what that shows of its author."""
        author = place.author
        if author == self.own:
            place.covers = place.sequence
            return None
        covers = 0
        for one in place.predecessors():
            held = self._lace.get(one)  # None below a checkpoint
            covers = max(covers, held.covers if held is not None else 0)
        place.covers = covers
        if covers > self.acknowledged.get(author, 0) and author in self._roster.current:
            self.acknowledged[author] = covers
            return Acknowledged(author, covers)
        return None

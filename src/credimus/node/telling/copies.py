"""Who holds this node's own blocks: a member's block shows which of ours it has seen.

So do the heads that it shows, sooner, and where it writes nothing; but nobody signs those.
"""

from collections.abc import Iterable

from credimus.kernel.ids import NodeId
from credimus.lace.frontier import Head
from credimus.lace.lace import Lace, Place
from credimus.node.events import Acknowledged
from credimus.state.membership.roster import Roster


class Copies:
    """How far each member is known to hold the chain of one author, ours."""

    __slots__ = ("_lace", "_roster", "acknowledged", "own", "shown")

    def __init__(self, own: NodeId, lace: Lace, roster: Roster) -> None:
        self.own = own
        self._lace = lace
        self._roster = roster
        self.acknowledged: dict[NodeId, int] = {}
        """The last of our own blocks that a member holds, by sequence."""
        self.shown: dict[NodeId, int] = {}
        """The same as members say it: for people, who may have to do with a liar's word."""

    def holders(self, sequence: int) -> list[NodeId]:
        """The other members known to hold our block of that sequence, sorted."""
        return sorted(who for who, upto in self.acknowledged.items() if upto >= sequence)

    def known(self, member: NodeId) -> int:
        """The last of our own blocks that a member holds, as it has signed or said."""
        return max(self.acknowledged.get(member, 0), self.shown.get(member, 0))

    def show(self, member: NodeId, heads: Iterable[Head]) -> None:
        """A member has shown heads of what it holds."""
        upto = self.shown.get(member, 0)
        for head in heads:
            place = self._lace.get(head.block)
            if place is not None:
                upto = max(upto, place.sequence if place.author == self.own else place.covers)
        if upto and member in self._roster.current:
            self.shown[member] = upto

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

"""Gathers the operations that a certificate shows: each with the admission of its author, and with
that of whoever admitted him, back to the founder."""

from credimus.certificate.archive import Archive, Reading, Spot
from credimus.certificate.excerpt import PROOF_VERSION, Excerpt, Proof, excerpt_of
from credimus.kernel.errors import Conflict
from credimus.kernel.ids import BlockId, NodeId, node_id, short
from credimus.lace.lace import Place
from credimus.state.operations import Admit, Found, Leave, Operation
from credimus.state.roster import Members


class Showing:
    """The operations to show, by block.

    Invariant: the author of each is shown to be a member in its block's own past.
    """

    __slots__ = ("_archive", "_kept", "_places", "_reading")

    def __init__(self, archive: Archive, reading: Reading) -> None:
        self._archive = archive
        self._reading = reading
        self._kept: dict[BlockId, set[int]] = {}
        self._places: dict[BlockId, Place] = {}

    def has(self, place: Place) -> bool:
        """Whether something of a block is shown already."""
        return place.id in self._kept

    def show(self, spot: Spot) -> None:
        """Show an operation."""
        waiting = [spot]
        while waiting:
            place, index = waiting.pop()
            if place.id not in self._kept:
                self._kept[place.id] = set()
                self._places[place.id] = place
                if place.id != self._archive.state.roster.founding:
                    waiting.append(self._admission(place.author, self._reading.before(place)))
            self._kept[place.id].add(index)

    def show_member(self, node: NodeId, view: Members) -> None:
        """Show that a node is a member in a view."""
        self.show(self._admission(node, view))

    def show_who_left(self, proposal: Place) -> None:
        """Show the departure of everybody shown who was no member any more in a proposal's past:
        else it would look as if its electorate had left them out."""
        staying = self._reading.before(proposal)
        seen: set[NodeId] = set()
        while gone := [one for one in self._admitted() if one not in staying and one not in seen]:
            for node in gone:
                seen.add(node)
                left = self._reading.find_last(node, proposal.stamp, _leaves)
                if left is not None:
                    self.show(left)

    def proof(self) -> Proof:
        """What is shown, in order of stamps.

        Raises:
            Conflict: `not-certifiable`, when a block can not be read.
        """
        order = sorted(self._places.values(), key=lambda place: (place.stamp, place.id))
        listed: dict[BlockId, None] = {}
        before: set[BlockId] = set()
        for place in order:
            listed |= dict.fromkeys(one for one in place.predecessors() if one not in before)
            before.add(place.id)
        ids = [*listed]
        known: list[NodeId] = []
        excerpts: list[Excerpt] = []
        for place in order:
            author = known.index(place.author) if known else 0
            excerpts.append(self._excerpt(place, author, ids))
            known += [one for one in self._admits(place) if one not in known]
            ids.append(place.id)
        return Proof(PROOF_VERSION, b"".join(listed), tuple(excerpts))

    def _excerpt(self, place: Place, author: int, ids: list[BlockId]) -> Excerpt:
        opened = self._reading.opened(place)
        if opened is None:
            raise Conflict(
                "not-certifiable",
                f"block {short(place.id)} can not be read here any more; ask another node.",
            )
        return excerpt_of(opened.block, self._kept[place.id], author, ids)

    def _admission(self, node: NodeId, view: Members) -> Spot:
        """Where a member was admitted by another, not where it described itself anew; the founder
        by its first founding, whatever came of it since."""
        roster, lace = self._archive.state.roster, self._archive.lace
        if node == roster.founder and roster.founding is not None:
            return Spot(lace.place(roster.founding), 0)
        while node in view:
            block, index = view.admission(node)
            place = lace.get(block)
            if place is None:
                break
            if place.author != node:
                return Spot(place, index)
            if lace.is_below(place.author, place.sequence):
                break
            view = self._reading.before(place)
        raise Conflict(
            "compacted",
            f"the admission of {short(node)} was let go under a checkpoint; ask another node.",
        )

    def _admitted(self) -> list[NodeId]:
        """Everybody whose admission is shown."""
        order = sorted(self._places.values(), key=lambda place: (place.stamp, place.id))
        return list(dict.fromkeys(node for place in order for node in self._admits(place)))

    def _admits(self, place: Place) -> list[NodeId]:
        opened = self._reading.opened(place)
        shown = [opened.operations[one] for one in sorted(self._kept[place.id])] if opened else []
        return [node_id(said.public_key) for said in shown if isinstance(said, Found | Admit)]


def _leaves(said: Operation) -> bool:
    return isinstance(said, Leave)

"""Gathers the operations that a certificate shows: each with the admission of its author, or with
a word for him in a block that vouches for many, and with the admission of whoever said that, back
to the founder."""

from credimus.certificate.abbreviating import Known
from credimus.certificate.archive import Archive, Reading, Spot
from credimus.certificate.excerpt import PROOF_VERSION, Excerpt, Proof, excerpt_of
from credimus.certificate.vouching import Way
from credimus.kernel.errors import Conflict
from credimus.kernel.ids import BlockId, NodeId, node_id, short
from credimus.lace.lace import Place
from credimus.state.member_operations import Appoint, Rotate, Vouch
from credimus.state.membership.members import Members
from credimus.state.membership.vouches import Vouched
from credimus.state.operations import Admit, Found, Leave, Operation


class Showing:
    """The operations to show, by block.

    Invariant: the author of each is shown to be a member in its block's own past.
    """

    __slots__ = ("_archive", "_kept", "_mutual", "_places", "_words", "reading", "vouching")

    def __init__(self, archive: Archive, reading: Reading, way: Way) -> None:
        self._archive = archive
        self.reading = reading
        self.vouching = way.vouching
        self._mutual = {one.place.author for one in way.vouching} if way.mutual else set()
        self._words = [(one, self._said_in(one)) for one in way.vouching]
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
                    waiting += self._admissions(
                        place.author, self.reading.before(place), place.stamp
                    )
                else:  # the articles stand behind the founding
                    articles = self._archive.state.roster.current.law.articles
                    self._kept[place.id].update(range(1, 1 + len(articles)))
            self._kept[place.id].add(index)

    def show_member(self, node: NodeId, view: Members, stamp: int) -> None:
        """Show that a node is a member in a view, that of a block with this stamp."""
        for spot in self._admissions(node, view, stamp):
            self.show(spot)

    def show_who_left(self, proposal: Place, category: str) -> None:
        """Show what keeps those from voting who are shown and did not in a proposal's past: that
        they left, took a new key, were exposed, expelled or may not. Else it would look as if its
        electorate had left them out.

        Args:
            category: of the belief.
        """
        past = self.reading.before(proposal)
        staying = past.electors(category)
        seen: set[NodeId] = set()
        while gone := [one for one in self._admitted() if one not in staying and one not in seen]:
            for node in gone:
                seen.add(node)
                left = self.reading.find_last(node, proposal.stamp, _leaves)
                if left is not None and node not in past:
                    self.show(left)
                for _, block, leaf in past.why_gone(node):
                    self.show(Spot(self._held(block), leaf))

    def proof(self, told: tuple[bytes, bytes]) -> Proof:
        """What is shown, in order of stamps.

        Args:
            told: the ids of round and belief, as the text tells them.

        Raises:
            Conflict: `not-certifiable`, when a block can not be read.
        """
        order = sorted(self._places.values(), key=lambda place: (place.stamp, place.id))
        nodes: list[NodeId] = []
        known = Known(told)
        excerpts: list[Excerpt] = []
        before = 0
        for place in order:
            author = nodes.index(place.author) if nodes else 0
            excerpts.append(self._excerpt(place, author, before, known))
            before = place.stamp
            nodes += [one for one in self._admits(place) if one not in nodes]
        return Proof(PROOF_VERSION, tuple(excerpts))

    def _excerpt(self, place: Place, author: int, before: int, known: Known) -> Excerpt:
        opened = self.reading.opened(place)
        if opened is None:
            raise Conflict(
                "not-certifiable",
                f"block {short(place.id)} can not be read here any more; ask another node.",
            )
        return excerpt_of(opened.block, self._kept[place.id], author, before, known)

    def _admissions(self, node: NodeId, view: Members, stamp: int) -> list[Spot]:
        """Where a member was vouched for before a stamp, or was admitted by others, not where it
        described itself anew, and where it got the powers that it has; the founder by its first
        founding, whatever came of it since."""
        if vouched := self._vouched(node, view, stamp):
            return vouched
        person = view.law.person(node) if view.law.powers else None
        appointed = None if person is None else view.law.powers.get(person)
        if appointed is None:
            return self._admitted_in(node, view)
        spot = Spot(self._held(appointed.spot.block), appointed.spot.leaf)
        if person == node and not view.law.needs:
            return [spot]  # to who has seen nothing before, it is an admission
        return [*self._admitted_in(node, view), spot]

    def _vouched(self, node: NodeId, view: Members, stamp: int) -> list[Spot]:
        """Its places in the blocks that vouch for many; none where one of them does not, but of
        who wrote one."""
        spots = [
            words[node]
            for one, words in self._words
            if one.place.stamp < stamp and node in words and one.stands_for(node, view)
        ]
        return spots if len(spots) == len(self.vouching) or node in self._mutual else []

    def _said_in(self, one: Vouched) -> dict[NodeId, Spot]:
        opened = self.reading.opened(one.place)
        return {
            node_id(said.public_key): Spot(one.place, index)
            for index, said in enumerate(opened.operations if opened else ())
            if isinstance(said, Vouch)
        }

    def _admitted_in(self, node: NodeId, view: Members) -> list[Spot]:
        roster, lace = self._archive.state.roster, self._archive.lace
        if node == roster.founder and roster.founding is not None:
            return [Spot(self._held(roster.founding), 0)]
        while node in view:
            found = [(lace.get(block), index) for block, index in view.admissions(node)]
            admissions = [Spot(place, index) for place, index in found if place is not None]
            by_others = [spot for spot in admissions if spot.place.author != node]
            if by_others:
                return by_others if view.law.needs else by_others[:1]
            if not admissions:
                break
            place = admissions[0].place
            if lace.is_below(place.author, place.sequence):
                break
            view = self.reading.before(place)
        raise Conflict(
            "compacted",
            f"the admission of {short(node)} was let go under a checkpoint; ask another node.",
        )

    def _held(self, block: BlockId) -> Place:
        place = self._archive.lace.get(block)
        if place is None:
            raise Conflict(
                "compacted",
                f"block {short(block)}, which is to be shown, was let go under a checkpoint; ask "
                "another node.",
            )
        return place

    def _admitted(self) -> list[NodeId]:
        """Everybody whose admission is shown."""
        order = sorted(self._places.values(), key=lambda place: (place.stamp, place.id))
        return list(dict.fromkeys(node for place in order for node in self._admits(place)))

    def _admits(self, place: Place) -> list[NodeId]:
        opened = self.reading.opened(place)
        shown = [opened.operations[one] for one in sorted(self._kept[place.id])] if opened else []
        return [node_id(said.public_key) for said in shown if isinstance(said, _ADMITTING)]


_ADMITTING = Found | Admit | Appoint | Rotate | Vouch


def _leaves(said: Operation) -> bool:
    return isinstance(said, Leave | Rotate)

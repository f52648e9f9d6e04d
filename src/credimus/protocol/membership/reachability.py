"""Who hears whom in a fleet, and what follows: groups, one-way pairs, who is cut off, who is gone.

The matrix is made of the rows of members that can still be heard of; a row says whose messages come
straight to its member. What a member that is gone said last must not be among them.

Deliberately not here: what to do about a split, and where rows come from.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from credimus.kernel.fixed import MILLION
from credimus.kernel.ids import NodeId


class Reachability:
    """The matrix.

    Args:
        members: all of the roster, sorted.
        hears: by member whose row is known: the other members whose messages come straight to it.
        through: likewise those that answered its last probe only through others.
    """

    def __init__(
        self,
        members: Sequence[NodeId],
        hears: Mapping[NodeId, frozenset[NodeId]],
        through: Mapping[NodeId, frozenset[NodeId]],
    ) -> None:
        self.members = tuple(members)
        self._hears = hears
        self._through = through

    @cached_property
    def _heard_by(self) -> dict[NodeId, dict[NodeId, None]]:
        heard_by: dict[NodeId, dict[NodeId, None]] = {one: {} for one in self.members}
        for hearer, speakers in self._hears.items():
            for speaker in speakers:
                heard_by[speaker][hearer] = None
        return heard_by

    def hears(self, hearer: NodeId, speaker: NodeId) -> bool:
        """Whether messages come straight from one to the other."""
        return hearer == speaker or speaker in self._hears.get(hearer, ())

    def hears_through(self, hearer: NodeId, speaker: NodeId) -> bool:
        """Whether one answered the other's last probe through others only."""
        return speaker in self._through.get(hearer, ())

    def is_known(self, member: NodeId) -> bool:
        """Whether the member's row is in the matrix."""
        return member in self._hears

    def row(self, member: NodeId) -> frozenset[NodeId] | None:
        """Whom a member hears; None when its row is not in the matrix."""
        return self._hears.get(member)

    def heard_by(self, speaker: NodeId) -> tuple[NodeId, ...]:
        """Who hears a member, sorted; itself left out."""
        return tuple(sorted(one for one in self._heard_by.get(speaker, ()) if one != speaker))

    def unheard(self) -> tuple[NodeId, ...]:
        """Members that nobody hears: crashed, or on the far side of a split."""
        return tuple(one for one in self.members if not self.heard_by(one))

    def within_hearing(self, of: NodeId) -> tuple[NodeId, ...]:
        """Whose messages can come to a member, through others if need be; sorted, with itself."""
        return tuple(sorted(_closure(of, self._hears)))

    def cut_off(self, of: NodeId) -> tuple[NodeId, ...]:
        """Members that a member does not hear, but others do whom it can hear of.

        They have not crashed: only the way from them is broken. Of all others that a member does
        not hear it can not know more than that nobody within its hearing hears them.
        """
        around = self.within_hearing(of)
        return tuple(one for one in around if one != of and not self.hears(of, one))

    def gone(self, of: NodeId) -> tuple[NodeId, ...]:
        """Members that nobody hears of whom a member could know: crashed, or behind a split."""
        around = frozenset(self.within_hearing(of))
        return tuple(one for one in self.members if one not in around)

    def one_way(self) -> tuple[tuple[NodeId, NodeId], ...]:
        """Pairs (speaker, hearer): the second hears the first and is not heard by it, though the
        rows of both are known."""
        return tuple(
            (speaker, hearer)
            for hearer in sorted(self._hears)
            for speaker in sorted(self._hears[hearer])
            if speaker in self._hears and not self.hears(speaker, hearer)
        )

    def components(self) -> list[tuple[NodeId, ...]]:
        """Groups in which everybody's messages can come to everybody, through others if need be.

        Largest first, equal ones in order of their first member; each sorted. Every member is in
        one; who hears nobody, or is heard by nobody, is alone.
        """
        groups: list[tuple[NodeId, ...]] = []
        placed: set[NodeId] = set()
        for one in self.members:
            if one not in placed:
                around = _closure(one, self._hears) & _closure(one, self._heard_by)
                groups.append(tuple(sorted(around)))
                placed |= around
        return sorted(groups, key=lambda group: (-len(group), group))

    def component(self, of: NodeId) -> tuple[NodeId, ...]:
        """The group of a member."""
        return next((group for group in self.components() if of in group), (of,))

    def largest(self) -> tuple[NodeId, ...]:
        """The largest group; of equal ones the one with the least member. Empty without members."""
        return next(iter(self.components()), ())

    def is_lopsided(self) -> bool:
        """Whether some messages pass one way only: the trouble is not a clean split."""
        return bool(self.one_way())

    def relays(self, source: NodeId, destination: NodeId) -> tuple[NodeId, ...]:
        """Members that hear a source and are heard by a destination, sorted."""
        return tuple(
            one
            for one in self.members
            if one not in (source, destination)
            and self.hears(one, source)
            and self.hears(destination, one)
        )

    def ratio(self, of: NodeId) -> int:
        """How much of the roster is in a member's group, in millionths; 0 without members."""
        if not self.members:
            return 0
        return MILLION * len(self.component(of)) // len(self.members)


def _closure(start: NodeId, edges: Mapping[NodeId, Collection[NodeId]]) -> set[NodeId]:
    """All that can be come to from a member, itself included."""
    found, ahead = {start}, [start]
    while ahead:
        news = [one for one in edges.get(ahead.pop(), ()) if one not in found]
        found.update(news)
        ahead += news
    return found

"""Who hears whom in a fleet.

The matrix is made of the rows of members that can still be heard of; a row says whose messages come
straight to its member. What a member that is gone said last must not be among them.

Deliberately not here: what follows from it (partition/seeing.py: groups, one-way pairs, who is cut
off), and where rows come from.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

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

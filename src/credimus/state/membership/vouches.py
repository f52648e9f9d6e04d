"""Where members vouch for many at once: one block, which a certificate shows in place of the
admission of each.

No fold: nothing here decides who is a member, and nothing of it is in a fingerprint. So what is
said late, or twice, or of somebody who has left since, brings nobody in. What stands below a
checkpoint is not known any more.
"""

from typing import NamedTuple

from credimus.kernel import limits
from credimus.kernel.ids import BlockId, NodeId, node_id
from credimus.lace.lace import Lace, Place
from credimus.state.member_operations import Vouch
from credimus.state.membership.members import Members


class Vouched(NamedTuple):
    """A block that vouches for members."""

    place: Place
    names: dict[NodeId, str]
    """Whom it vouches for, and how it calls them."""

    def stands_for(self, node: NodeId, view: Members) -> bool:
        """Whether it says of a member what its admission does; of one that may not say everything
        the admission says more."""
        member = view.by_id.get(node)
        return (
            member is not None
            and self.names.get(node) == member.name
            and not (view.law.powers and view.law.person(node) in view.law.powers)
        )


class Vouches:
    """The blocks that vouch for members, the newest of each author."""

    __slots__ = ("_by_author",)

    def __init__(self) -> None:
        self._by_author: dict[NodeId, dict[BlockId, Vouched]] = {}

    def note(self, said: Vouch, place: Place) -> None:
        """Take one word of a block."""
        blocks = self._by_author.setdefault(place.author, {})
        if place.id not in blocks:
            blocks[place.id] = Vouched(place, {})
            if len(blocks) > limits.VOUCHES_KEPT:
                del blocks[min(blocks, key=lambda one: (blocks[one].place.stamp, one))]
        if place.id in blocks:
            blocks[place.id].names[node_id(said.public_key)] = said.name

    def usable(self, view: Members, lace: Lace) -> list[Vouched]:
        """Held blocks of members of a view that may admit, the newest first."""
        found = [
            one
            for author, blocks in self._by_author.items()
            if author in view and author not in view.exposed and view.may_admit(author)
            for one in blocks.values()
            if one.place.id in lace and not lace.is_below(author, one.place.sequence)
        ]
        return sorted(found, key=lambda one: (-one.place.stamp, one.place.id))

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
from credimus.state.member_operations import ALL_POWERS, Appoint, Vouch
from credimus.state.membership.members import Members
from credimus.state.operations import Admit


class Vouched(NamedTuple):
    """A block that vouches for members."""

    place: Place
    words: dict[NodeId, Vouch]
    """What it says, by whom it vouches for."""

    def stands_for(self, node: NodeId, view: Members) -> bool:
        """Whether it says of a member what a view does: that it is one, its name and powers."""
        return node in view and self.words.get(node) == word_for(node, view)


def may_vouch(node: NodeId, view: Members) -> bool:
    """Whether a word of a member may be read as an admission, whatever whom it is for may say."""
    unbound = view.leads(node) or view.powers(node) == ALL_POWERS
    return unbound and node not in view.exposed and view.may_admit(node)


def as_admission(said: Vouch) -> Admit | Appoint:
    """What who has seen no admission takes a word for."""
    if said.powers is None:
        return Admit(said.public_key, said.name, "")
    return Appoint(said.public_key, said.name, "", said.powers)


def word_for(node: NodeId, view: Members) -> Vouch:
    """What is to be said for a member of a view."""
    member, powers = view.by_id[node], view.powers(node)
    return Vouch(member.public_key, member.name, None if powers == ALL_POWERS else powers)


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
            blocks[place.id].words[node_id(said.public_key)] = said

    def usable(self, view: Members, lace: Lace) -> list[Vouched]:
        """Held blocks of members of a view that may vouch, the newest first."""
        found = [
            one
            for author, blocks in self._by_author.items()
            if author in view and may_vouch(author, view)
            for one in blocks.values()
            if one.place.id in lace and not lace.is_below(author, one.place.sequence)
        ]
        return sorted(found, key=lambda one: (-one.place.stamp, one.place.id))

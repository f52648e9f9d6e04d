"""Who is a member: an OR-Set of members, judged at every block's causal past.

A block's *view* is the roster that its predecessors' operations give. What a block may do is
decided by its view, so every node judges alike; what the fleet knows now is the merge of all views.
Admitting adds a dot; leaving removes the dots that the leaver's block had seen, so a concurrent
admission wins. Who is a member already is described anew by itself only.
"""

from collections.abc import Iterable, Sequence

import msgspec

from credimus.crdt import ORSet
from credimus.kernel.codec import decoder, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BlockId, FleetId, NodeId, fingerprint, fleet_id, node_id
from credimus.lace.block import Header
from credimus.lace.lace import Lace, Place
from credimus.state.events import MemberAdmitted, MemberLeft, StateEvent
from credimus.state.images import RosterImage, read_image
from credimus.state.operations import Admit, Found, Leave, Operation


class Member(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """A member as its newest observed admission describes it."""

    node: NodeId
    public_key: bytes
    name: str
    address: str
    admitted_stamp: int
    admitted_by: NodeId


class Members:
    """One view of the roster; immutable, interned by content."""

    __slots__ = ("_set", "by_id", "key")

    def __init__(self, members: ORSet[bytes, Member]) -> None:
        self._set = members
        self.by_id: dict[NodeId, Member] = {
            NodeId(node): max(members.records(node), key=_newest) for node in sorted(members.keys())
        }
        self.key = fingerprint(b"credimus members", members.to_bytes())

    def __contains__(self, node: object) -> bool:
        return node in self.by_id

    def __len__(self) -> int:
        return len(self.by_id)

    def admission(self, node: NodeId) -> tuple[BlockId, int]:
        """The block and the place in it where a member of this view was admitted: by another, if
        any such admission is known, else by its own word."""
        found = min(
            zip(self._set.dots(node), self._set.records(node), strict=True),
            key=lambda one: (one[1].admitted_by == node, one[1].admitted_stamp, one[0]),
        )[0]
        return BlockId(found.replica), found.counter - 1

    def merged(self, others: Iterable["Members"]) -> "Members":
        """This view joined with others."""
        joined = self.copy()
        for other in others:
            joined.merge(other._set)  # noqa: SLF001 - the same class
        return Members(joined)

    def to_bytes(self) -> bytes:
        """Canonical bytes of the OR-Set."""
        return self._set.to_bytes()

    @classmethod
    def read(cls, raw: bytes) -> "Members":
        """The view that `to_bytes` wrote.

        Raises:
            PeerFault: `malformed`.
        """
        return cls(ORSet.from_bytes(raw, record_type=Member))

    def copy(self) -> ORSet[bytes, Member]:
        """A set of its own, to change."""
        return self._set.copy()


class Roster:
    """The fold of roster operations."""

    def __init__(self, fleet: FleetId) -> None:
        self.fleet = fleet
        nobody: Members = Members(ORSet(b""))
        self.current = nobody
        self._nobody = nobody
        self._interned: dict[bytes, Members] = {nobody.key: nobody}
        self._joins: dict[tuple[bytes, ...], Members] = {}
        self.keys: dict[NodeId, bytes] = {}
        """The public key of everyone who ever was a member."""
        self.fleet_name = ""
        self.left_out_max = 0
        """The fleet's policy for electorates; one for ever, because the fleet's id names it."""
        self.units_per_s_max = 0
        """What each member may write, in units per second; 0 for no limit. One for ever."""
        self.founder: NodeId | None = None
        self._founding: tuple[int, BlockId] | None = None
        self.base = nobody
        """The members as of the last checkpoint's cut: the view of all blocks below it."""

    def before(self, header: Header | Place, lace: Lace) -> Members:
        """The members as of a block's causal past; its predecessors must be held."""
        views = []
        if header.previous:
            views.append(lace.place(header.previous).view)
        for parent in header.parents:
            view = lace.place(parent).view
            if view is not views[-1] if views else True:
                views.append(view)
        return self.joined(views)  # type: ignore[arg-type]

    def check(self, header: Header, operations: Sequence[Operation], past: Members) -> bytes:
        """The author's public key, when the author may write this block at all.

        Raises:
            PeerFault: `not-a-member`, `wrong-genesis`.
        """
        known = past.by_id.get(header.author)
        if known is not None:
            if Found in map(type, operations):
                raise PeerFault("wrong-genesis", "a fleet is founded once, in its first block")
            return known.public_key
        first = operations[0] if operations else None
        if isinstance(first, Found) and not header.previous and not header.parents:
            if (
                _fleet_of(first) != self.fleet
                or node_id(first.public_key) != header.author
                or any(isinstance(operation, Found) for operation in operations[1:])
            ):
                raise PeerFault("wrong-genesis", "this block founds another fleet than its own")
            return first.public_key
        raise PeerFault(
            "not-a-member",
            f"{header.author[:6].hex()} is no member in the past of its own block; it must be "
            "admitted first",
        )

    def apply(
        self, place: Place, operations: Sequence[Operation], past: Members
    ) -> list[StateEvent]:
        """Fold one block; sets the place's view. Other operations than the roster's are skipped."""
        changed: ORSet[bytes, Member] | None = None
        for index, operation in enumerate(operations):
            if isinstance(operation, Found | Admit):
                changed = past.copy() if changed is None else changed
                self._admit(operation, place, index, changed)
                if isinstance(operation, Found):
                    self._note_founding(operation, place)
            elif isinstance(operation, Leave):
                changed = past.copy() if changed is None else changed
                changed.remove(place.author)
        place.view = view = past if changed is None else self._intern(Members(changed))
        return self._advance(view)

    def _admit(
        self, said: Found | Admit, place: Place, index: int, view: ORSet[bytes, Member]
    ) -> None:
        """Make a member in a view that is being changed; of who is one, only its own word counts.

        The dot is named by the block, so that two branches of a fork admit under two dots.
        """
        node = node_id(said.public_key)
        if node in view and node != place.author:
            return
        self.keys[node] = said.public_key
        member = Member(
            node=node,
            public_key=said.public_key,
            name=said.name,
            address=said.address,
            admitted_stamp=place.stamp,
            admitted_by=place.author,
        )
        view.remove(node)
        view.insert(place.id, index + 1, node, member)

    def view(self, place: Place) -> Members:
        """The members as of a held block, its own operations included."""
        view = place.view
        assert isinstance(view, Members)  # noqa: S101 - set when the block was folded
        return view

    @property
    def founding(self) -> BlockId | None:
        """The block of the founder's first founding, or None before that is folded."""
        return None if self._founding is None else self._founding[1]

    @property
    def founding_stamp(self) -> int:
        """The stamp of that block; 0 before it is folded."""
        return 0 if self._founding is None else self._founding[0]

    def fingerprint(self) -> bytes:
        """Of what everybody agrees on about the roster."""
        return self.current.key

    def snapshot(self) -> bytes:
        """All of it but the views of single blocks, canonical."""
        founding = self._founding or (0, b"")
        return encode(
            RosterImage(
                self.current.to_bytes(), tuple(sorted(self.keys.items())), self.fleet_name,
                self.left_out_max, self.units_per_s_max, self.founder or b"", founding,
            )
        )  # fmt: skip

    def restore(self, raw: bytes) -> None:
        """Become what was written; for a fold that is new.

        Raises:
            PeerFault: `malformed`.
        """
        image = read_image(raw, _image, "snapshot of the roster")
        assert isinstance(image, RosterImage)  # noqa: S101 - what its decoder reads
        self.current = self.base = self._intern(Members.read(image.current))
        self.keys = {NodeId(node): key for node, key in image.keys}
        self.fleet_name, self.left_out_max = image.fleet_name, image.left_out_max
        self.units_per_s_max = image.units_per_s_max
        if image.founder:
            self.founder = NodeId(image.founder)
            self._founding = image.founding[0], BlockId(image.founding[1])

    def _note_founding(self, said: Found, place: Place) -> None:
        """A founder that equivocates founds twice: the first by stamp and id gives the name."""
        founding = place.stamp, place.id
        if self._founding is None or founding < self._founding:
            self._founding = founding
            self.fleet_name, self.founder = said.fleet_name, place.author
            self.left_out_max = said.left_out_max
            self.units_per_s_max = said.units_per_s_max

    def _advance(self, view: Members) -> list[StateEvent]:
        before = self.current
        if view is before:
            return []
        self.current = now = self._join([before, view])
        events: list[StateEvent] = [
            MemberAdmitted(node) for node in now.by_id if node not in before.by_id
        ]
        events += [MemberLeft(node) for node in before.by_id if node not in now.by_id]
        return events

    def joined(self, views: Sequence[Members]) -> Members:
        """The members as of blocks with these views; nobody before the first."""
        return self._join(views) if views else self._nobody

    def _join(self, views: Sequence[Members]) -> Members:
        first = views[0]
        if all(view is first for view in views):
            return first
        key = tuple(sorted({view.key for view in views}))
        joined = self._joins.get(key)
        if joined is None:
            if len(self._joins) >= _JOINS_KEPT:
                self._joins.clear()
            joined = self._joins[key] = self._intern(first.merged(views[1:]))
        return joined

    def _intern(self, view: Members) -> Members:
        return self._interned.setdefault(view.key, view)


_JOINS_KEPT = 1_024
_image = decoder(RosterImage)


def _fleet_of(said: Found) -> FleetId:
    return fleet_id(said.public_key, said.nonce, said.left_out_max, said.units_per_s_max)


def _newest(member: Member) -> tuple[int, bytes]:
    return member.admitted_stamp, member.admitted_by

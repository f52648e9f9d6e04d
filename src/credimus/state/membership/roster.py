"""Who is a member: an OR-Set of members, judged at every block's causal past.

A block's *view* is the roster that its predecessors' operations give. What a block may do is
decided by its view, so every node judges alike; what the fleet knows now is the merge of all views.
Admitting adds a dot; leaving removes the dots that the leaver's block had seen, so a concurrent
admission wins. Who is a member already is described anew by itself only.

Deliberately not here: what a view's facts come to (members.py), who may say what (permissions.py).
"""

from collections.abc import Sequence

from credimus.crdt import ORSet
from credimus.kernel.codec import decoder, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BlockId, FleetId, NodeId, fleet_id, node_id
from credimus.lace.block import Header
from credimus.lace.lace import Lace, Place
from credimus.state.category_limits import CategoryLimits
from credimus.state.events import (
    EquivocationProven,
    KeyRotated,
    MemberAdmitted,
    MemberExpelled,
    MemberLeft,
    StateEvent,
)
from credimus.state.keeping.images import RosterImage, read_image
from credimus.state.member_operations import Appoint, Charter, Expel, Expose, Limit, Rotate, Vouch
from credimus.state.membership.draft import Draft
from credimus.state.membership.members import Members
from credimus.state.membership.permissions import check_permitted
from credimus.state.membership.vouches import Vouches
from credimus.state.operations import Admit, Found, Leave, Operation

OF_ROSTER: frozenset[type] = frozenset(
    {Found, Charter, Limit, Admit, Appoint, Leave, Rotate, Expose, Expel, Vouch}
)
"""The operations that this fold folds."""


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
        self.category_limits: CategoryLimits | None = None
        """What each member may state of some categories; None for no limit. One for ever."""
        self.founder: NodeId | None = None
        self._founding: tuple[int, BlockId] | None = None
        self.takes_words = False
        """Whether who is vouched for is a member: to the reader of a certificate, who has seen no
        admission; never to a node."""
        self.vouches = Vouches()
        """Where members vouch for many; it decides nothing, and is in no fingerprint."""
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
            PeerFault: `not-a-member`, `wrong-genesis`, `not-permitted`, `bad-evidence`,
                `bad-rotation`.
        """
        known = past.by_id.get(header.author)
        if known is not None:
            check_permitted(header.author, operations, past, self.fleet)
            return known.public_key
        first = operations[0] if operations else None
        if isinstance(first, Found) and not header.previous and not header.parents:
            self._check_founding(header, first, operations)
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
        draft: Draft | None = None
        for index, operation in enumerate(operations):
            if isinstance(operation, Vouch) and not self.takes_words:
                self.vouches.note(operation, place)
            elif type(operation) in OF_ROSTER:
                draft = draft or Draft(past, place)
                draft.say(operation, index)
                if isinstance(operation, Found):
                    self._note_founding(operation, place)
                elif isinstance(operation, Limit) and not place.predecessors():
                    self.category_limits = CategoryLimits(operation)
        if draft is None:
            place.view = past
        else:
            self.keys.update(draft.keys)
            place.view = self._intern(draft.view())
        return self._advance(place.view)

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
                self.current.image(), tuple(sorted(self.keys.items())), self.fleet_name,
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
        limit = self.current.law.limit
        self.category_limits = None if limit is None else CategoryLimits(limit)
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
        return told_between(before, now)

    def _check_founding(
        self, header: Header, first: Found, operations: Sequence[Operation]
    ) -> None:
        """Refuse a founder's first block that does not found this very fleet."""
        rest = operations[1:]
        articles: tuple[bytes, ...] = ()
        for kind in (Charter, Limit):
            if rest and isinstance(rest[0], kind):
                rest, articles = rest[1:], (*articles, encode(rest[0]))
        if (
            _fleet_of(first, articles) != self.fleet
            or node_id(first.public_key) != header.author
            or not OF_FOUNDING.isdisjoint(map(type, rest))
        ):
            raise PeerFault("wrong-genesis", "this block founds another fleet than its own")

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


def told_between(before: Members, now: Members) -> list[StateEvent]:
    """What changed from one view of the members to a later one."""
    events: list[StateEvent] = [
        MemberAdmitted(node) for node in now.by_id if node not in before.by_id
    ]
    rotated = {
        found.old: new for new, found in now.law.successions.items()
        if new not in before.law.successions
    }  # fmt: skip
    events += [KeyRotated(old, new) for old, new in sorted(rotated.items())]
    for node in before.by_id:
        if node in now.by_id or node in rotated:
            continue
        expelled = now.is_expelled(node)
        events.append(MemberExpelled(node) if expelled else MemberLeft(node))
    for node in sorted(now.law.exposed.keys() - before.law.exposed.keys()):
        events.append(EquivocationProven(node))
    return events


OF_FOUNDING: frozenset[type] = frozenset({Found, Charter, Limit})
_JOINS_KEPT = 1_024
_image = decoder(RosterImage)


def limits_of(operations: Sequence[Operation]) -> CategoryLimits | None:
    """The limits by category that a founding sets."""
    return next((CategoryLimits(one) for one in operations if isinstance(one, Limit)), None)


def _fleet_of(said: Found, articles: tuple[bytes, ...]) -> FleetId:
    policy = said.left_out_max, said.units_per_s_max
    return fleet_id(said.public_key, said.nonce, *policy, articles)

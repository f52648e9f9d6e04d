"""One view of the roster: who is a member there, who may say what, who is exposed or expelled.

A view is an OR-Set of admissions and a set of facts (law.py). All else follows from them, so that
the join of two views says what both together mean, in whatever order they came together:

    endorsed    a newcomer has as many admissions as the fleet was founded to ask for
    expelled    a proven equivocator by one word, others by more than two thirds of the persons
                there, those not counted who were admitted behind the expulsion
    one each    of several keys of one person the newest; of several that came after one, the first
"""

from collections.abc import Iterable, Mapping
from functools import cached_property

import msgspec

from credimus.crdt import ORSet
from credimus.kernel.codec import decode, decoder, encode
from credimus.kernel.errors import PeerFault
from credimus.kernel.ids import BlockId, NodeId, fingerprint
from credimus.state.member_operations import ALL_POWERS, AdmissionRule, Powers
from credimus.state.membership.law import EMPTY, Dot, Law, Spot


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

    def __init__(self, members: ORSet[bytes, Member], law: Law = EMPTY) -> None:
        self._set = members
        self.law = law
        self.by_id: dict[NodeId, Member] = {
            NodeId(node): max(members.records(node), key=_newest) for node in sorted(members.keys())
        }
        self.expulsions: dict[NodeId, int] = {}
        """How often each person was expelled that ever was."""
        self.pending: dict[NodeId, Member] = {}
        """Newcomers whom too few have admitted yet."""
        self.expelled: dict[NodeId, Member] = {}
        """Who was expelled and did not come back, as last described."""
        self.exposed: frozenset[NodeId] = frozenset()
        """The ids of proven equivocators, and those that came after or before them."""
        if law.exposed:
            culprits = {law.person(one) for one in law.exposed}
            self.exposed = frozenset(law.ids(culprits))
        if law.needs or law.ballots or law.successions:
            self._judge()
        facts = law.to_bytes()
        parts = (members.to_bytes(), facts) if facts else (members.to_bytes(),)
        self.key = fingerprint(b"credimus members", *parts)

    def __contains__(self, node: object) -> bool:
        return node in self.by_id

    def __len__(self) -> int:
        return len(self.by_id)

    def seat(self, node: NodeId) -> NodeId | None:
        """The id under which this id's person is a member; None where it is none."""
        if node in self.by_id:
            return node
        law = self.law
        if not law.successions:
            return None
        person = law.person(node)
        return next((one for one in self.by_id if law.person(one) == person), None)

    # --- who may say what

    def powers(self, node: NodeId) -> Powers:
        """What a member may say."""
        if not self.law.powers:
            return ALL_POWERS
        found = self.law.powers.get(self.law.person(node))
        return ALL_POWERS if found is None else found.powers

    @cached_property
    def by_category(self) -> bool:
        """Whether some member may vote or propose in some categories only."""
        return bool(self.law.powers) and any(self.powers(node).categories for node in self.by_id)

    @cached_property
    def _electors(self) -> dict[str, dict[NodeId, Member]]:
        return {}

    def electors(self, category: str = "") -> Mapping[NodeId, Member]:
        """Who votes on beliefs of a category: the members that may, and are not exposed.

        Args:
            category: matters only where some are held to categories.
        """
        if not self.exposed and not self.law.powers:
            return self.by_id
        found = self._electors.get(category)
        if found is None:
            if len(self._electors) >= _CATEGORIES_KEPT:
                self._electors.clear()
            found = self._electors[category] = {
                node: member
                for node, member in self.by_id.items()
                if node not in self.exposed and may_vote(self.powers(node), category)
            }
        return found

    def may_admit(self, node: NodeId) -> bool:
        """Whether a member's admissions of others are taken at all."""
        charter = self.law.charter
        if charter is not None and charter.rule is AdmissionRule.FOUNDER:
            return self.leads(node)
        return self.powers(node).admit

    def leads(self, node: NodeId) -> bool:
        """Whether a member is the founder of a fleet that its founder leads."""
        law = self.law
        return (
            law.charter is not None
            and law.charter.rule is AdmissionRule.FOUNDER
            and law.founder is not None
            and law.person(node) == law.founder
        )

    @cached_property
    def sidelined(self) -> frozenset[NodeId]:
        """Ids whose blocks are taken only where others build on them: of exposed persons, and of
        expelled ones who did not come back."""
        return self.exposed | self.shut_out

    @cached_property
    def shut_out(self) -> frozenset[NodeId]:
        """All ids of expelled persons who did not come back."""
        if not self.expulsions:
            return frozenset()
        back = {self.law.person(node) for node in self.by_id}
        return frozenset(self.law.ids({one for one in self.expulsions if one not in back}))

    def is_expelled(self, node: NodeId) -> bool:
        """Whether somebody was expelled and did not come back."""
        return bool(self.expulsions) and node not in self and (
            self.law.person(node) in self.expulsions
        )  # fmt: skip

    # --- where it was said

    def admissions(self, node: NodeId) -> list[tuple[BlockId, int]]:
        """The blocks and places of every live admission of a node, those by others first."""
        found = sorted(
            zip(self._set.dots(node), self._set.records(node), strict=True),
            key=lambda one: (one[1].admitted_by == node, one[1].admitted_stamp, one[0]),
        )
        return [(BlockId(dot.replica), dot.counter - 1) for dot, _ in found]

    def why_gone(self, node: NodeId) -> list[Spot]:
        """Where it was said what keeps a node from voting, besides its own word to leave: no more
        than is enough, so that what it said before it heard of the rest is still a member's."""
        law = self.law
        person = law.person(node)
        exposed = [spot for one, spot in law.exposed.items() if law.person(one) == person]
        if exposed:
            return [min(exposed)]
        spots = [ballot.spot for (who, _, _), ballot in law.ballots.items() if who == person]
        if person in law.powers:
            spots.append(law.powers[person].spot)
        return sorted(spots)

    # --- joining

    def merged(self, others: Iterable["Members"]) -> "Members":
        """This view joined with others."""
        joined, law = self.copy(), self.law
        for other in others:
            joined.merge(other._set)  # noqa: SLF001 - the same class
            law = law if other.law is law else law.joined(other.law)
        return Members(joined, law)

    def to_bytes(self) -> bytes:
        """Canonical bytes of the OR-Set."""
        return self._set.to_bytes()

    def image(self) -> bytes:
        """Canonical bytes of all of it; `read` makes the view of them again."""
        return encode((self.to_bytes(), self.law.to_bytes(), self.law.founder or b""))

    @classmethod
    def read(cls, raw: bytes) -> "Members":
        """The view that `image` wrote.

        Raises:
            PeerFault: `malformed`.
        """
        members, facts, founder = decode(raw, _image, "view of the roster")
        law = Law.read(facts, NodeId(founder) if founder else None) if facts else EMPTY
        view = cls(ORSet.from_bytes(members, record_type=Member), law)
        if view.image() != raw:
            raise PeerFault("malformed", "a view of the roster is not in its canonical form")
        return view

    def copy(self) -> ORSet[bytes, Member]:
        """A set of its own, to change."""
        return self._set.copy()

    # --- private

    def _judge(self) -> None:
        """Leave out whoever is not endorsed yet, was expelled, has a newer key (also where an
        admission that its rotation did not see still stands), or came second after one key."""
        law = self.law
        live: dict[NodeId, list[Dot]] = {}
        for node in self.by_id:
            dots = [(one.replica, one.counter) for one in self._set.dots(node)]
            if not law.needs or self._endorsed(node, dots):
                live[node] = dots
        persons = {node: law.person(node) for node in live}
        if law.ballots:
            admissions = [(persons[node], dot) for node, dots in live.items() for dot in dots]
            self.expulsions = _expulsions(law, admissions)
        staying: dict[NodeId, NodeId] = {}
        replaced = {old for node in live for old in law.former(node)}
        for node in sorted(live, key=lambda one: (one in replaced, *self._first(one))):
            person = persons[node]
            count = self.expulsions.get(person, 0)
            if person not in staying and (
                not count or any(knew(law, dot, person) >= count for dot in live[node])
            ):
                staying[person] = node
        kept = set(staying.values())
        self.pending = {one: member for one, member in self.by_id.items() if one not in live}
        self.expelled = {
            one: member
            for one, member in self.by_id.items()
            if one in live and persons[one] in self.expulsions and persons[one] not in staying
        }
        self.by_id = {node: member for node, member in self.by_id.items() if node in kept}

    def _endorsed(self, node: NodeId, dots: list[Dot]) -> bool:
        """Whether some number of members, each asking for no more than that, admitted a node; its
        own word counts for all: it could say it as a member only."""
        asked: dict[NodeId, int] = {}
        for dot, record in zip(dots, self._set.records(node), strict=True):
            by, need = record.admitted_by, self.law.needs.get(dot, 1)
            if need == 1:
                return True
            by = self.law.person(by)
            asked[by] = min(need, asked.get(by, need))
        needs = sorted(asked.values())
        return any(count >= need for count, need in enumerate(needs, 1))

    def _first(self, node: NodeId) -> tuple[int, bytes]:
        """The order in which keys came after others."""
        found = self.law.successions.get(node)
        return (0, node) if found is None else (found.spot.stamp, found.spot.block)


def may_vote(powers: Powers, category: str) -> bool:
    """Whether powers allow a vote on beliefs of a category."""
    return powers.vote and (not powers.categories or category in powers.categories)


def may_propose(powers: Powers, category: str) -> bool:
    """Whether powers allow to open rounds on beliefs of a category."""
    return powers.propose and (not powers.categories or category in powers.categories)


def _expulsions(law: Law, admissions: list[tuple[NodeId, Dot]]) -> dict[NodeId, int]:
    """How often each person was expelled: the least that the ballots come to.

    Whoever is expelled is not counted any more, so one expulsion may complete another; the end is
    the same in any order, because every step only makes further ones easier.
    """
    sayers: dict[tuple[NodeId, int], dict[NodeId, bool]] = {}
    for (who, term, by), ballot in law.ballots.items():
        sayers.setdefault((who, term), {})[by] = ballot.without_evidence
    found: dict[NodeId, int] = {}
    changed = True
    while changed:
        changed = False
        for who in sorted({one for one, _ in sayers}):
            term = found.get(who, 0) + 1
            said = sayers.get((who, term))
            if said is None:
                continue
            if all(said.values()):
                there = {
                    person
                    for person, dot in admissions
                    if knew(law, dot, person) >= found.get(person, 0) and knew(law, dot, who) < term
                }
                if 3 * len(said) <= 2 * len(there | said.keys() | {who}):
                    continue
            found[who] = term
            changed = True
    return found


def knew(law: Law, dot: Dot, person: NodeId) -> int:
    """How many expulsions of a person an admission had in its past."""
    return dict(law.knew.get(dot, ())).get(person, 0)


def _newest(member: Member) -> tuple[int, bytes]:
    return member.admitted_stamp, member.admitted_by


_CATEGORIES_KEPT = 64
_image: msgspec.msgpack.Decoder[tuple[bytes, bytes, bytes]] = decoder(tuple[bytes, bytes, bytes])

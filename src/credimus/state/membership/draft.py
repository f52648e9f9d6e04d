"""A view that a block's operations are changing."""

from credimus.crdt import ORSet
from credimus.kernel.hlc import wall_ms_of
from credimus.kernel.ids import NodeId, node_id
from credimus.lace.lace import Place
from credimus.state.member_operations import (
    ALL_POWERS,
    AdmissionRule,
    Appoint,
    Charter,
    Expel,
    Expose,
    Limit,
    Powers,
    Rotate,
    Vouch,
)
from credimus.state.membership.law import Appointed, Ballot, Law, Spot, Succession
from credimus.state.membership.members import Member, Members, knew
from credimus.state.membership.vouches import as_admission
from credimus.state.operations import Admit, Found, Leave, Operation

DAY_MS = 86_400_000


class Draft:
    """The admissions and facts of a block's view, in the making.

    Args:
        past: the view of the block's causal past.
        place: of the block.
    """

    __slots__ = ("_law", "_past", "_place", "_set", "_there", "keys")

    def __init__(self, past: Members, place: Place) -> None:
        self._past = past
        self._place = place
        self._set: ORSet[bytes, Member] = past.copy()
        self._law: Law | None = None
        self._there = set(past.by_id)
        self.keys: dict[NodeId, bytes] = {}
        """The public keys of those whom the block admits."""

    def view(self) -> Members:
        """The view that came out."""
        return Members(self._set, self._past.law if self._law is None else self._law)

    def say(self, said: Operation, index: int) -> None:
        """Fold one operation; what does not concern the roster is skipped.

        Args:
            index: its place in the block.
        """
        match said:
            case Found():
                self._insert(said, index, said.public_key)
            case Charter() | Limit():
                self._found_with(said)
            case Admit():
                self._admit(said, index, ALL_POWERS)
            case Vouch():
                self._take_word(said, index)
            case Appoint():
                self._appoint(said, index)
            case Leave():
                self._leave(index)
            case Rotate():
                self._rotate(said, index)
            case Expose():
                self._expose(said, index)
            case Expel():
                self._expel(said, index)
            case _:
                pass

    @property
    def law(self) -> Law:
        """The facts, to change."""
        if self._law is None:
            self._law = self._past.law.copy()
        return self._law

    def _found_with(self, said: Charter | Limit) -> None:
        """Take what stands behind a founding; elsewhere it says nothing, also in a block that is
        taken only because a checkpoint cut off its past."""
        if self._place.predecessors():
            return
        if isinstance(said, Charter):
            self.law.charter, self.law.founder = said, self._place.author
        else:
            self.law.limit = said

    def _leave(self, index: int) -> None:
        """Take the author out, and the ids that it had before: an admission that a rotation had not
        seen may still stand for one of them."""
        author = self._place.author
        for node in (author, *self._past.law.former(author)):
            self._set.remove(node)
        self._there.discard(author)
        if author not in self._past.law.gone:
            self.law.gone.setdefault(author, self._spot(index))

    def _admit(
        self, said: Admit | Appoint, index: int, powers: Powers, counts: bool = True
    ) -> None:
        """Make a member; of who is one, only its own word counts.

        The dot is named by the block, so that two branches of a fork admit under two dots.

        Args:
            counts: whether it is one of those that the author may admit in a day.
        """
        author, node = self._place.author, node_id(said.public_key)
        if node == author:
            self._insert(said, index, said.public_key)
            return
        if node in self._there or node in self._past.exposed:
            return
        if counts and not self._within_limit():
            return
        facts = self._past.law
        person = facts.person(node)
        known = facts.powers.get(person)
        if powers != ALL_POWERS or known is not None:
            self.law.powers[person] = Appointed(self._spot(index), powers)
        needed = self._needed()
        if needed > 1:
            self._let_expelled_go(node, person)
            self.law.needs[self._place.id, index + 1] = needed
            self._endorse(said, index)
            return
        self._there.add(node)
        self._insert(said, index, said.public_key)

    def _take_word(self, said: Vouch, index: int) -> None:
        """Make a member of who is vouched for; no day limits of how many."""
        if node_id(said.public_key) not in self._there:
            self._admit(as_admission(said), index, said.powers or ALL_POWERS, counts=False)

    def _appoint(self, said: Appoint, index: int) -> None:
        node = node_id(said.public_key)
        if node not in self._there:
            self._admit(said, index, said.powers)
        elif self._past.leads(self._place.author):
            person = self._past.law.person(node)
            self.law.powers[person] = Appointed(self._spot(index), said.powers)

    def _rotate(self, said: Rotate, index: int) -> None:
        """The new key takes the place of the author's, under the author's name and address, and is
        no younger than that."""
        author, new = self._place.author, node_id(said.public_key)
        known = self._past.by_id.get(author)
        if (
            author not in self._there
            or known is None
            or new in self._past.law.successions
            or self._set.records(new)
        ):
            return
        self._set.remove(author)
        self._there.discard(author)
        self._there.add(new)
        self.law.successions[new] = Succession(self._spot(index), author)
        self._insert(known, index, said.public_key)

    def _expose(self, said: Expose, index: int) -> None:
        """Evidence against whoever was a member by then; the first is kept."""
        culprit = node_id(said.public_key)
        if culprit not in self._past.law.exposed and self._is_known(culprit):
            self.law.exposed.setdefault(culprit, self._spot(index))

    def _expel(self, said: Expel, index: int) -> None:
        """One word; whether it is enough is judged where views are read."""
        facts = self._past.law
        who, by = facts.person(NodeId(said.member)), facts.person(self._place.author)
        if who == by or not self._is_known(NodeId(said.member)):
            return
        term = self._past.expulsions.get(who, 0) + 1
        ballot = Ballot(not said.by_evidence, self._spot(index))
        known = self.law.ballots.get((who, term, by))
        self.law.ballots[who, term, by] = ballot if known is None else min(known, ballot)

    def _let_expelled_go(self, node: NodeId, person: NodeId) -> None:
        """Take away the admissions that an expulsion ended: they endorse nobody any more."""
        count = self._past.expulsions.get(person, 0)
        for dot in self._set.dots(node) if count else ():
            if knew(self._past.law, (dot.replica, dot.counter), person) < count:
                self._set.discard(dot.replica, dot.counter)

    def _is_known(self, node: NodeId) -> bool:
        """Whether a node is a member, or was one before it left, took a new key or was expelled."""
        return (
            node in self._there
            or node in self._past.law.gone
            or bool(self._set.records(node))
            or any(one.old == node for one in self._past.law.successions.values())
        )

    def _insert(self, said: Found | Admit | Appoint | Member, index: int, key: bytes) -> None:
        """Describe a member by one dot in place of all that were seen."""
        self._set.remove(node_id(key))
        self._endorse(said, index, key)

    def _endorse(
        self, said: Found | Admit | Appoint | Member, index: int, key: bytes | None = None
    ) -> None:
        """Add a dot beside those of other members."""
        public_key = said.public_key if key is None else key
        node, place = node_id(public_key), self._place
        self.keys[node] = public_key
        if self._past.expulsions:
            self.law.knew[place.id, index + 1] = tuple(sorted(self._past.expulsions.items()))
        member = Member(
            node=node,
            public_key=public_key,
            name=said.name,
            address=said.address,
            admitted_stamp=said.admitted_stamp if isinstance(said, Member) else place.stamp,
            admitted_by=place.author,
        )
        self._set.insert(place.id, index + 1, node, member)

    def _needed(self) -> int:
        """How many members must admit, as of this past."""
        charter = self._past.law.charter
        if charter is None or charter.rule is not AdmissionRule.QUORUM:
            return 1
        return max(1, min(charter.quorum, len(self._past)))

    def _within_limit(self) -> bool:
        """Whether the author may admit one more on the day of its stamp; counts it."""
        charter = self._past.law.charter
        if charter is None or not charter.per_day:
            return True
        person = self._past.law.person(self._place.author)
        today = wall_ms_of(self._place.stamp) // DAY_MS
        day, count = self.law.admitted.get(person, (0, 0))
        count = count if day == today else 0
        if count >= charter.per_day:
            return False
        self.law.admitted[person] = today, count + 1
        return True

    def _spot(self, index: int) -> Spot:
        return Spot(self._place.stamp, self._place.id, index)
